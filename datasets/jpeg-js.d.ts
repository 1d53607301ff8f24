declare module 'jpeg-js/lib/decoder.js' {
  /** Absent where the file is loaded as a plain script: there it puts itself on the global object. */
  const decode: unknown;
  export default decode;
}

declare module 'jpeg-js/lib/encoder.js' {
  const encode: unknown;
  export default encode;
}

declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  /** Tag for WGSL templates: `#if ${x}`, `#elif ${x}`, `#else`, `#endif` are resolved, everything else is substituted. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}

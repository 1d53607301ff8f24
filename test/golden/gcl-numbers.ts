/** The numbers of GCL's specification: a hash of the index i and the stream t, in [0, 1). */
function uniform(i: number, t: number): number {
  let h = (i + Math.imul(t, 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** The first n numbers of stream t. */
export const uniforms = (n: number, t: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => uniform(i, t));

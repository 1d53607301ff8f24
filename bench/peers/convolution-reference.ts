/** Numbers by position. */
export type Numbers = Float32Array | Float64Array;

/** Of each output of a case, the value at a position in it (row-major). */
export type Reference = Readonly<Record<string, (index: number) => number>>;

/** A convolution and its gradients, one element of the result at a time. */
export interface Convolution {
  /** y [n, o, h, w] at `index`. */
  readonly forward: (x: Numbers, weight: Numbers, index: number) => number;
  /** dx [n, c, h, w] at `index`. */
  readonly input: (dy: Numbers, weight: Numbers, index: number) => number;
  /** dweight [o, c / groups, r, s] at `index`. */
  readonly weight: (x: Numbers, dy: Numbers, index: number) => number;
}

/**
 * The convolution of x [n, c, h, w] with weights [o, c / groups, r, s] of odd size, padded so that the size stays:
 * y[n, o, i, j] = Σ x[n, c, i + r − ⌊R/2⌋, j + s − ⌊S/2⌋] weight[o, c, r, s].
 */
export function convolution(x: readonly number[], weight: readonly number[], groups: number): Convolution {
  const [n, channels, h, w] = x as [number, number, number, number];
  const [outs, inner, kernelH, kernelW] = weight as [number, number, number, number];
  const [top, left] = [(kernelH - 1) / 2, (kernelW - 1) / 2];
  const outer = outs / groups;

  const forward = (data: Numbers, weights: Numbers, index: number): number => {
    const j = index % w;
    const i = Math.floor(index / w) % h;
    const o = Math.floor(index / (w * h)) % outs;
    const plane = Math.floor(index / (w * h * outs)) * channels + Math.floor(o / outer) * inner;
    let sum = 0;
    for (let c = 0; c < inner; c++) {
      for (let r = Math.max(0, top - i); r < Math.min(kernelH, h + top - i); r++) {
        const row = ((plane + c) * h + i + r - top) * w + j - left;
        const tap = ((o * inner + c) * kernelH + r) * kernelW;
        for (let s = Math.max(0, left - j); s < Math.min(kernelW, w + left - j); s++)
          sum += data[row + s]! * weights[tap + s]!;
      }
    }
    return sum;
  };

  const input = (dy: Numbers, weights: Numbers, index: number): number => {
    const j = index % w;
    const i = Math.floor(index / w) % h;
    const channel = Math.floor(index / (w * h)) % channels;
    const image = Math.floor(index / (w * h * channels));
    const [group, c] = [Math.floor(channel / inner), channel % inner];
    let sum = 0;
    for (let o = group * outer; o < (group + 1) * outer; o++) {
      for (let r = Math.max(0, i + top - h + 1); r < Math.min(kernelH, i + top + 1); r++) {
        const row = ((image * outs + o) * h + i - r + top) * w + j + left;
        const tap = ((o * inner + c) * kernelH + r) * kernelW;
        for (let s = Math.max(0, j + left - w + 1); s < Math.min(kernelW, j + left + 1); s++)
          sum += dy[row - s]! * weights[tap + s]!;
      }
    }
    return sum;
  };

  const ofWeight = (data: Numbers, dy: Numbers, index: number): number => {
    const s = index % kernelW;
    const r = Math.floor(index / kernelW) % kernelH;
    const c = Math.floor(index / (kernelW * kernelH)) % inner;
    const o = Math.floor(index / (kernelW * kernelH * inner));
    const channel = Math.floor(o / outer) * inner + c;
    let sum = 0;
    for (let image = 0; image < n; image++) {
      for (let i = Math.max(0, top - r); i < Math.min(h, h + top - r); i++) {
        const row = ((image * channels + channel) * h + i + r - top) * w + s - left;
        const out = ((image * outs + o) * h + i) * w;
        for (let j = Math.max(0, left - s); j < Math.min(w, w + left - s); j++) sum += data[row + j]! * dy[out + j]!;
      }
    }
    return sum;
  };

  return { forward, input, weight: ofWeight };
}

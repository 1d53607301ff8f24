import type { Reference } from '../sampled.js';

/** Norms and pools by plain loops, an element at a time. */

/** A tensor seen as [outer, sets, inner]: statistics run over outer and inner. */
export interface Sets {
  readonly outer: number;
  readonly sets: number;
  readonly inner: number;
}

interface Moments {
  readonly mean: number;
  readonly rstd: number;
  readonly meanDy: number;
  readonly meanDyx: number;
}

/**
 * (x − mean)/√(var + eps)·weight + bias and its gradients, with statistics of each set; weight and bias have a number a set, or,
 * for `rows`, a number a position within it.
 */
export function norm(
  { outer, sets, inner }: Sets,
  data: {
    readonly x: Float32Array;
    readonly dy: Float32Array;
    readonly weight: Float32Array;
    readonly bias: Float32Array;
  },
  { rows = false, eps = 1e-5 } = {},
) {
  const { x, dy, weight, bias } = data;
  const n = outer * inner;
  const known = new Map<number, Moments>();
  const each = (set: number, visit: (at: number) => void) => {
    for (let o = 0; o < outer; o++) {
      const first = (o * sets + set) * inner;
      for (let i = first; i < first + inner; i++) visit(i);
    }
  };
  const of = (at: number) => Math.floor(at / inner) % sets;
  const weightAt = (at: number) => (rows ? at % inner : of(at));
  const moments = (set: number): Moments => {
    const found = known.get(set);
    if (found) return found;
    let [mean, variance, meanDy, meanDyx] = [0, 0, 0, 0];
    each(set, (at) => {
      mean += x[at]! / n;
    });
    each(set, (at) => {
      variance += (x[at]! - mean) ** 2 / n;
    });
    const rstd = 1 / Math.sqrt(variance + eps);
    each(set, (at) => {
      const g = dy[at]! * weight[weightAt(at)]!;
      meanDy += g / n;
      meanDyx += (g * (x[at]! - mean) * rstd) / n;
    });
    const made = { mean, rstd, meanDy, meanDyx };
    known.set(set, made);
    return made;
  };
  const forward: Reference = (at) => {
    const { mean, rstd } = moments(of(at));
    const scaled = (x[at]! - mean) * rstd * weight[weightAt(at)]!;
    const shift = bias[weightAt(at)]!;
    return { value: scaled + shift, scale: Math.abs(scaled) + Math.abs(shift) + Math.abs(mean * rstd) };
  };
  const dx: Reference = (at) => {
    const { mean, rstd, meanDy, meanDyx } = moments(of(at));
    const g = dy[at]! * weight[weightAt(at)]!;
    const normal = (x[at]! - mean) * rstd;
    return {
      value: rstd * (g - meanDy - normal * meanDyx),
      scale: rstd * (Math.abs(g) + Math.abs(meanDy) + Math.abs(normal * meanDyx)),
    };
  };
  /** Σ dy · x̂, or Σ dy, of everything that took weight `k`. */
  const sumOver = (k: number, term: (at: number) => number) => {
    let [value, scale] = [0, 0];
    const add = (at: number) => {
      value += term(at);
      scale += Math.abs(term(at));
    };
    if (rows) for (let at = k; at < x.length; at += inner) add(at);
    else each(k, add);
    return { value, scale };
  };
  const normal = (at: number) => (x[at]! - moments(of(at)).mean) * moments(of(at)).rstd;
  const dweight: Reference = (k) => sumOver(k, (at) => dy[at]! * normal(at));
  const dbias: Reference = (k) => sumOver(k, (at) => dy[at]!);
  return { forward, dx, dweight, dbias };
}

export interface PoolShape {
  readonly height: number;
  readonly width: number;
  readonly outH: number;
  readonly outW: number;
  /** First position of window `o` of an axis of `n` in `m` parts, and the one behind its last; the input is not padded. */
  readonly window: (o: number, n: number, m: number) => readonly [number, number];
}

/** Windows of `kernel` positions, `stride` apart, from −padding on, cut to the input. */
export const sliding =
  (kernel: number, stride: number, padding: number): PoolShape['window'] =>
  (o, n) => [Math.max(0, o * stride - padding), Math.min(n, o * stride - padding + kernel)];

/** Windows that cut the input into as many parts as there are outputs. */
export const parts: PoolShape['window'] = (o, n, m) => [Math.floor((o * n) / m), Math.ceil(((o + 1) * n) / m)];

/** Maxima (the first of equals) and means of windows of planes, and the gradients of both. */
export function pool(shape: PoolShape, { x, dy }: { readonly x: Float32Array; readonly dy: Float32Array }) {
  const { height, width, outH, outW, window } = shape;
  const visit = (output: number, see: (at: number) => void) => {
    const plane = Math.floor(output / (outH * outW));
    const [top, bottom] = window(Math.floor(output / outW) % outH, height, outH);
    const [left, right] = window(output % outW, width, outW);
    for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) see(plane * height * width + i * width + j);
  };
  const largest = (output: number): number => {
    let best = -1;
    visit(output, (at) => {
      if (best < 0 || x[at]! > x[best]!) best = at;
    });
    return best;
  };
  const count = (output: number): number => {
    let n = 0;
    visit(output, () => n++);
    return n;
  };
  /** Over the outputs whose windows hold position `at`. */
  const holders = (at: number, see: (output: number) => void) => {
    const plane = Math.floor(at / (height * width));
    const [y, z] = [Math.floor(at / width) % height, at % width];
    for (let i = 0; i < outH; i++) {
      const [top, bottom] = window(i, height, outH);
      if (y < top || y >= bottom) continue;
      for (let j = 0; j < outW; j++) {
        const [left, right] = window(j, width, outW);
        if (z >= left && z < right) see((plane * outH + i) * outW + j);
      }
    }
  };
  const max: Reference = (output) => {
    const value = x[largest(output)]!;
    return { value, scale: Math.abs(value) };
  };
  const average: Reference = (output) => {
    let [value, scale] = [0, 0];
    visit(output, (at) => {
      value += x[at]!;
      scale += Math.abs(x[at]!);
    });
    return { value: value / count(output), scale: scale / count(output) };
  };
  const back =
    (share: (output: number, at: number) => number): Reference =>
    (at) => {
      let [value, scale] = [0, 0];
      holders(at, (output) => {
        const term = dy[output]! * share(output, at);
        value += term;
        scale += Math.abs(term);
      });
      return { value, scale };
    };
  return {
    max,
    average,
    maxGrad: back((output, at) => (largest(output) === at ? 1 : 0)),
    averageGrad: back((output) => 1 / count(output)),
  };
}

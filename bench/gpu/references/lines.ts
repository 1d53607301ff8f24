import type { Reference } from '../sampled.js';

/** What runs along one axis of [outer, n, inner], by plain loops, an element at a time. */

export interface Line {
  readonly n: number;
  readonly inner: number;
}

/** First element of the line that holds element `at`. */
const start = ({ n, inner }: Line, at: number) => Math.floor(at / (n * inner)) * n * inner + (at % inner);

/** First element of line number `k`, as results of reductions are numbered. */
const startOf = ({ n, inner }: Line, k: number) => Math.floor(k / inner) * n * inner + (k % inner);

/** Joins term(element, position) along the line that begins at `first`. */
function along({ n, inner }: Line, first: number, term: (at: number, i: number) => number) {
  let [value, scale] = [0, 0];
  for (let i = 0; i < n; i++) {
    const t = term(first + i * inner, i);
    value += t;
    scale += Math.abs(t);
  }
  return { value, scale };
}

function largestOf(line: Line, x: Float32Array, first: number) {
  let [top, place] = [-Infinity, 0];
  for (let i = 0; i < line.n; i++) {
    const v = x[first + i * line.inner]!;
    if (v > top) [top, place] = [v, i];
  }
  return { top, place };
}

/** Sums, extremes and the like: element k of the result is that of line k. */
export function reductions(line: Line, x: Float32Array) {
  const sum: Reference = (k) => along(line, startOf(line, k), (at) => x[at]!);
  const mean: Reference = (k) => {
    const { value, scale } = sum(k);
    return { value: value / line.n, scale: scale / line.n };
  };
  const max: Reference = (k) => {
    const { top } = largestOf(line, x, startOf(line, k));
    return { value: top, scale: Math.abs(top) };
  };
  const argmax: Reference = (k) => ({ value: largestOf(line, x, startOf(line, k)).place, scale: 1 });
  const variance: Reference = (k) => {
    const centre = mean(k).value;
    const { value } = along(line, startOf(line, k), (at) => (x[at]! - centre) ** 2);
    return { value: value / (line.n - 1), scale: value / (line.n - 1) + centre ** 2 };
  };
  const logsumexp: Reference = (k) => {
    const first = startOf(line, k);
    const { top } = largestOf(line, x, first);
    const value = top + Math.log(along(line, first, (at) => Math.exp(x[at]! - top)).value);
    return { value, scale: Math.abs(value) + Math.abs(top) };
  };
  return { sum, mean, max, argmax, variance, logsumexp };
}

/** Softmax, its logarithm and their gradients: an element for each of x. */
export function softmaxes(line: Line, { x, dy }: { readonly x: Float32Array; readonly dy: Float32Array }) {
  const log = (at: number) => {
    const first = start(line, at);
    const { top } = largestOf(line, x, first);
    return (i: number) => x[i]! - top - Math.log(along(line, first, (j) => Math.exp(x[j]! - top)).value);
  };
  const softmax: Reference = (at) => {
    const value = Math.exp(log(at)(at));
    return { value, scale: value };
  };
  const logSoftmax: Reference = (at) => {
    const value = log(at)(at);
    return { value, scale: Math.abs(value) + Math.abs(x[at]!) };
  };
  /** e^(x − lse) at every element of the line of `at`, the logarithm of the sum computed once. */
  const shares = (at: number) => {
    const first = start(line, at);
    const { top } = largestOf(line, x, first);
    const sum = along(line, first, (j) => Math.exp(x[j]! - top)).value;
    return { first, y: (i: number) => Math.exp(x[i]! - top) / sum };
  };
  const softmaxGrad: Reference = (at) => {
    const { first, y } = shares(at);
    const mixed = along(line, first, (i) => y(i) * dy[i]!);
    return { value: y(at) * (dy[at]! - mixed.value), scale: y(at) * (Math.abs(dy[at]!) + mixed.scale) };
  };
  const logSoftmaxGrad: Reference = (at) => {
    const { first, y } = shares(at);
    const { value, scale } = along(line, first, (i) => dy[i]!);
    return { value: dy[at]! - y(at) * value, scale: Math.abs(dy[at]!) + y(at) * scale };
  };
  return { softmax, logSoftmax, softmaxGrad, logSoftmaxGrad };
}

/** x / |x| along the line, by the Euclidean length, and its gradient. */
export function normalised(line: Line, { x, dy }: { readonly x: Float32Array; readonly dy: Float32Array }) {
  const length = (at: number) => Math.sqrt(along(line, start(line, at), (i) => x[i]! ** 2).value);
  const forward: Reference = (at) => {
    const value = x[at]! / length(at);
    return { value, scale: Math.abs(value) };
  };
  const grad: Reference = (at) => {
    const size = length(at);
    const mixed = along(line, start(line, at), (i) => x[i]! * dy[i]!);
    return {
      value: (dy[at]! - (x[at]! * mixed.value) / size ** 2) / size,
      scale: (Math.abs(dy[at]!) + (Math.abs(x[at]!) * mixed.scale) / size ** 2) / size,
    };
  };
  return { forward, grad };
}

/** Smoothed cross-entropy of each row of x [rows, n], and the gradient of their mean. */
export function crossEntropies(n: number, x: Float32Array, labels: ArrayLike<number>, smoothing: number) {
  const rows = x.length / n;
  const line = { n, inner: 1 };
  const logs = softmaxes(line, { x, dy: x });
  const target = (row: number, i: number) => (labels[row] === i ? 1 - smoothing : 0) + smoothing / n;
  const loss: Reference = (row) => {
    const first = row * n;
    const top = largestOf(line, x, first).top;
    const lse = top + Math.log(along(line, first, (at) => Math.exp(x[at]! - top)).value);
    return along(line, first, (at, i) => target(row, i) * (lse - x[at]!));
  };
  const grad: Reference = (at) => {
    const share = logs.softmax(at).value;
    const want = target(Math.floor(at / n), at % n);
    return { value: (share - want) / rows, scale: (share + want) / rows };
  };
  return { loss, grad };
}

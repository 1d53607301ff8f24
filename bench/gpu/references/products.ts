import type { Exact, Reference } from '../sampled.js';

/** Matrix products and distances by plain loops, an element at a time. */

/** Element [b, i, j] of A · B (+ bias) for a [b, m, k] and b [b, k, n]; `turnedA` and `turnedB` say that they lie the other way. */
export function product(
  [m, n, k]: readonly [m: number, n: number, k: number],
  { a, b, bias }: { readonly a: Float32Array; readonly b: Float32Array; readonly bias?: Float32Array },
  { turnedA = false, turnedB = false } = {},
): Reference {
  const [aRow, aColumn] = turnedA ? [1, m] : [k, 1];
  const [bRow, bColumn] = turnedB ? [1, k] : [n, 1];
  return (index) => {
    const j = index % n;
    const i = Math.floor(index / n) % m;
    const batch = Math.floor(index / (m * n));
    let [value, scale] = bias ? [bias[j]!, Math.abs(bias[j]!)] : [0, 0];
    for (let q = 0; q < k; q++) {
      const term = a[batch * m * k + i * aRow + q * aColumn]! * b[batch * k * n + q * bRow + j * bColumn]!;
      value += term;
      scale += Math.abs(term);
    }
    return { value, scale };
  };
}

/** |xᵢ − yⱼ|², or its square root, as |x|² + |y|² − 2 x·y rounds it. */
export function distance(
  [n, depth]: readonly [n: number, depth: number],
  { x, y }: { readonly x: Float32Array; readonly y: Float32Array },
  root: boolean,
): Reference {
  return (index) => {
    const [i, j] = [Math.floor(index / n) * depth, (index % n) * depth];
    let [value, scale] = [0, 0];
    for (let q = 0; q < depth; q++) {
      const [a, b] = [x[i + q]!, y[j + q]!];
      value += (a - b) ** 2;
      scale += a * a + b * b + 2 * Math.abs(a * b);
    }
    if (!root) return { value, scale };
    const d = Math.sqrt(Math.max(value, 1e-12));
    return { value: d, scale: Math.min(scale / (2 * d), Math.sqrt(scale)) };
  };
}

/** Element [i, q] of the gradient of x through squared distances: 2 Σⱼ gᵢⱼ (xᵢ − yⱼ). */
export function squaredGrad(
  [n, depth]: readonly [n: number, depth: number],
  { x, y, g }: { readonly x: Float32Array; readonly y: Float32Array; readonly g: Float32Array },
): Reference {
  return (index) => {
    const [i, q] = [Math.floor(index / depth), index % depth];
    let [value, scale] = [0, 0];
    for (let j = 0; j < n; j++) {
      value += 2 * g[i * n + j]! * (x[index]! - y[j * depth + q]!);
      scale += 2 * Math.abs(g[i * n + j]!) * (Math.abs(x[index]!) + Math.abs(y[j * depth + q]!));
    }
    return { value, scale };
  };
}

/** Σ |x − y| of every pair of rows. */
export function manhattan(
  [n, depth]: readonly [n: number, depth: number],
  { x, y }: { readonly x: Float32Array; readonly y: Float32Array },
): Reference {
  return (index) => {
    const [i, j] = [Math.floor(index / n) * depth, (index % n) * depth];
    let value = 0;
    for (let q = 0; q < depth; q++) value += Math.abs(x[i + q]! - y[j + q]!);
    return { value, scale: value };
  };
}

export interface AttentionShape {
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly values: number;
  readonly causal: boolean;
}

interface AttentionData {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly dy: Float32Array;
}

/** Attention and its gradients by plain loops; what all queries of one item share is computed once. */
export function attention(shape: AttentionShape, data: AttentionData) {
  const { queries, keys, depth, values, causal } = shape;
  const { q, k, v, dy } = data;
  const factor = 1 / Math.sqrt(depth);
  const dot = (a: Float32Array, i: number, b: Float32Array, j: number, n: number, size = (x: number) => x) => {
    let sum = 0;
    for (let c = 0; c < n; c++) sum += size(a[i + c]! * b[j + c]!);
    return sum;
  };
  /** e^score / Σ e^score of one query over all keys. */
  const row = (item: number, i: number): Float64Array => {
    const p = new Float64Array(keys);
    const last = causal ? Math.min(keys, i + 1) : keys;
    let top = -Infinity;
    for (let j = 0; j < last; j++) {
      p[j] = dot(q, (item * queries + i) * depth, k, (item * keys + j) * depth, depth) * factor;
      top = Math.max(top, p[j]!);
    }
    let sum = 0;
    for (let j = 0; j < last; j++) sum += p[j] = Math.exp(p[j]! - top);
    for (let j = 0; j < last; j++) p[j]! /= sum;
    return p;
  };
  /** p, p ⊙ (dO Vᵀ − Σ p ⊙ dO Vᵀ), and the sizes of the terms that make the latter, of one query. */
  const backRow = (item: number, i: number) => {
    const p = row(item, i);
    const [ds, sizes] = [new Float64Array(keys), new Float64Array(keys)];
    let [mean, most] = [0, 0];
    for (let j = 0; j < keys; j++) {
      const [from, to] = [(item * queries + i) * values, (item * keys + j) * values];
      ds[j] = dot(dy, from, v, to, values);
      sizes[j] = dot(dy, from, v, to, values, Math.abs);
      mean += p[j]! * ds[j]!;
      most += p[j]! * sizes[j]!;
    }
    for (let j = 0; j < keys; j++) {
      ds[j] = p[j]! * (ds[j]! - mean);
      sizes[j] = p[j]! * (sizes[j]! + most);
    }
    return { p, ds, sizes };
  };
  let cached: { item: number; rows: ReturnType<typeof backRow>[] } | undefined;
  const allRows = (item: number) => {
    if (cached?.item !== item) cached = { item, rows: Array.from({ length: queries }, (_, i) => backRow(item, i)) };
    return cached.rows;
  };
  const total = (n: number, term: (i: number) => number, size = (i: number) => Math.abs(term(i))): Exact => {
    let [value, scale] = [0, 0];
    for (let i = 0; i < n; i++) {
      value += term(i);
      scale += size(i);
    }
    return { value, scale };
  };
  const split = (index: number, rows: number, columns: number) => ({
    c: index % columns,
    r: Math.floor(index / columns) % rows,
    item: Math.floor(index / (columns * rows)),
  });
  const forward: Reference = (index) => {
    const { c, r, item } = split(index, queries, values);
    const p = row(item, r);
    return total(keys, (j) => p[j]! * v[(item * keys + j) * values + c]!);
  };
  const dq: Reference = (index) => {
    const { c, r, item } = split(index, queries, depth);
    const { ds, sizes } = backRow(item, r);
    const at = (j: number) => k[(item * keys + j) * depth + c]! * factor;
    return total(
      keys,
      (j) => ds[j]! * at(j),
      (j) => sizes[j]! * Math.abs(at(j)),
    );
  };
  const dk: Reference = (index) => {
    const { c, r, item } = split(index, keys, depth);
    const rows = allRows(item);
    const at = (i: number) => q[(item * queries + i) * depth + c]! * factor;
    return total(
      queries,
      (i) => rows[i]!.ds[r]! * at(i),
      (i) => rows[i]!.sizes[r]! * Math.abs(at(i)),
    );
  };
  const dv: Reference = (index) => {
    const { c, r, item } = split(index, keys, values);
    const rows = allRows(item);
    return total(queries, (i) => rows[i]!.p[r]! * dy[(item * queries + i) * values + c]!);
  };
  return { forward, dq, dk, dv };
}

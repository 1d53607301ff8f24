import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { alongLines, type LineKernel, type Lines } from './lines.js';
import {
  forRows,
  type RowTile,
  rowsFor,
  rowTileEnables,
  rowTileHead,
  rowTileLoop,
  rowTileMain,
  type Sharing,
} from './rowtile.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/** Distances between all rows of two matrices, x [m, depth] and y [n, depth]. */

export interface PairSpec {
  readonly m: number;
  readonly n: number;
  readonly depth: number;
  /** Many features and few pairs: the features are cut into so many runs of `chunk`, a multiple of 16. */
  readonly splits: number;
  readonly chunk: number;
  /** The square root of the squared distance, of at least 1e-12. */
  readonly root: boolean;
  readonly sharing: Sharing;
}

/** Runs of features that make enough workgroups of a small matrix of pairs. */
export function pairSplits(m: number, n: number, depth: number, sharing: Sharing): { splits: number; chunk: number } {
  const groups = Math.ceil(m / rowsFor(m, m * n * depth)) * Math.ceil(n / (4 * sharing.lanes));
  const wanted = groups >= 64 ? 1 : Math.max(1, Math.min(Math.ceil(64 / groups), Math.floor(depth / 128)));
  const chunk = Math.max(16, 16 * Math.ceil(depth / wanted / 16));
  return { splits: Math.max(1, Math.ceil(depth / chunk)), chunk };
}

/** Squares are never below 0, distances never below 1e-6; a part of a sum may be. */
const LOWEST = -3.4e38;
const finish = (root: boolean) =>
  `fn finish(sum: vec4f) -> vec4f { return ${root ? 'sqrt(max(sum, vec4f(1e-12)))' : 'max(sum, vec4f(p.lowest))'}; }`;

const NAMES = [0, 1, 2, 3] as const;

/** A row's four elements from k on; `limit` masks what lies beyond the last. */
const readRow = (buffer: string, row: string, quads: boolean): string =>
  quads
    ? `${buffer}[(${row} * p.depth + k) / 4u]`
    : `vec4f(${NAMES.map((i) => `select(0.0, ${buffer}[${row} * p.depth + min(k + ${i}u, p.depth - 1u)], k + ${i}u < p.depth)`).join(', ')})`;

/**
 * Squared lengths of rows, a number for each of `splits` runs: [splits, rows]. One invocation a row; the same products in the
 * same order as in `pairDistances`, so that the distance of a row to itself is exactly 0.
 */
export function squaredLengths(
  rows: number,
  { depth, splits, chunk }: Pick<PairSpec, 'depth' | 'splits' | 'chunk'>,
): Shader {
  const quads = depth % 4 === 0;
  return {
    name: 'squaredLengths',
    variant: quads ? 'quads' : '',
    grid: itemGrid(splits * rows),
    params: [splits * rows, rows, depth, chunk],
    flops: 2 * rows * depth,
    bytes: 4 * rows * (depth + splits),
    code: () => wgsl`
struct Params { items: u32, rows: u32, depth: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> x: array<${quads ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read_write> lengths: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.items) { return; }
  let row = item % p.rows;
  let first = (item / p.rows) * p.chunk;
  var sum = 0.0;
  for (var k = first; k < min(first + p.chunk, p.depth); k += 4u) {
    let a = ${readRow('x', 'row', quads)};
    sum = fma(a.x, a.x, fma(a.y, a.y, fma(a.z, a.z, fma(a.w, a.w, sum))));
  }
  lengths[item] = sum;
}`,
  };
}

/**
 * |x|² + |y|² − 2 x·y for all pairs, [m, n], or a part of it for each run of features, [splits, m, n]. A workgroup computes R
 * rows of 4 · lanes columns (see rowtile.ts); the products never leave the registers.
 */
export function pairDistances(spec: PairSpec): Shader {
  const { m, n, depth, splits, chunk, root, sharing } = spec;
  const tile: RowTile = { sharing, rows: rowsFor(m, m * n * depth) };
  const quads = depth % 4 === 0;
  const wide = n % 4 === 0;
  const rooted = root && splits === 1;
  return {
    name: 'pairDistances',
    variant: `${sharing.kind} ${sharing.lanes} ${tile.rows}${quads ? ' quads' : ''}${wide ? ' wide' : ''}${rooted ? ' root' : ''}`,
    grid: [Math.ceil(n / (4 * sharing.lanes)), Math.ceil(m / tile.rows), splits],
    params: [m, n, depth, chunk, { f32: splits === 1 ? 0 : LOWEST }],
    flops: 2 * m * n * depth,
    bytes: 4 * ((m + n) * depth + splits * m * n),
    code: () => wgsl`${rowTileEnables(tile)}
struct Params { m: u32, n: u32, depth: u32, chunk: u32, lowest: f32 }
@group(0) @binding(0) var<storage, read> xs: array<${quads ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> ys: array<${quads ? 'vec4f' : 'f32'}>;
@group(0) @binding(2) var<storage, read> x_lengths: array<f32>;
@group(0) @binding(3) var<storage, read> y_lengths: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<${wide ? 'vec4f' : 'f32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${rowTileHead(tile)}
var<private> first_row: u32;
var<private> first_k: u32;
fn row4(tap: u32, row: u32, from_first: u32) -> vec4f {
  let r = first_row + row;
  let k = first_k + from_first;
  if (r >= p.m || k >= p.depth) { return vec4f(0.0); }
  return ${readRow('xs', 'r', quads)};
}
fn column4(column: u32, k: u32) -> vec4f { return ${readRow('ys', 'column', quads)}; }
${finish(rooted)}
${rowTileMain(tile)}
  first_row = tile.y * ${tile.rows}u;
  let start = tile.z * p.chunk;
  first_k = start;
  let depth = min(p.chunk, p.depth - start);
  let column = 4u * (tile.x * ${sharing.lanes}u + lane);
  ${rowTileLoop(
    tile,
    'depth',
    `${NAMES.map((i) => `let t${i} = column4(min(column + ${i}u, p.n - 1u), first_k + k);`).join(' ')}
    ${NAMES.map((i) => `let b0_${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], t3[${i}]);`).join(' ')}`,
  )}
  if (column >= p.n) { return; }
  let y_length = vec4f(${NAMES.map((i) => `y_lengths[tile.z * p.n + min(column + ${i}u, p.n - 1u)]`).join(', ')});
  ${forRows(tile, (r) => `if (first_row + ${r}u < p.m) { ${store(wide, r)} }`)}
}`,
  };
}

function store(wide: boolean, r: number): string {
  const row = `(tile.z * p.m + first_row + ${r}u)`;
  const value = `finish(x_lengths[${row}] + y_length - 2.0 * c${r})`;
  if (wide) return `result[(${row} * p.n + column) / 4u] = ${value};`;
  const rest = NAMES.slice(1).map((i) => `if (column + ${i}u < p.n) { result[at + ${i}u] = v[${i}]; }`);
  return `let v = ${value}; let at = ${row} * p.n + column; result[at] = v.x; ${rest.join(' ')}`;
}

/** The sum of the parts [splits, pairs], in order, as a squared distance or a distance. */
export function joinDistances(pairs: number, splits: number, root: boolean): Shader {
  return {
    name: 'joinDistances',
    variant: root ? 'root' : '',
    grid: itemGrid(pairs),
    params: [pairs, splits, { f32: 0 }],
    flops: splits * pairs,
    bytes: 4 * (splits + 1) * pairs,
    code: () => wgsl`
struct Params { n: u32, splits: u32, lowest: f32 }
@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${finish(root)}
${flatMain}
  if (item >= p.n) { return; }
  var sum = 0.0;
  for (var s = 0u; s < p.splits; s++) { sum += parts[s * p.n + item]; }
  result[item] = finish(vec4f(sum)).x;
}`,
  };
}

/** Of a distance d by its square: dy / 2d, and 0 where the square was below 1e-12. */
export function euclideanGrad(n: number): Shader {
  const quads = Math.ceil(n / 4);
  return {
    name: 'euclideanGrad',
    variant: '',
    grid: itemGrid(quads),
    params: [quads],
    flops: 2 * n,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> d: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  result[item] = select(vec4f(0.0), 0.5 * dy[item] / max(d[item], vec4f(1e-6)), d[item] > vec4f(1.0000002e-6));
}`,
  };
}

/** How differences join to a distance, and its derivative by one difference `d` (g: of the result, y: the result). */
const metrics = {
  manhattan: { add: 'sum + abs(d)', end: 'sum', grad: 'g * sign(d)' },
  euclidean: { add: 'sum + d * d', end: 'sqrt(sum)', grad: 'select(g * d / y, 0.0, y == 0.0)' },
  largest: { add: 'max(sum, abs(d))', end: 'sum', grad: 'select(0.0, g * sign(d), abs(d) == y)' },
  nonzero: { add: 'sum + select(1.0, 0.0, d == 0.0)', end: 'sum', grad: '0.0' },
  power: {
    add: 'sum + select(exp2(p.power * log2(abs(d))), 0.0, d == 0.0)',
    end: 'select(exp2(log2(sum) / p.power), 0.0, sum == 0.0)',
    grad: 'select(g * sign(d) * exp2((p.power - 1.0) * (log2(abs(d)) - log2(y))), 0.0, d == 0.0 || y == 0.0)',
  },
} as const;

export type Metric = keyof typeof metrics;

export interface MetricSpec {
  readonly metric: Metric;
  readonly power: number;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly depth: number;
}

/** Distances [batch, m, n] of any p-norm, from the differences themselves; one invocation a pair. */
export function metricDistances({ metric, power, batch, m, n, depth }: MetricSpec): Shader {
  const { add, end } = metrics[metric];
  return {
    name: 'cdist',
    variant: metric,
    grid: itemGrid(batch * m * n),
    params: [batch * m * n, m, n, depth, { f32: power }],
    flops: 3 * batch * m * n * depth,
    bytes: 4 * batch * ((m + n) * depth + m * n),
    code: () => wgsl`
struct Params { pairs: u32, m: u32, n: u32, depth: u32, power: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.pairs) { return; }
  let batch = item / (p.m * p.n);
  let i = (item / p.n) * p.depth;
  let j = (batch * p.n + item % p.n) * p.depth;
  var sum = 0.0;
  for (var k = 0u; k < p.depth; k++) { let d = x[i + k] - y[j + k]; sum = ${add}; }
  result[item] = ${end};
}`,
  };
}

/**
 * dx [batch, m, depth], from x, y, the distances and their gradient; one invocation an element, over all j in order. For dy the
 * two sides change places: `across` says that the distances lie as [batch, n, m].
 */
export function metricGrad({ metric, power, batch, m, n, depth }: MetricSpec, across: boolean): Shader {
  const items = batch * m * depth;
  return {
    name: 'cdistGrad',
    variant: metric,
    grid: itemGrid(items),
    params: [items, m, n, depth, across ? 1 : n, across ? m : 1, { f32: power }],
    flops: 5 * items * n,
    bytes: 4 * batch * ((m + n) * depth + 2 * m * n),
    code: () => wgsl`
struct Params { items: u32, m: u32, n: u32, depth: u32, own: u32, other: u32, power: f32 }
@group(0) @binding(0) var<storage, read> xs: array<f32>;
@group(0) @binding(1) var<storage, read> ys: array<f32>;
@group(0) @binding(2) var<storage, read> distances: array<f32>;
@group(0) @binding(3) var<storage, read> gradients: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.items) { return; }
  let k = item % p.depth;
  let row = item / p.depth;
  let batch = row / p.m;
  let x = xs[item];
  var sum = 0.0;
  for (var j = 0u; j < p.n; j++) {
    let d = x - ys[(batch * p.n + j) * p.depth + k];
    let at = batch * p.m * p.n + (row % p.m) * p.own + j * p.other;
    let y = distances[at]; let g = gradients[at];
    sum += ${metrics[metric].grad};
  }
  result[item] = sum;
}`,
  };
}

const joinSums = 'return State(a.s + b.s);';
const joinPairs = 'return State(a.s + b.s, a.d + b.d);';

const normalizers = {
  normalize2: {
    reads: ['x'],
    state: { s: '0.0' },
    step: 's += x * x;',
    join: joinSums,
    each: 'x / max(sqrt(all.s), p.eps)',
    flops: 4,
  },
  normalize1: {
    reads: ['x'],
    state: { s: '0.0' },
    step: 's += abs(x);',
    join: joinSums,
    each: 'x / max(all.s, p.eps)',
    flops: 3,
  },
  /** dx = (dy − x Σ x dy / |x|²) / |x|, and dy / eps where |x| is below eps. */
  normalize2Grad: {
    reads: ['x', 'dy'],
    state: { s: '0.0', d: '0.0' },
    step: 's += x * x; d += x * dy;',
    join: joinPairs,
    before: 'let size = max(sqrt(all.s), p.eps); let along = select(0.0, all.d / max(all.s, 1e-38), size > p.eps);',
    each: '(dy - along * x) / size',
    flops: 8,
  },
  /** dx = (dy − sign(x) Σ x dy / |x|) / |x|. */
  normalize1Grad: {
    reads: ['x', 'dy'],
    state: { s: '0.0', d: '0.0' },
    step: 's += abs(x); d += x * dy;',
    join: joinPairs,
    before: 'let size = max(all.s, p.eps); let along = select(0.0, all.d / size, size > p.eps);',
    each: '(dy - along * sign(x)) / size',
    flops: 8,
  },
} satisfies Record<string, Omit<LineKernel, 'name'>>;

/** x / max(|x|, eps) along every line, for the norms 1 and 2, and the ways back (from x and dy). */
export const normalizeKernel = (name: keyof typeof normalizers, lines: Lines, eps: number): Shader =>
  alongLines({ name, ...normalizers[name], scalars: { eps: { f32: eps } } }, lines);

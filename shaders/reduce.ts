import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { unravel, unravelFields, unravelParams } from './copy.js';
import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/**
 * What a reduction does to each element `x`, and how two partial results become one. Some know a number of their result's own,
 * `c` (a mean, a maximum), and `p.a` is a scalar.
 */
export const reductions = {
  sum: { start: '0.0', map: 'x', join: 'a + b' },
  sumAbs: { start: '0.0', map: 'abs(x)', join: 'a + b' },
  sumSquares: { start: '0.0', map: 'x * x', join: 'a + b' },
  sumPowers: { start: '0.0', map: 'select(exp2(p.a * log2(abs(x))), 0.0, x == 0.0)', join: 'a + b' },
  sumSquaredDeviations: { start: '0.0', map: '(x - c) * (x - c)', join: 'a + b' },
  sumExp: { start: '0.0', map: 'exp(x - c)', join: 'a + b' },
  countNonzero: { start: '0.0', map: 'select(1.0, 0.0, x == 0.0)', join: 'a + b' },
  countEqual: { start: '0.0', map: 'select(0.0, 1.0, x == c)', join: 'a + b' },
  prod: { start: '1.0', map: 'x', join: 'a * b' },
  prodNonzero: { start: '1.0', map: 'select(x, 1.0, x == 0.0)', join: 'a * b' },
  max: { start: '-3.40282e38', map: 'x', join: 'max(a, b)' },
  min: { start: '3.40282e38', map: 'x', join: 'min(a, b)' },
} as const;

export type Reduction = keyof typeof reductions;

/** Reductions that read a number for each result: the binding `centres`, one for each kept position. */
const CENTRED: ReadonlySet<Reduction> = new Set<Reduction>(['sumSquaredDeviations', 'sumExp', 'countEqual']);

/** How partial results of a reduction join: squares were squared once already. */
export function joinOf(reduction: Reduction): Reduction {
  const { join } = reductions[reduction];
  return join === 'a + b' ? 'sum' : join === 'a * b' ? 'prod' : (reduction as 'max' | 'min');
}

export interface Axes {
  readonly shape: readonly number[];
  /** In elements, of the source. */
  readonly strides: readonly number[];
}

export interface ReduceSpec {
  readonly reduction: Reduction;
  /** The axes that stay: one result for each of their positions, row-major. */
  readonly kept: Axes;
  readonly reduced: Axes;
  readonly offset: number;
  /** The reduced positions are cut into this many runs of `chunk`; results are [splits, kept]. */
  readonly splits: number;
  readonly chunk: number;
  /** `p.a`, for reductions that have a scalar. */
  readonly scalar?: number;
}

export type Mapping = 'rows' | 'columns';

const product = (shape: readonly number[]) => shape.reduce((n, m) => n * m, 1);

/** WGSL: adds the position `index` within axes called `letter` to `at`. */
function walk(letter: string, rank: number, index: string): string {
  const lines = [`var rest_${letter} = ${index};`];
  for (let i = rank - 1; i >= 0; i--) {
    if (i === 0) lines.push(`at += rest_${letter} * p.${letter}s0;`);
    else
      lines.push(`at += (rest_${letter} % p.${letter}n${i}) * p.${letter}s${i}; rest_${letter} /= p.${letter}n${i};`);
  }
  return rank === 0 ? '' : lines.join('\n    ');
}

const fields = (letter: string, rank: number) =>
  Array.from({ length: rank }, (_, i) => `${letter}n${i}: u32, ${letter}s${i}: u32, `).join('');

const values = ({ shape, strides }: Axes) => shape.flatMap((n, i) => [n, strides[i]!]);

/**
 * Reduces any axes of a strided tensor in a fixed order. `rows`: a workgroup for each result, whose invocations stride through
 * the reduced positions and join in a tree; for reductions over the innermost axis. `columns`: an invocation for each result,
 * so that neighbours read neighbours; for reductions over outer axes.
 */
export function reduce(mapping: Mapping, spec: ReduceSpec): Shader {
  const { start, map, join } = reductions[spec.reduction];
  const kept = product(spec.kept.shape);
  const total = product(spec.reduced.shape);
  const outputs = kept * spec.splits;
  const ranks = [spec.kept.shape.length, spec.reduced.shape.length] as const;
  const rows = mapping === 'rows';
  // Many short rows share a workgroup.
  const lanes = total <= 512 && outputs >= 2048 ? 8 : FLAT;
  const centred = CENTRED.has(spec.reduction);
  const head = `
struct Params { outputs: u32, kept: u32, total: u32, chunk: u32, offset: u32, a: f32, ${fields('k', ranks[0])}${fields('r', ranks[1])} }
@group(0) @binding(0) var<storage, read> source: array<f32>;
${centred ? '@group(0) @binding(1) var<storage, read> centres: array<f32>;' : ''}
@group(0) @binding(${centred ? 2 : 1}) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
fn join(a: f32, b: f32) -> f32 { return ${join}; }
fn locate(index: u32, base: u32) -> u32 {
  var at = base;
  ${walk('r', ranks[1], 'index')}
  return at;
}
fn locate_kept(index: u32) -> u32 {
  var at = p.offset;
  ${walk('k', ranks[0], 'index')}
  return at;
}`;
  const loop = (first: string, stride: string, output: string) => `
  let base = locate_kept(${output} % p.kept);
  let first = (${output} / p.kept) * p.chunk;
  let end = min(first + p.chunk, p.total);
  ${centred ? `let c = centres[${output} % p.kept];` : ''}
  var sum = f32(${start});
  for (var i = first + ${first}; i < end; i += ${stride}) {
    let x = source[locate(i, base)];
    sum = join(sum, ${map});
  }`;
  const code = rows
    ? () => wgsl`${head}
var<workgroup> partial: array<f32, ${FLAT}>;
${rowMain(FLAT)}
  let lane = lid % ${lanes}u;
  let output = row * ${FLAT / lanes}u + lid / ${lanes}u;
  ${loop('lane', `${lanes}u`, 'output')}
  partial[lid] = sum;
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lid] = join(partial[lid], partial[lid + half]); }
  }
  if (lane == 0u && output < p.outputs) { result[output] = partial[lid]; }
}`
    : () => wgsl`${head}
${flatMain}
  if (item >= p.outputs) { return; }
  ${loop('0u', '1u', 'item')}
  result[item] = sum;
}`;
  return {
    name: spec.reduction,
    variant: `${mapping}${rows ? ` of ${lanes}` : ''} ${ranks.join(' ')}`,
    grid: rows ? flatGrid(Math.ceil((outputs * lanes) / FLAT)) : itemGrid(outputs),
    params: [
      outputs,
      kept,
      total,
      spec.chunk,
      spec.offset,
      { f32: spec.scalar ?? 0 },
      ...values(spec.kept),
      ...values(spec.reduced),
    ],
    flops: kept * total,
    bytes: 4 * (kept * total + outputs),
    code,
  };
}

const BETTER = { max: '>', min: '<' } as const;

export type Extreme = keyof typeof BETTER;

/**
 * The largest or smallest element and its position along the reduced axes (row-major, int32); the first of equals. Mappings and
 * splits are as in `reduce`; the results are [splits, kept] values and positions.
 */
export function argReduce(extreme: Extreme, mapping: Mapping, spec: Omit<ReduceSpec, 'reduction' | 'scalar'>): Shader {
  const kept = product(spec.kept.shape);
  const total = product(spec.reduced.shape);
  const outputs = kept * spec.splits;
  const ranks = [spec.kept.shape.length, spec.reduced.shape.length] as const;
  const rows = mapping === 'rows';
  const better = BETTER[extreme];
  const head = `
struct Params { outputs: u32, kept: u32, total: u32, chunk: u32, offset: u32, ${fields('k', ranks[0])}${fields('r', ranks[1])} }
struct Best { value: f32, at: u32 }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(2) var<storage, read_write> positions: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
const NONE = 0xffffffffu;
fn join(a: Best, b: Best) -> Best {
  if (a.at == NONE) { return b; }
  if (b.at == NONE) { return a; }
  if (b.value ${better} a.value || (b.value == a.value && b.at < a.at)) { return b; }
  return a;
}
fn locate(index: u32, base: u32) -> u32 {
  var at = base;
  ${walk('r', ranks[1], 'index')}
  return at;
}
fn locate_kept(index: u32) -> u32 {
  var at = p.offset;
  ${walk('k', ranks[0], 'index')}
  return at;
}`;
  const loop = (first: string, stride: string, output: string) => `
  let base = locate_kept(${output} % p.kept);
  let first = (${output} / p.kept) * p.chunk;
  let end = min(first + p.chunk, p.total);
  var best = Best(0.0, NONE);
  for (var i = first + ${first}; i < end; i += ${stride}) {
    let x = source[locate(i, base)];
    if (best.at == NONE || x ${better} best.value) { best = Best(x, i); }
  }`;
  const code = rows
    ? () => wgsl`${head}
var<workgroup> partial: array<Best, ${FLAT}>;
${rowMain(FLAT)}
  if (row >= p.outputs) { return; }
  ${loop('lid', `${FLAT}u`, 'row')}
  partial[lid] = best;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] = join(partial[lid], partial[lid + half]); }
  }
  if (lid == 0u) { result[row] = partial[0].value; positions[row] = partial[0].at; }
}`
    : () => wgsl`${head}
${flatMain}
  if (item >= p.outputs) { return; }
  ${loop('0u', '1u', 'item')}
  result[item] = best.value; positions[item] = best.at;
}`;
  return {
    name: `arg${extreme}`,
    variant: `${mapping} ${ranks.join(' ')}`,
    grid: rows ? flatGrid(outputs) : itemGrid(outputs),
    params: [outputs, kept, total, spec.chunk, spec.offset, ...values(spec.kept), ...values(spec.reduced)],
    flops: kept * total,
    bytes: 4 * (kept * total + 2 * outputs),
    code,
  };
}

/** The best of `splits` candidates for each of `kept` results: values and positions [splits, kept], ascending positions. */
export function argJoin(extreme: Extreme, kept: number, splits: number): Shader {
  return {
    name: `arg${extreme}Join`,
    variant: '',
    grid: itemGrid(kept),
    params: [kept, splits],
    flops: kept * splits,
    bytes: 8 * kept * (splits + 1),
    code: () => wgsl`
struct Params { n: u32, splits: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read_write> value: array<f32>;
@group(0) @binding(3) var<storage, read_write> position: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  var best = item;
  for (var i = item + p.n; i < p.n * p.splits; i += p.n) {
    if (values[i] ${BETTER[extreme]} values[best]) { best = i; }
  }
  value[item] = values[best]; position[item] = positions[best];
}`,
  };
}

/** Ways back of reductions: `f` of the element x and of numbers that each result has; `p.a` is a scalar. */
const spreads = {
  /** share = dy / how many are equal to the extreme y. */
  amaxGrad: { reads: ['y', 'share'], f: 'select(0.0, share, x == y)' },
  varianceGrad: { reads: ['mean', 'dy'], f: '(x - mean) * dy * p.a' },
  logsumexpGrad: { reads: ['y', 'dy'], f: 'exp(x - y) * dy' },
  /** y = (Σ |x|ᵃ)^(1/a). */
  normGrad: {
    reads: ['y', 'dy'],
    f: 'select(sign(x) * dy * exp2((p.a - 1.0) * (log2(abs(x)) - log2(y))), 0.0, x == 0.0 || y == 0.0)',
  },
  /** others is the product of all that are not zero, a how many elements there are: the product of the others, for each. */
  prodGrad: {
    reads: ['others', 'nonzero', 'dy'],
    f: 'select(select(0.0, others * dy, nonzero == p.a - 1.0 && x == 0.0), others / x * dy, nonzero == p.a)',
  },
} as const;

export interface SpreadSpec {
  readonly name: keyof typeof spreads;
  /** Of x, and the strides of the results along it: 0 along the reduced axes. */
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly scalar?: number;
}

/** dx from x (row-major) and its results' numbers; one invocation an element. */
export function spread({ name, shape, strides, scalar }: SpreadSpec): Shader {
  const { reads, f } = spreads[name];
  const n = product(shape);
  const rank = shape.length;
  return {
    name,
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, { f32: scalar ?? 0 }, ...unravelParams(shape, { strides, offset: 0 })],
    flops: 4 * n,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32, a: f32, ${unravelFields(rank, ['k'])} }
@group(0) @binding(0) var<storage, read> xs: array<f32>;
${reads.map((read, i) => `@group(0) @binding(${i + 1}) var<storage, read> ${read}s: array<f32>;`).join('\n')}
@group(0) @binding(${reads.length + 1}) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['k'])}
  let x = xs[item];
  ${reads.map((read) => `let ${read} = ${read}s[k];`).join(' ')}
  result[item] = ${f};
}`,
  };
}

/** z = x / y, and 0 where y is 0. */
export function ratio(n: number): Shader {
  const quads = Math.ceil(n / 4);
  return {
    name: 'ratio',
    variant: '',
    grid: itemGrid(quads),
    params: [quads],
    flops: n,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> xs: array<vec4f>;
@group(0) @binding(1) var<storage, read> ys: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let y = ys[item];
  let zero = y == vec4f(0.0);
  result[item] = select(xs[item] / select(y, vec4f(1.0), zero), vec4f(0.0), zero);
}`,
  };
}

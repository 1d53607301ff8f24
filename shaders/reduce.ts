import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/** What a reduction does to each element, and how two partial results become one. */
export const reductions = {
  sum: { start: '0.0', map: 'x', join: 'a + b' },
  sumAbs: { start: '0.0', map: 'abs(x)', join: 'a + b' },
  sumSquares: { start: '0.0', map: 'x * x', join: 'a + b' },
  prod: { start: '1.0', map: 'x', join: 'a * b' },
  max: { start: '-3.40282e38', map: 'x', join: 'max(a, b)' },
  min: { start: '3.40282e38', map: 'x', join: 'min(a, b)' },
} as const;

export type Reduction = keyof typeof reductions;

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
}

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
export function reduce(mapping: 'rows' | 'columns', spec: ReduceSpec): Shader {
  const { start, map, join } = reductions[spec.reduction];
  const kept = product(spec.kept.shape);
  const total = product(spec.reduced.shape);
  const outputs = kept * spec.splits;
  const ranks = [spec.kept.shape.length, spec.reduced.shape.length] as const;
  const rows = mapping === 'rows';
  const head = `
struct Params { outputs: u32, kept: u32, total: u32, chunk: u32, offset: u32, ${fields('k', ranks[0])}${fields('r', ranks[1])} }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
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
  var sum = f32(${start});
  for (var i = first + ${first}; i < end; i += ${stride}) {
    let x = source[locate(i, base)];
    sum = join(sum, ${map});
  }`;
  const code = rows
    ? () => `${head}
var<workgroup> partial: array<f32, ${FLAT}>;
${rowMain(FLAT)}
  if (row >= p.outputs) { return; }
  ${loop('lid', `${FLAT}u`, 'row')}
  partial[lid] = sum;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] = join(partial[lid], partial[lid + half]); }
  }
  if (lid == 0u) { result[row] = partial[0]; }
}`
    : () => `${head}
${flatMain}
  if (item >= p.outputs) { return; }
  ${loop('0u', '1u', 'item')}
  result[item] = sum;
}`;
  return {
    name: spec.reduction,
    variant: `${mapping} ${ranks.join(' ')}`,
    grid: rows ? flatGrid(outputs) : itemGrid(outputs),
    params: [outputs, kept, total, spec.chunk, spec.offset, ...values(spec.kept), ...values(spec.reduced)],
    flops: kept * total,
    bytes: 4 * (kept * total + outputs),
    code,
  };
}

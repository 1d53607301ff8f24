import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { chan, gather, totalOf, typeOf, welford, widthOf } from './norm.js';
import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader, storage } from './shader.js';

/** Norms of rows whose weights run along the row: one workgroup a row, which the second reading finds in the cache. */
export interface LayerNormSpec {
  readonly rows: number;
  readonly columns: number;
  readonly hasWeight: boolean;
  readonly hasBias: boolean;
}

const head = `
struct Params { rows: u32, columns: u32, eps: f32, inverse: f32 }
@group(0) @binding(99) var<uniform> p: Params;`;

/** y = (x − mean)/√(var + eps)·weight + bias of each row, and (mean, 1/σ) of each row. */
export function layerNorm({ rows, columns, hasWeight, hasBias }: LayerNormSpec, eps: number): Shader {
  const width = widthOf(columns);
  const T = typeOf(width);
  const { start, step, end } = welford(width);
  const reads = ['x', ...(hasWeight ? ['weight'] : []), ...(hasBias ? ['bias'] : [])];
  return {
    name: 'layerNorm',
    variant: `${width} ${reads.join(' ')}`,
    grid: flatGrid(rows),
    params: [rows, columns / width, { f32: eps }, { f32: 1 / columns }],
    flops: 9 * rows * columns,
    bytes: 8 * rows * columns,
    code: () => wgsl`${head}
${storage(
  reads.map((s) => `${s}: array<${T}>`),
  [`result: array<${T}>`, 'stats: array<vec2f>'],
)}
${chan}
var<workgroup> parts: array<vec3f, ${FLAT}>;
${rowMain(FLAT)}
  if (row >= p.rows) { return; }
  let base = row * p.columns;
  ${start}
  for (var i = lid; i < p.columns; i += ${FLAT}u) { let v = x[base + i]; ${step} }
  ${end}
  ${gather('vec3f', 'all', 'join(a, b)')}
  let center = parts[0].x;
  let rstd = inverseSqrt(max(parts[0].y, 0.0) * p.inverse + p.eps);
  if (lid == 0u) { stats[row] = vec2f(center, rstd); }
  for (var i = lid; i < p.columns; i += ${FLAT}u) {
    result[base + i] = (x[base + i] - center) * rstd${hasWeight ? ' * weight[i]' : ''}${hasBias ? ' + bias[i]' : ''};
  }
}`,
  };
}

/** dx = (g − Σg/n − x̂ Σ(g·x̂)/n)/σ with g = dy·weight. */
export function layerNormGrad({ rows, columns, hasWeight }: Omit<LayerNormSpec, 'hasBias'>): Shader {
  const width = widthOf(columns);
  const T = typeOf(width);
  const g = hasWeight ? 'dy[base + i] * weight[i]' : 'dy[base + i]';
  return {
    name: 'layerNormGrad',
    variant: `${width} ${hasWeight}`,
    grid: flatGrid(rows),
    params: [rows, columns / width, { f32: 0 }, { f32: 1 / columns }],
    flops: 12 * rows * columns,
    bytes: 12 * rows * columns,
    code: () => wgsl`${head}
${storage(
  [...['x', 'dy', ...(hasWeight ? ['weight'] : [])].map((s) => `${s}: array<${T}>`), 'stats: array<vec2f>'],
  [`result: array<${T}>`],
)}
var<workgroup> parts: array<vec2f, ${FLAT}>;
${rowMain(FLAT)}
  if (row >= p.rows) { return; }
  let base = row * p.columns;
  let center = stats[row].x;
  let rstd = stats[row].y;
  var s = ${T}(0.0);
  var sx = s;
  for (var i = lid; i < p.columns; i += ${FLAT}u) { let g = ${g}; s += g; sx += g * (x[base + i] - center); }
  ${gather('vec2f', `${totalOf(width, 's')}, ${totalOf(width, 'sx')}`, 'a + b')}
  let mean_g = parts[0].x * p.inverse;
  let slope = parts[0].y * p.inverse * rstd * rstd;
  for (var i = lid; i < p.columns; i += ${FLAT}u) {
    let g = ${g};
    result[base + i] = (g - mean_g - (x[base + i] - center) * slope) * rstd;
  }
}`,
  };
}

/** Runs of rows over which the gradients of weight and bias are summed at once. */
export function cutRows(rows: number, columns: number): { splits: number; chunk: number } {
  const wanted = Math.max(1, Math.min(Math.ceil(rows / 32), Math.ceil(8192 / (columns / widthOf(columns)))));
  const chunk = Math.max(1, Math.ceil(rows / wanted));
  return { splits: Math.max(1, Math.ceil(rows / chunk)), chunk };
}

/** Σ dy·x̂ and Σ dy over a run of rows, for each column: two results [splits, columns]. */
export function layerNormWeightGrad(
  rows: number,
  columns: number,
  { splits, chunk }: ReturnType<typeof cutRows>,
): Shader {
  const width = widthOf(columns);
  const T = typeOf(width);
  const lanes = columns / width;
  return {
    name: 'layerNormWeightGrad',
    variant: `${width}`,
    grid: itemGrid(lanes * splits),
    params: [lanes * splits, lanes, rows, chunk],
    flops: 5 * rows * columns,
    bytes: 8 * rows * columns,
    code: () => wgsl`
struct Params { n: u32, columns: u32, rows: u32, chunk: u32 }
@group(0) @binding(99) var<uniform> p: Params;
${storage([`x: array<${T}>`, `dy: array<${T}>`, 'stats: array<vec2f>'], [`dweight: array<${T}>`, `dbias: array<${T}>`])}
${flatMain}
  if (item >= p.n) { return; }
  let column = item % p.columns;
  let first = item / p.columns * p.chunk;
  let last = min(first + p.chunk, p.rows);
  var s = ${T}(0.0);
  var sx = s;
  for (var row = first; row < last; row++) {
    let at = row * p.columns + column;
    let stat = stats[row];
    let g = dy[at];
    s += g;
    sx += g * (x[at] - stat.x) * stat.y;
  }
  dweight[item] = sx;
  dbias[item] = s;
}`,
  };
}

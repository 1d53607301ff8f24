import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/**
 * Batch, group and instance norm. A tensor is seen as [outer, planes, inner]: [N, C, HW] where statistics run over the batch,
 * [1, N·C, HW] where they run within a sample. Everything that a plane needs lies in one `vec4f` of a table, so that the
 * pass over the elements loads it once: mean, scale, shift, 1/σ forwards; mean and three coefficients backwards.
 */
export interface Planes {
  readonly outer: number;
  readonly planes: number;
  readonly inner: number;
}

/** How a reduction over (outer, inner) is cut: which kernel, into how many runs, of how many positions each. */
export interface Cut {
  /** `rows`: a workgroup for each run; `columns`: an invocation for each, where the inner size is small. */
  readonly mapping: 'rows' | 'columns';
  readonly splits: number;
  /** Positions in a run, in elements. */
  readonly chunk: number;
}

/** Below so many planes, long reductions are cut, so that the GPU has enough to do at once; but one lane joins the runs. */
const FEW = 2048;
const MOST_RUNS = 256;

/** Cuts the reduction of each of `planes` into runs of at least 4096 elements (`columns`: 256). */
export function cutPlanes({ outer, planes, inner }: Planes): Cut {
  const total = outer * inner;
  const columns = inner < 8 || (total < FLAT && planes >= FEW);
  const unit = columns ? inner : widthOf(inner);
  const long = columns ? 256 : 4096;
  const wanted =
    planes < FEW && total > 2 * long ? Math.min(Math.ceil(total / long), Math.ceil(FEW / planes), MOST_RUNS) : 1;
  const chunk = Math.max(1, Math.ceil(total / unit / wanted)) * unit;
  return { mapping: columns ? 'columns' : 'rows', splits: Math.max(1, Math.ceil(total / chunk)), chunk };
}

/** Elements that are loaded at once. */
export const widthOf = (inner: number): 1 | 4 => (inner % 4 === 0 ? 4 : 1);
export const typeOf = (width: 1 | 4) => (width === 4 ? 'vec4f' : 'f32');
export const totalOf = (width: 1 | 4, v: string) => (width === 4 ? `dot(${v}, vec4f(1.0))` : v);

/** Mean, sum of squared differences from it, and count of two sets together (Chan, Golub and LeVeque, 1979). */
export const chan = `
fn join(a: vec3f, b: vec3f) -> vec3f {
  let n = a.z + b.z;
  let share = b.z / max(n, 1.0);
  let delta = b.x - a.x;
  return vec3f(a.x + delta * share, a.y + b.y + delta * delta * a.z * share, n);
}`;

/** Welford's running mean and squares, four streams at once where the type is a vector; afterwards they become one `all`. */
export const welford = (width: 1 | 4) => ({
  start: `var mean = ${typeOf(width)}(0.0); var m2 = mean; var count = 0.0;`,
  step: 'count += 1.0; let delta = v - mean; mean += delta * (1.0 / count); m2 += delta * (v - mean);',
  end:
    width === 4
      ? `let middle = dot(mean, vec4f(0.25)); let apart = mean - middle;
  let all = vec3f(middle, dot(m2, vec4f(1.0)) + count * dot(apart, apart), 4.0 * count);`
      : 'let all = vec3f(mean, m2, count);',
});

/**
 * Joins what the 64 invocations of a workgroup hold into `parts[0]`: eight of them eight each, then one those eight. Fewer
 * barriers than a tree of halves, which is what costs where a workgroup is a loop on a processor.
 */
export const gather = (type: string, mine: string, join: string) => `
  parts[lid] = ${type}(${mine});
  for (var step = 8u; step > 0u; step /= 8u) {
    workgroupBarrier();
    if (lid < step) {
      var a = parts[lid];
      for (var k = 1u; k < 8u; k++) { let b = parts[lid + k * step]; a = ${join}; }
      parts[lid] = a;
    }
  }
  workgroupBarrier();`;

interface PlaneReduction extends Planes, Cut {
  readonly name: string;
  readonly reads: readonly string[];
  /** WGSL around the loop, in which `at` is the position; `store` writes a vec2f to `result[row]`. */
  readonly body: (width: 1 | 4) => { start: string; step: string; end: string; join: string; type: string };
  readonly store: string;
  readonly library?: string;
  readonly flops: number;
}

/** Reduces every plane, or every run of it, to a `vec2f`: results are [splits, planes]. */
function reducePlanes(spec: PlaneReduction): Shader {
  const { name, reads, body, store, library = '', flops, mapping, splits, chunk, outer, planes, inner } = spec;
  const rows = mapping === 'rows';
  const width = rows ? widthOf(inner) : 1;
  const n = inner / width;
  const groups = splits * planes;
  const { start, step, end, join, type } = body(width);
  const table = reads.includes('dy');
  const declare = [
    ...reads.map((read) => `var<storage, read> ${read}: array<${typeOf(width)}>;`),
    ...(table ? ['var<storage, read> plane_table: array<vec4f>;'] : []),
    'var<storage, read_write> result: array<vec2f>;',
  ].map((line, i) => `@group(0) @binding(${i}) ${line}`);
  const stats = table ? 'let t = plane_table[plane];' : '';
  const total = outer * inner;
  // In `rows`, units of `width` elements; a step of a workgroup's size is `step` within a plane and `stride` in memory.
  const params = rows
    ? [groups, planes, n, total / width, chunk / width, FLAT % n, Math.floor(FLAT / n) * planes * n + (FLAT % n)]
    : [groups, planes, n, outer, chunk / inner, 0, 0];
  return {
    name,
    variant: rows ? `rows ${width}` : 'columns',
    grid: rows ? flatGrid(groups) : itemGrid(groups),
    params,
    flops: flops * planes * total,
    bytes: 4 * reads.length * planes * total + 8 * groups,
    code: () => wgsl`
struct Params { groups: u32, planes: u32, inner: u32, total: u32, chunk: u32, step: u32, stride: u32 }
${declare.join('\n')}
@group(1) @binding(0) var<uniform> p: Params;
${library}
${rows ? `var<workgroup> parts: array<${type}, ${FLAT}>;\n${rowMain(FLAT)}` : `${flatMain}\n  let row = item;`}
  if (row >= p.groups) { return; }
  let run = row / p.planes;
  let plane = row - run * p.planes;
  let first = run * p.chunk;
  let last = min(first + p.chunk, p.total);
  ${stats}
  ${start}
${
  rows
    ? `  var i = first + lid;
  let o = i / p.inner;
  var inner = i - o * p.inner;
  var at = (o * p.planes + plane) * p.inner + inner;
  for (; i < last; i += ${FLAT}u) {
    ${step}
    inner += p.step;
    at += p.stride;
    if (inner >= p.inner) { inner -= p.inner; at += (p.planes - 1u) * p.inner; }
  }
  ${end}
  ${gather(type, 'all', join)}
  if (lid == 0u) { let all = parts[0]; result[row] = ${store}; }`
    : `  for (var o = first; o < last; o++) {
    for (var inner = 0u; inner < p.inner; inner++) {
      let at = (o * p.planes + plane) * p.inner + inner;
      ${step}
    }
  }
  ${end}
  result[row] = ${store};`
}
}`,
  };
}

/** Mean and sum of squared differences from the mean of each run of each plane, by Welford's and Chan's formulas. */
export function planeMoments(spec: Planes & Cut): Shader {
  return reducePlanes({
    ...spec,
    name: 'planeMoments',
    reads: ['x'],
    flops: 6,
    library: chan,
    store: 'all.xy',
    body: (width) => {
      const { start, step, end } = welford(width);
      return { start, step: `let v = x[at]; ${step}`, end, join: 'join(a, b)', type: 'vec3f' };
    },
  });
}

/** Σ dy and Σ dy·x̂ of each run of each plane, with x̂ = (x − mean)/σ. */
export function planeGradSums(spec: Planes & Cut): Shader {
  return reducePlanes({
    ...spec,
    name: 'planeGradSums',
    reads: ['x', 'dy'],
    flops: 4,
    store: 'all',
    body: (width) => ({
      start: `var s = ${typeOf(width)}(0.0); var sx = s;`,
      step: 'let g = dy[at]; s += g; sx += g * (x[at] - t.x);',
      end: `let all = vec2f(${totalOf(width, 's')}, ${totalOf(width, 'sx')} * t.w);`,
      join: 'a + b',
      type: 'vec2f',
    }),
  });
}

export interface TableSpec {
  readonly planes: number;
  /** Neighbouring planes that share their statistics: the channels of a group. */
  readonly per: number;
  /** Number of weights; plane k takes weight k mod this. */
  readonly weights: number;
  readonly eps: number;
}

export interface MomentsSpec extends TableSpec {
  readonly splits: number;
  readonly chunk: number;
  /** Elements that share their statistics. */
  readonly total: number;
  readonly hasWeight: boolean;
  readonly hasBias: boolean;
  /** How far the running statistics move, which are then updated too; the running variance takes the unbiased one. */
  readonly momentum?: number;
  /** σ is √(Σ(x − mean)²/(n − 1)) + eps instead of √(Σ(x − mean)²/n + eps). */
  readonly unbiased: boolean;
}

const affine = (hasWeight: boolean, hasBias: boolean) => ({
  reads: [...(hasWeight ? ['weight'] : []), ...(hasBias ? ['bias'] : [])],
  scale: hasWeight ? 'weight[item % p.weights]' : '1.0',
  shift: hasBias ? 'bias[item % p.weights]' : '0.0',
});

/** Declarations of the storage buffers, what is read before what is written. */
export const storage = (reads: readonly string[], writes: readonly string[]) =>
  [...reads.map((s) => `var<storage, read> ${s};`), ...writes.map((s) => `var<storage, read_write> ${s};`)]
    .map((line, i) => `@group(0) @binding(${i}) ${line}`)
    .join('\n');

/** Joins the moments of all runs and makes the table of (mean, scale, shift, 1/σ): y = (x − mean)·scale + shift. */
export function planeTable(spec: MomentsSpec): Shader {
  const { planes, per, weights, eps, splits, chunk, total, momentum, unbiased } = spec;
  const { reads, scale, shift } = affine(spec.hasWeight, spec.hasBias);
  const running = momentum === undefined ? [] : ['running_mean: array<f32>', 'running_var: array<f32>'];
  const rstd = unbiased
    ? '1.0 / (sqrt(all.y / (all.z - 1.0)) + p.eps)'
    : 'inverseSqrt(max(all.y, 0.0) / all.z + p.eps)';
  const update = `
  running_mean[item] += p.momentum * (all.x - running_mean[item]);
  running_var[item] += p.momentum * (all.y / (all.z - 1.0) - running_var[item]);`;
  return {
    name: 'planeTable',
    variant: [...reads, unbiased ? 'unbiased' : '', momentum === undefined ? '' : 'running'].join(' '),
    grid: itemGrid(planes),
    params: [planes, per, weights, splits, chunk, total, { f32: eps }, { f32: momentum ?? 0 }],
    flops: 10 * planes * splits,
    bytes: planes * (8 * splits + 4 * reads.length + 16 + 8 * running.length),
    code: () => wgsl`
struct Params { planes: u32, per: u32, weights: u32, splits: u32, chunk: u32, total: u32, eps: f32, momentum: f32 }
${storage(['moments: array<vec2f>', ...reads.map((s) => `${s}: array<f32>`)], ['plane_table: array<vec4f>', ...running])}
@group(1) @binding(0) var<uniform> p: Params;
${chan}
${flatMain}
  if (item >= p.planes) { return; }
  let row = item / p.per;
  let rows = p.planes / p.per;
  var all = vec3f(0.0);
  for (var k = 0u; k < p.splits; k++) {
    all = join(all, vec3f(moments[k * rows + row], f32(min(p.chunk, p.total - k * p.chunk))));
  }
  let rstd = ${rstd};
  plane_table[item] = vec4f(all.x, rstd * ${scale}, ${shift}, rstd);
  ${running.length > 0 ? update : ''}
}`,
  };
}

/** The same table from running statistics. */
export function runningTable({ planes, weights, eps, hasWeight, hasBias }: Omit<MomentsSpec, keyof Cut>): Shader {
  const { reads, scale, shift } = affine(hasWeight, hasBias);
  return {
    name: 'runningTable',
    variant: reads.join(' '),
    grid: itemGrid(planes),
    params: [planes, weights, { f32: eps }],
    flops: 4 * planes,
    bytes: planes * (24 + 4 * reads.length),
    code: () => wgsl`
struct Params { planes: u32, weights: u32, eps: f32 }
${storage(
  ['running_mean', 'running_var', ...reads].map((s) => `${s}: array<f32>`),
  ['plane_table: array<vec4f>'],
)}
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.planes) { return; }
  let rstd = inverseSqrt(running_var[item] + p.eps);
  plane_table[item] = vec4f(running_mean[item], rstd * ${scale}, ${shift}, rstd);
}`,
  };
}

export interface GradTableSpec extends Omit<TableSpec, 'weights'> {
  readonly splits: number;
  /** Elements that share their statistics; 0 where these are given and not the data's own. */
  readonly total: number;
  readonly unbiased: boolean;
}

/**
 * From Σ dy and Σ dy·x̂ of each plane: (mean, p, q, r) with dx = p·dy − q·(x − mean) − r, where p = scale,
 * r = Σ scale·Σdy / n and q = Σ scale·Σ(dy·x̂) / (σ n) over the planes of a group; and the two sums, which are the
 * gradients of bias and weight.
 */
export function planeGradTable({ planes, per, eps, splits, total, unbiased }: GradTableSpec): Shader {
  // With σ = s + eps the inner derivative is 1/((n − 1) s).
  const inner = unbiased ? 'p.unbiased / max(1.0 / t.w - p.eps, 1e-20)' : 't.w * p.inverse';
  return {
    name: 'planeGradTable',
    variant: unbiased ? 'unbiased' : '',
    grid: itemGrid(planes),
    params: [planes, per, splits, { f32: total && 1 / total }, { f32: total && 1 / (total - 1) }, { f32: eps }],
    flops: 4 * planes * per * splits,
    bytes: planes * (8 * splits + 40),
    code: () => wgsl`
struct Params { planes: u32, per: u32, splits: u32, inverse: f32, unbiased: f32, eps: f32 }
${storage(
  ['sums: array<vec2f>', 'plane_table: array<vec4f>'],
  ['coefficients: array<vec4f>', 'sum_dy: array<f32>', 'sum_dyx: array<f32>'],
)}
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.planes) { return; }
  let first = item / p.per * p.per;
  var group = vec2f(0.0);
  for (var plane = first; plane < first + p.per; plane++) {
    var own = vec2f(0.0);
    for (var k = 0u; k < p.splits; k++) { own += sums[k * p.planes + plane]; }
    group += plane_table[plane].y * own;
    if (plane == item) { sum_dy[item] = own.x; sum_dyx[item] = own.y; }
  }
  let t = plane_table[item];
  coefficients[item] = vec4f(t.x, t.y, group.y * ${inner}, group.x * p.inverse);
}`,
  };
}

/**
 * A pass over all elements. An invocation keeps its plane's table entry `t` for several positions: of the outer axis, or, where
 * there is none, of equal parts of the plane.
 */
function eachElement(name: string, { outer, planes, inner }: Planes, reads: readonly string[], body: string): Shader {
  const width = widthOf(inner);
  const n = inner / width;
  const parts = outer > 1 ? 1 : ([8, 4, 2].find((k) => n % k === 0 && n / k >= 16) ?? 1);
  const span = n / parts;
  const loops = outer * parts;
  const positions = planes * span;
  const chunk = Math.max(1, Math.min(loops, Math.floor((loops * positions) / 32768), 8));
  const items = positions * Math.ceil(loops / chunk);
  const elements = outer * planes * inner;
  return {
    name,
    variant: `${width}`,
    grid: itemGrid(items),
    params: [items, positions, span, n, loops, chunk, parts > 1 ? span : planes * n],
    flops: 3 * reads.length * elements,
    bytes: 4 * elements * (reads.length + 1) + 16 * planes,
    code: () => wgsl`
struct Params { n: u32, positions: u32, span: u32, inner: u32, loops: u32, chunk: u32, step: u32 }
${storage([...reads.map((s) => `${s}: array<${typeOf(width)}>`), 'plane_table: array<vec4f>'], [`result: array<${typeOf(width)}>`])}
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let run = item / p.positions;
  let position = item - run * p.positions;
  let plane = position / p.span;
  let t = plane_table[plane];
  let base = plane * p.inner + position - plane * p.span;
  let first = run * p.chunk;
  let last = min(first + p.chunk, p.loops);
  for (var o = first; o < last; o++) {
    let at = o * p.step + base;
    result[at] = ${body};
  }
}`,
  };
}

/** y = (x − mean)·scale + shift. */
export const planeApply = (planes: Planes): Shader =>
  eachElement('planeApply', planes, ['x'], '(x[at] - t.x) * t.y + t.z');

/** dx = p·dy − q·(x − mean) − r. */
export const planeApplyGrad = (planes: Planes): Shader =>
  eachElement('planeApplyGrad', planes, ['x', 'dy'], 'dy[at] * t.y - (x[at] - t.x) * t.z - t.w');

/** dx = scale·dy, where the statistics do not depend on x. */
export const planeScale = (planes: Planes): Shader => eachElement('planeScale', planes, ['dy'], 'dy[at] * t.y');

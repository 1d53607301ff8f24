import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { leaky } from './activation.js';
import { FLAT, flatGrid, flatMain, itemGrid, type Param, rowMain, type Shader, storage } from './shader.js';

/**
 * Batch, group and instance norm. A tensor is seen as [outer, planes, inner]: [N, C, HW] where statistics run over the batch,
 * [1, N·C, HW] where they run within a sample. Everything that a plane needs lies in one `vec4f` of a table, so that the
 * pass over the elements loads it once: mean, scale, shift, 1/σ; and backwards a `vec2f` of another (see norm-table.ts).
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

/** An element, or four neighbours, of a tensor that the kernel reads: float32 from here on, whatever it is stored as. */
export const load = (width: 1 | 4, name: string, at = 'at') => `${typeOf(width)}(${name}[${at}])`;
/** Writes such a value. */
export const store = (name: string, value: string, at = 'at') => `${name}[${at}] = ${value};`;

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
  readonly variant?: string;
  readonly reads: readonly string[];
  /** Tensors of the size of those read that the loop writes on the way. */
  readonly writes?: readonly string[];
  /** Whether the loop reads its plane's entry `t` of the table and the activation's `slope`. */
  readonly slope?: number;
  /** WGSL around the loop, in which `at` is the position; `result` is a vec2f. */
  readonly body: (width: 1 | 4) => { start: string; step: string; end: string; join: string; type: string };
  readonly result: string;
  readonly library?: (width: 1 | 4) => string;
  readonly flops: number;
}

/** Reduces every plane, or every run of it, to a `vec2f`: results are [splits, planes]. */
function reducePlanes(spec: PlaneReduction): Shader {
  const { name, variant, reads, writes = [], slope, body, result, library, flops } = spec;
  const { mapping, splits, chunk, outer, planes, inner } = spec;
  const rows = mapping === 'rows';
  const width = rows ? widthOf(inner) : 1;
  const n = inner / width;
  const groups = splits * planes;
  const { start, step, end, join, type } = body(width);
  const table = slope !== undefined;
  const declare = storage(
    [...reads.map((read) => `${read}: array<${typeOf(width)}>`), ...(table ? ['plane_table: array<vec4f>'] : [])],
    ['result: array<vec2f>', ...writes.map((write) => `${write}: array<${typeOf(width)}>`)],
  );
  const total = outer * inner;
  // In `rows`, units of `width` elements; a step of a workgroup's size is `step` within a plane and `stride` in memory.
  const params: readonly Param[] = rows
    ? [groups, planes, n, total / width, chunk / width, FLAT % n, Math.floor(FLAT / n) * planes * n + (FLAT % n)]
    : [groups, planes, n, outer, chunk / inner, 0, 0];
  return {
    name,
    variant: `${rows ? `rows ${width}` : 'columns'}${variant ? ` ${variant}` : ''}`,
    grid: rows ? flatGrid(groups) : itemGrid(groups),
    params: [...params, { f32: slope ?? 1 }],
    flops: flops * planes * total,
    bytes: 4 * (reads.length + writes.length) * planes * total + 8 * groups + (table ? 16 * planes : 0),
    code: () => wgsl`
struct Params { groups: u32, planes: u32, inner: u32, total: u32, chunk: u32, step: u32, stride: u32, slope: f32 }
${declare}
@group(0) @binding(99) var<uniform> p: Params;
${library?.(width) ?? ''}
${rows ? `var<workgroup> parts: array<${type}, ${FLAT}>;\n${rowMain(FLAT)}` : `${flatMain}\n  let row = item;`}
  if (row >= p.groups) { return; }
  let run = row / p.planes;
  let plane = row - run * p.planes;
  let first = run * p.chunk;
  let last = min(first + p.chunk, p.total);
  ${table ? 'let t = plane_table[plane]; let slope = p.slope;' : ''}
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
  if (lid == 0u) { let all = parts[0]; result[row] = ${result}; }`
    : `  for (var o = first; o < last; o++) {
    for (var inner = 0u; inner < p.inner; inner++) {
      let at = (o * p.planes + plane) * p.inner + inner;
      ${step}
    }
  }
  ${end}
  result[row] = ${result};`
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
    library: () => chan,
    result: 'all.xy',
    body: (width) => {
      const { start, step, end } = welford(width);
      return { start, step: `let v = ${load(width, 'x')}; ${step}`, end, join: 'join(a, b)', type: 'vec3f' };
    },
  });
}

/** What followed a norm, as its way back sees it: y = leaky(x̂·weight + bias + residual). */
export interface Masking {
  /** Slope of the activation below zero: 1 where there is none, 0 for ReLU. */
  readonly slope: number;
  /** Whether a residual was added before it: then its sign is that of y, else it is known from x. */
  readonly residual: boolean;
}

/**
 * Σ g and Σ g·x̂ of each run of each plane, with x̂ = (x − mean)/σ and g = dy·leaky′. With a residual, whose gradient g is,
 * y is read too and g written.
 */
export function planeGradSums(spec: Planes & Cut & Masking): Shader {
  const { slope, residual } = spec;
  return reducePlanes({
    ...spec,
    name: 'planeGradSums',
    variant: residual ? 'residual' : '',
    reads: residual ? ['x', 'dy', 'y'] : ['x', 'dy'],
    writes: residual ? ['masked'] : [],
    slope,
    flops: 8,
    library: (width) => leaky(typeOf(width)),
    result: 'all',
    body: (width) => ({
      start: `var s = ${typeOf(width)}(0.0); var sx = s;`,
      step: `let d = ${load(width, 'x')} - t.x;
    let g = ${load(width, 'dy')} * leaky_slope(${residual ? load(width, 'y') : 'd * t.y + t.z'}, slope);
    ${residual ? store('masked', 'g') : ''}
    s += g; sx += g * d;`,
      end: `let all = vec2f(${totalOf(width, 's')}, ${totalOf(width, 'sx')} * t.w);`,
      join: 'a + b',
      type: 'vec2f',
    }),
  });
}

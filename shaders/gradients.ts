import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { each, ends, inTensor, MOST_TENSORS } from './bundle.js';
import { FLAT, flatMain, itemGrid, type Shader } from './shader.js';

/** Kernels that look at the gradients of all parameters together: their norm, whether they overflowed. See bundle.ts. */

/** How many tensors squareSums, largestBits and scaleBy take. */
export const reduceWidth = (storageBuffers: number): number => Math.min(MOST_TENSORS, storageBuffers - 1);

/** Most workgroups, and so partial results, of one pass. */
const MOST_GROUPS = 64;

/** Workgroups, and so partial results, of a pass over tensors of these sizes. */
export function passGroups(sizes: readonly number[]): number {
  const quads = sizes.reduce((sum, size) => sum + Math.ceil(size / 4), 0);
  return Math.max(1, Math.min(MOST_GROUPS, Math.ceil(quads / (4 * FLAT))));
}

interface Pass {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly first: number;
  /** WGSL type of the partial results; `sum` starts at its zero. */
  readonly type: 'f32' | 'u32';
  /** WGSL of `sum` with the quad `x`, and of two partial results `a` and `b` together. */
  readonly take: string;
  readonly join: string;
}

/** Partial results over several tensors, a workgroup each, from place `first` of the result on; in a fixed order. */
function pass({ name, sizes, first, type, take, join }: Pass): Shader {
  const count = sizes.length;
  const end = ends(sizes.map((size) => Math.ceil(size / 4)));
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const groups = passGroups(sizes);
  return {
    name,
    variant: `${count}`,
    grid: [groups, 1, 1],
    params: [first, groups * FLAT, ...sizes.flatMap((size, k) => [end[k]!, size])],
    flops: 2 * n,
    bytes: 4 * n,
    code: () => wgsl`
struct Params { first: u32, stride: u32, ${Array.from({ length: count }, (_, k) => `end${k}: u32, n${k}: u32`).join(', ')} }
${each(count, (k) => `@group(0) @binding(${k}) var<storage, read> x${k}: array<vec4f>;`)}
@group(0) @binding(${count}) var<storage, read_write> result: array<${type}>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> partial: array<${type}, ${FLAT}>;
/** A quad without what lies beyond the tensor's end. */
fn within(x: vec4f, i: u32, n: u32) -> vec4f { return select(vec4f(0.0), x, vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u) < vec4u(n)); }
fn quad(item: u32) -> vec4f {
  var x: vec4f; var at: u32; var n: u32;
  ${inTensor(count, (k) => `x = x${k}[i]; at = i; n = p.n${k};`)}
  return within(x, at, n);
}
${flatMain}
  var sum = ${type}(0);
  for (var q = item; q < p.end${count - 1}; q += p.stride) { let x = quad(q); sum = ${take}; }
  ${joinPartials(join)}
  if (lid == 0u) { result[p.first + wid.x] = partial[0]; }
}`,
  };
}

/** WGSL that joins the workgroup's sums into partial[0]. */
const joinPartials = (join: string): string => `partial[lid] = sum;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { let a = partial[lid]; let b = partial[lid + half]; partial[lid] = ${join}; }
  }`;

/** Partial sums of squares over several tensors. Bindings: the tensors, the partial sums. */
export const squareSums = (sizes: readonly number[], first: number): Shader =>
  pass({ name: 'squareSums', sizes, first, type: 'f32', take: 'sum + dot(x, x)', join: 'a + b' });

const bits = 'bitcast<vec4u>(abs(x))';
const largest = `max(sum, max(max(${bits}.x, ${bits}.y), max(${bits}.z, ${bits}.w)))`;

/**
 * The largest absolute values of several tensors, as bits: among these the order of floats is that of whole numbers, with
 * infinity and NaN above all others whatever the GPU makes of them. Bindings: the tensors, the partial results (uint32).
 */
export const largestBits = (sizes: readonly number[], first: number): Shader =>
  pass({ name: 'largestBits', sizes, first, type: 'u32', take: largest, join: 'max(a, b)' });

/** From n partial sums of squares: result = [norm, min(1, most / (norm + 1e-6))]. */
export function clipFactor(n: number, most: number): Shader {
  return {
    name: 'clipFactor',
    variant: '',
    grid: [1, 1, 1],
    params: [n, { f32: most }],
    flops: n,
    bytes: 4 * n,
    code: () => wgsl`
struct Params { n: u32, most: f32 }
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> partial: array<f32, ${FLAT}>;
${flatMain}
  var sum = 0.0;
  for (var i = item; i < p.n; i += ${FLAT}u) { sum += sums[i]; }
  ${joinPartials('a + b')}
  if (lid == 0u) {
    let norm = sqrt(partial[0]);
    result[0] = norm;
    result[1] = min(1.0, p.most / (norm + 1e-6));
  }
}`,
  };
}

/** How a loss scale moves. */
export interface ScaleRule {
  /** Absolute value of a scaled gradient from which it counts as overflown. */
  readonly most: number;
  readonly growth: number;
  readonly backoff: number;
  /** Steps without an overflow after which the scale grows. */
  readonly interval: number;
}

/** The largest loss scale. */
const MOST_SCALE = 2 ** 24;

/**
 * From n results of largestBits: state = [scale for the next step, 1 / scale of this step, 1 if it overflowed, good steps since
 * the scale moved].
 */
export function scaleVerdict(n: number, { most, growth, backoff, interval }: ScaleRule): Shader {
  return {
    name: 'scaleVerdict',
    variant: '',
    grid: [1, 1, 1],
    params: [n, { f32: most }, { f32: growth }, { f32: backoff }, { f32: interval }],
    flops: n,
    bytes: 4 * n,
    code: () => wgsl`
struct Params { n: u32, most: f32, growth: f32, backoff: f32, interval: f32 }
@group(0) @binding(0) var<storage, read> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> partial: array<u32, ${FLAT}>;
${flatMain}
  var sum = 0u;
  for (var i = item; i < p.n; i += ${FLAT}u) { sum = max(sum, bits[i]); }
  ${joinPartials('max(a, b)')}
  if (lid == 0u) {
    let scale = state[0];
    let bad = partial[0] >= bitcast<u32>(p.most);
    let good = select(state[3] + 1.0, 0.0, bad);
    let grows = good >= p.interval;
    state[0] = clamp(select(select(scale, scale * p.growth, grows), scale * p.backoff, bad), 1.0, ${MOST_SCALE}.0);
    state[1] = 1.0 / scale;
    state[2] = select(0.0, 1.0, bad);
    state[3] = select(good, 0.0, grows);
  }
}`,
  };
}

/** Several tensors times factor[1], in place. Bindings: the factor, the tensors. */
export function scaleBy(sizes: readonly number[]): Shader {
  const count = sizes.length;
  const end = ends(sizes.map((size) => Math.ceil(size / 4)));
  const n = sizes.reduce((sum, size) => sum + size, 0);
  return {
    name: 'scaleBy',
    variant: `${count}`,
    grid: itemGrid(end.at(-1)!),
    params: end,
    flops: n,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { ${end.map((_, k) => `end${k}: u32`).join(', ')} }
@group(0) @binding(0) var<storage, read> factor: array<f32>;
${each(count, (k) => `@group(0) @binding(${k + 1}) var<storage, read_write> x${k}: array<vec4f>;`)}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  let f = factor[1];
  ${inTensor(count, (k) => `x${k}[i] *= f;`)}
}`,
  };
}

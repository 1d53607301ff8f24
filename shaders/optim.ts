import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { FLAT, flatMain, itemGrid, type Param, type Shader } from './shader.js';

/**
 * Optimiser steps over many tensors in one dispatch. A shader can not index its bindings, so the tensors are laid end to end,
 * in quads (`vec4f`; the last quad's surplus lies in the buffers' padding and is never read), and an invocation finds its
 * tensor by comparing. State (momentum, moments) lies in arenas that all tensors share, so that each tensor costs two bindings.
 */

/** WGSL that finds the tensor of the flat quad `item`; `at(k)` is what is done with quad `i` of tensor k. */
const inTensor = (count: number, at: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => {
    const i = k === 0 ? 'item' : `item - p.end${k - 1}`;
    return `if (item < p.end${k}) { let i = ${i}; ${at(k)} }`;
  }).join('\n  else ');

const each = (count: number, line: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => line(k)).join('\n');

/** Most tensors of one dispatch: beyond, a kernel takes longer to compile (a tenth of a second each on software) than it saves. */
const MOST_TENSORS = 8;

/** Running ends of runs of the given lengths. */
function ends(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((n) => {
    end += n;
    return end;
  });
}

/** How one element moves: the rule of an optimiser. */
export interface UpdateRule {
  readonly name: string;
  /** Arenas of state: `vec4f` variables of these names. */
  readonly state: readonly string[];
  /** float32 scalars, given for each tensor: `s.<name>`. */
  readonly scalars: readonly string[];
  /** WGSL that moves `x` by its gradient `g` and the state. */
  readonly body: string;
  /** Floating point operations an element. */
  readonly flops: number;
}

/** One tensor of an update. */
export interface UpdateSlot {
  /** Elements. */
  readonly size: number;
  /** The quad of the arenas at which its state begins. */
  readonly at: number;
  /** As the rule names them. */
  readonly scalars: readonly number[];
}

/** How many tensors one update takes: two bindings each beside the arenas, and their scalars within 64 words. */
export function updateWidth({ state, scalars }: UpdateRule, storageBuffers: number): number {
  return Math.floor(Math.min(MOST_TENSORS, (storageBuffers - state.length) / 2, 64 / (2 + scalars.length)));
}

/**
 * Updates several tensors by their gradients. Bindings: the gradients, the arenas, the tensors.
 *
 * x_k, state ← rule(x_k, g_k, state, scalars_k)
 */
export function update(rule: UpdateRule, slots: readonly UpdateSlot[]): Shader {
  const { name, state, scalars, body, flops } = rule;
  const count = slots.length;
  const quads = slots.map(({ size }) => Math.ceil(size / 4));
  const end = ends(quads);
  const n = slots.reduce((sum, { size }) => sum + size, 0);
  return {
    name,
    variant: `${count}`,
    grid: itemGrid(end.at(-1)!),
    params: slots.flatMap((slot, k): Param[] => [end[k]!, slot.at, ...slot.scalars.map((f32) => ({ f32 }))]),
    flops: flops * n,
    bytes: 4 * n * (3 + 2 * state.length),
    code: () => wgsl`
struct Scalars { ${scalars.map((s) => `${s}: f32`).join(', ')} }
struct Params {
${each(count, (k) => `  end${k}: u32, at${k}: u32, ${scalars.map((s) => `${s}${k}: f32`).join(', ')},`)}
}
${each(count, (k) => `@group(0) @binding(${k}) var<storage, read> g${k}: array<vec4f>;`)}
${state.map((s, i) => `@group(0) @binding(${count + i}) var<storage, read_write> ${s}s: array<vec4f>;`).join('\n')}
${each(count, (k) => `@group(0) @binding(${count + state.length + k}) var<storage, read_write> x${k}: array<vec4f>;`)}
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.end${count - 1}) { return; }
  // The rule stands here once, between the loads and the stores: a copy for each tensor takes seconds to compile.
  var x: vec4f; var g: vec4f; var at: u32; var s: Scalars;
  ${inTensor(count, (k) => `x = x${k}[i]; g = g${k}[i]; at = p.at${k} + i; s = Scalars(${scalars.map((s) => `p.${s}${k}`).join(', ')});`)}
  ${state.map((s) => `var ${s} = ${s}s[at];`).join(' ')}
  ${body}
  ${state.map((s) => `${s}s[at] = ${s};`).join(' ')}
  ${inTensor(count, (k) => `x${k}[i] = x;`)}
}`,
  };
}

/** Stochastic gradient descent without momentum: x ← x − lr (g + decay x). */
export const sgd: UpdateRule = {
  name: 'sgd',
  state: [],
  scalars: ['lr', 'decay'],
  body: 'g += s.decay * x; x -= s.lr * g;',
  flops: 4,
};

/**
 * With momentum: m ← keep m + take (g + decay x), x ← x − lr (direct (g + decay x) + by_momentum m). The first step has
 * keep 0 and take 1; Nesterov's look ahead has direct 1 and by_momentum the momentum.
 */
export const sgdMomentum: UpdateRule = {
  name: 'sgdMomentum',
  state: ['m'],
  scalars: ['lr', 'decay', 'keep', 'take', 'direct', 'by_momentum'],
  body: 'g += s.decay * x; m = s.keep * m + s.take * g; x -= s.lr * (s.direct * g + s.by_momentum * m);',
  flops: 10,
};

const moments = 'm = (1.0 - s.rate1) * m + s.rate1 * g; v = (1.0 - s.rate2) * v + s.rate2 * g * g;';

/**
 * Adam (Kingma and Ba, ICLR 2015), weight decay as a part of the gradient: g ← g + decay x, m ← β₁ m + rate1 g,
 * v ← β₂ v + rate2 g², x ← x − rate m / (√v / root + eps), where rate1 = 1 − β₁, rate2 = 1 − β₂, rate = lr / (1 − β₁ᵗ) and
 * root = √(1 − β₂ᵗ).
 */
export const adam: UpdateRule = {
  name: 'adam',
  state: ['m', 'v'],
  scalars: ['rate', 'decay', 'rate1', 'rate2', 'root', 'eps'],
  body: `g += s.decay * x; ${moments} x -= s.rate * (m / (sqrt(v) / s.root + s.eps));`,
  flops: 15,
};

/** Adam with the largest v so far (Reddi et al., ICLR 2018). */
export const adamMax: UpdateRule = {
  ...adam,
  name: 'adamMax',
  state: ['m', 'v', 'most'],
  body: `g += s.decay * x; ${moments} most = max(most, v); x -= s.rate * (m / (sqrt(most) / s.root + s.eps));`,
};

/** AdamW (Loshchilov and Hutter, ICLR 2019): x shrinks by itself, x ← x − decay x with decay = lr · weight decay. */
export const adamW: UpdateRule = {
  ...adam,
  name: 'adamW',
  body: `x -= s.decay * x; ${moments} x -= s.rate * (m / (sqrt(v) / s.root + s.eps));`,
};

export const adamWMax: UpdateRule = {
  ...adamMax,
  name: 'adamWMax',
  body: `x -= s.decay * x; ${moments} most = max(most, v); x -= s.rate * (m / (sqrt(most) / s.root + s.eps));`,
};

/** RMSprop (Hinton, 2012): v ← (1 − rate2) v + rate2 g², x ← x − lr g / (√v + eps). */
export const rmsprop: UpdateRule = {
  name: 'rmsprop',
  state: ['v'],
  scalars: ['lr', 'decay', 'rate2', 'eps'],
  body: 'g += s.decay * x; v = (1.0 - s.rate2) * v + s.rate2 * g * g; x -= s.lr * (g / (sqrt(v) + s.eps));',
  flops: 11,
};

/** How many tensors squareSums and scaleBy take. */
export const reduceWidth = (storageBuffers: number): number => Math.min(MOST_TENSORS, storageBuffers - 1);

/** Most workgroups, and so partial sums, of one squareSums. */
const MOST_GROUPS = 64;

/** Workgroups, and so partial sums, of squareSums over tensors of these sizes. */
export function squareSumGroups(sizes: readonly number[]): number {
  const quads = sizes.reduce((sum, size) => sum + Math.ceil(size / 4), 0);
  return Math.max(1, Math.min(MOST_GROUPS, Math.ceil(quads / (4 * FLAT))));
}

/**
 * Partial sums of squares over several tensors, a workgroup each, from place `first` of the result on; in a fixed order.
 * Bindings: the tensors, the partial sums.
 */
export function squareSums(sizes: readonly number[], first: number): Shader {
  const count = sizes.length;
  const end = ends(sizes.map((size) => Math.ceil(size / 4)));
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const groups = squareSumGroups(sizes);
  return {
    name: 'squareSums',
    variant: `${count}`,
    grid: [groups, 1, 1],
    params: [first, groups * FLAT, ...sizes.flatMap((size, k) => [end[k]!, size])],
    flops: 2 * n,
    bytes: 4 * n,
    code: () => wgsl`
struct Params { first: u32, stride: u32, ${Array.from({ length: count }, (_, k) => `end${k}: u32, n${k}: u32`).join(', ')} }
${each(count, (k) => `@group(0) @binding(${k}) var<storage, read> x${k}: array<vec4f>;`)}
@group(0) @binding(${count}) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<f32, ${FLAT}>;
/** A quad without what lies beyond the tensor's end. */
fn within(x: vec4f, i: u32, n: u32) -> vec4f { return select(vec4f(0.0), x, vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u) < vec4u(n)); }
fn quad(item: u32) -> vec4f {
  var x: vec4f; var at: u32; var n: u32;
  ${inTensor(count, (k) => `x = x${k}[i]; at = i; n = p.n${k};`)}
  return within(x, at, n);
}
${flatMain}
  var sum = 0.0;
  for (var q = item; q < p.end${count - 1}; q += p.stride) { let x = quad(q); sum += dot(x, x); }
  partial[lid] = sum;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] += partial[lid + half]; }
  }
  if (lid == 0u) { result[p.first + wid.x] = partial[0]; }
}`,
  };
}

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
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<f32, ${FLAT}>;
${flatMain}
  var sum = 0.0;
  for (var i = item; i < p.n; i += ${FLAT}u) { sum += sums[i]; }
  partial[lid] = sum;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] += partial[lid + half]; }
  }
  if (lid == 0u) {
    let norm = sqrt(partial[0]);
    result[0] = norm;
    result[1] = min(1.0, p.most / (norm + 1e-6));
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
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  let f = factor[1];
  ${inTensor(count, (k) => `x${k}[i] *= f;`)}
}`,
  };
}

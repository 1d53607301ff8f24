import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { each, ends, inTensor, MOST_TENSORS } from './bundle.js';
import { flatMain, itemGrid, type Param, type Shader } from './shader.js';

/**
 * Optimiser steps over many tensors in one dispatch (see bundle.ts; what lies in a last quad's surplus is never read). State
 * (momentum, moments) lies in arenas that all tensors share, so that each tensor costs two bindings.
 */

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

/** How many tensors one update takes: two bindings each beside the arenas and a guard, and their scalars within 64 words. */
export function updateWidth({ state, scalars }: UpdateRule, storageBuffers: number, guarded: boolean): number {
  const bindings = storageBuffers - state.length - (guarded ? 1 : 0);
  return Math.floor(Math.min(MOST_TENSORS, bindings / 2, 64 / (2 + scalars.length)));
}

/**
 * Updates several tensors by their gradients. Bindings: the gradients, with `guarded` the state of a loss scale (see
 * scaleVerdict: gradients are multiplied by its inverse, and nothing moves where they overflowed), the arenas, the tensors.
 *
 * x_k, state ← rule(x_k, g_k, state, scalars_k)
 */
export function update(rule: UpdateRule, slots: readonly UpdateSlot[], guarded = false): Shader {
  const { name, state, scalars, body, flops } = rule;
  const count = slots.length;
  const quads = slots.map(({ size }) => Math.ceil(size / 4));
  const end = ends(quads);
  const arenas = count + (guarded ? 1 : 0);
  const n = slots.reduce((sum, { size }) => sum + size, 0);
  return {
    name,
    variant: `${count}${guarded ? ' guarded' : ''}`,
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
#if ${guarded}
@group(0) @binding(${count}) var<storage, read> guard: array<f32>;
#endif
${state.map((s, i) => `@group(0) @binding(${arenas + i}) var<storage, read_write> ${s}s: array<vec4f>;`).join('\n')}
${each(count, (k) => `@group(0) @binding(${arenas + state.length + k}) var<storage, read_write> x${k}: array<vec4f>;`)}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.end${count - 1}${guarded ? ' || guard[2] != 0.0' : ''}) { return; }
  // The rule stands here once, between the loads and the stores: a copy for each tensor takes seconds to compile.
  var x: vec4f; var g: vec4f; var at: u32; var s: Scalars;
  ${inTensor(count, (k) => `x = x${k}[i]; g = g${k}[i]; at = p.at${k} + i; s = Scalars(${scalars.map((s) => `p.${s}${k}`).join(', ')});`)}
  ${guarded ? 'g *= guard[1];' : ''}
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

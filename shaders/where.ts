import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Strided, unravel, unravelFields, unravelParams } from './copy.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/** Kernels that choose between values, element by element. A condition is any 32-bit type; what counts is whether it is 0. */

type Places = Omit<Strided, 'shape'>;

const product = (shape: readonly number[]) => shape.reduce((n, m) => n * m, 1);

/** Bits that make a number differ from 0: of a float32 all but its sign. */
const bitsOf = (dtype: string): number => (dtype === 'float32' ? 0x7fffffff : 0xffffffff);

export interface WhereSpec {
  /** Of the result; each source is read by strides, 0 where it repeats. */
  readonly shape: readonly number[];
  readonly condition: Places & { readonly dtype: string };
  readonly x: Places;
  readonly y: Places;
}

/** condition ≠ 0 ? x : y. */
export function where({ shape, condition, x, y }: WhereSpec): Shader {
  const rank = shape.length;
  const n = product(shape);
  return {
    name: 'where',
    variant: `broadcast ${rank}`,
    grid: itemGrid(n),
    params: [n, bitsOf(condition.dtype), ...unravelParams(shape, condition, x, y)],
    flops: 0,
    bytes: 16 * n,
    code: () => wgsl`
struct Params { n: u32, bits: u32, ${unravelFields(rank, ['c', 'i', 'j'])} }
@group(0) @binding(0) var<storage, read> condition: array<u32>;
@group(0) @binding(1) var<storage, read> xs: array<f32>;
@group(0) @binding(2) var<storage, read> ys: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['c', 'i', 'j'])}
  if ((condition[c] & p.bits) != 0u) { result[item] = xs[i]; } else { result[item] = ys[j]; }
}`,
  };
}

export interface MaskFillSpec {
  readonly shape: readonly number[];
  readonly mask: Places & { readonly dtype: string };
  readonly x: Places;
  readonly value: number;
  /** Fill where the mask is set, or where it is not. */
  readonly where: boolean;
}

/** The value where the mask is (or is not) 0, x elsewhere. */
export function maskFill({ shape, mask, x, value, where }: MaskFillSpec): Shader {
  const rank = shape.length;
  const n = product(shape);
  return {
    name: 'maskedFill',
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, bitsOf(mask.dtype), Number(where), { f32: value }, ...unravelParams(shape, mask, x)],
    flops: 0,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32, bits: u32, wanted: u32, value: f32, ${unravelFields(rank, ['c', 'i'])} }
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read> xs: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['c', 'i'])}
  let is_set = u32((mask[c] & p.bits) != 0u);
  result[item] = select(xs[i], p.value, is_set == p.wanted);
}`,
  };
}

export interface PreluSpec {
  readonly n: number;
  /** Slopes, and how many neighbours have the same one. */
  readonly channels: number;
  readonly inner: number;
}

const preluHead = (buffers: readonly string[]) => `
struct Params { n: u32, channels: u32, inner: u32 }
${buffers.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<f32>;`).join('\n')}
@group(0) @binding(${buffers.length}) var<storage, read_write> result: array<f32>;`;

/** x for x > 0, its channel's slope · x otherwise. */
export function prelu({ n, channels, inner }: PreluSpec): Shader {
  return {
    name: 'prelu',
    variant: '',
    grid: itemGrid(n),
    params: [n, channels, inner],
    flops: n,
    bytes: 8 * n,
    code: () => wgsl`${preluHead(['xs', 'slopes'])}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let x = xs[item];
  result[item] = select(slopes[(item / p.inner) % p.channels] * x, x, x > 0.0);
}`,
  };
}

/** dx, and what each element gives to its slope: dy min(x, 0). */
export function preluGrad({ n, channels, inner }: PreluSpec): Shader {
  return {
    name: 'preluGrad',
    variant: '',
    grid: itemGrid(n),
    params: [n, channels, inner],
    flops: 2 * n,
    bytes: 16 * n,
    code: () => wgsl`${preluHead(['xs', 'slopes', 'dys'])}
@group(0) @binding(4) var<storage, read_write> shares: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let x = xs[item]; let dy = dys[item];
  result[item] = select(slopes[(item / p.inner) % p.channels] * dy, dy, x > 0.0);
  shares[item] = dy * min(x, 0.0);
}`,
  };
}

/** int32 or uint32 as float32. */
export function toFloat(n: number, dtype: 'int32' | 'uint32'): Shader {
  const quads = Math.ceil(n / 4);
  return {
    name: 'toFloat',
    variant: dtype,
    grid: itemGrid(quads),
    params: [quads],
    flops: 0,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<${dtype === 'int32' ? 'vec4i' : 'vec4u'}>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  y[item] = vec4f(x[item]);
}`,
  };
}

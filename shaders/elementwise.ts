import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { inQuads, quadStarts, quadStrides, unravel, unravelFields, unravelParams } from './copy.js';
import { flatMain, itemGrid, type Shader } from './shader.js';
import { type UnaryFunction, type UnaryName, unaryFunctions, unaryLibrary } from './unary.js';

/**
 * Kernels that treat every element alike. One invocation takes four neighbours as a `vec4f`; buffers are padded to 16 bytes,
 * so the last four need no mask: what is computed beyond the end is never read.
 */

export interface Scalars {
  readonly a?: number;
  readonly b?: number;
}

interface Elementwise {
  readonly name: string;
  readonly variant: string;
  /** Number of elements. */
  readonly n: number;
  /** What is read, by name; each is a `vec4f` of that name in the body. */
  readonly reads: readonly string[];
  readonly scalars?: Scalars;
  readonly flops?: number;
  readonly body: string;
  readonly library?: boolean;
}

function elementwise({ name, variant, n, reads, scalars = {}, flops = 1, body, library }: Elementwise): Shader {
  const quads = Math.ceil(n / 4);
  return {
    name,
    variant,
    grid: itemGrid(quads),
    params: [quads, { f32: scalars.a ?? 0 }, { f32: scalars.b ?? 0 }],
    flops: flops * n,
    bytes: 4 * n * (reads.length + 1),
    code: () => wgsl`
struct Params { n: u32, a: f32, b: f32 }
${reads.map((read, i) => `@group(0) @binding(${i}) var<storage, read> ${read}s: array<vec4f>;`).join('\n')}
@group(0) @binding(${reads.length}) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${library ? unaryLibrary : ''}
${flatMain}
  if (item >= p.n) { return; }
  ${reads.map((read) => `let ${read} = ${read}s[item];`).join(' ')}
  ${body}
}`,
  };
}

const functionOf = (name: UnaryName): UnaryFunction => unaryFunctions[name];

/** y = f(x). */
export function unary(name: UnaryName, n: number, scalars?: Scalars): Shader {
  const { f, flops } = functionOf(name);
  return elementwise({
    name,
    variant: '',
    n,
    scalars,
    flops,
    reads: ['x'],
    library: true,
    body: `result[item] = ${f};`,
  });
}

const factor = (name: UnaryName, which: 'd' | 'dd'): string => {
  const { f } = functionOf(name);
  const derivative = functionOf(name)[which]!;
  return /\by\b/.test(derivative) ? `let y = ${f}; let factor = ${derivative};` : `let factor = ${derivative};`;
};

/** dx = f′(x) dy. */
export function unaryGrad(name: UnaryName, n: number, scalars?: Scalars): Shader {
  const body = `${factor(name, 'd')} result[item] = factor * dy;`;
  return elementwise({
    name: `${name}Grad`,
    variant: '',
    n,
    scalars,
    reads: ['x', 'dy'],
    library: true,
    flops: 3,
    body,
  });
}

/** f″(x) u w: the second step of a gradient's gradient. */
export function unaryGradGrad(name: UnaryName, n: number, scalars?: Scalars): Shader {
  const body = `${factor(name, 'dd')} result[item] = factor * u * w;`;
  return elementwise({
    name: `${name}GradGrad`,
    variant: '',
    n,
    scalars,
    reads: ['x', 'u', 'w'],
    library: true,
    flops: 4,
    body,
  });
}

/** Functions of two numbers, as WGSL on scalars or vectors `x` and `y` (`T` is their type). */
export const binaryFunctions = {
  add: 'x + y',
  sub: 'x - y',
  mul: 'x * y',
  div: 'x / y',
  maximum: 'max(x, y)',
  minimum: 'min(x, y)',
  /** 1 where x is the larger, one half at a tie. */
  larger: 'select(select(T(0.0), T(0.5), x == y), T(1.0), x > y)',
  pow: 'exp2(y * log2(x))',
  /** x^y ln x, the derivative of a power by its exponent. */
  powLog: 'exp2(y * log2(x)) * log(x)',
  equal: 'select(T(0.0), T(1.0), x == y)',
  greater: 'select(T(0.0), T(1.0), x > y)',
  greaterEqual: 'select(T(0.0), T(1.0), x >= y)',
} as const;

export type BinaryName = keyof typeof binaryFunctions;

/** z = f(x, y) for two tensors of one shape, row-major. */
export function binary(name: BinaryName, n: number): Shader {
  const f = binaryFunctions[name].replaceAll('T(', 'vec4f(');
  return elementwise({ name, variant: 'same', n, reads: ['x', 'y'], body: `result[item] = ${f};` });
}

export interface BroadcastSpec {
  /** Of the result. */
  readonly shape: readonly number[];
  readonly x: { readonly strides: readonly number[]; readonly offset: number };
  readonly y: { readonly strides: readonly number[]; readonly offset: number };
}

/** z = f(x, y) where either is read by strides (0 repeats); an invocation takes four neighbours where rows divide by four. */
export function binaryBroadcast(name: BinaryName, { shape, x, y }: BroadcastSpec): Shader {
  const rank = shape.length;
  const n = shape.reduce((size, m) => size * m, 1);
  const quads = inQuads(shape);
  const items = quads ? n / 4 : n;
  const steps = [x.strides.at(-1) ?? 0, y.strides.at(-1) ?? 0];
  const layout = quads ? unravelParams(quadStarts(shape), quadStrides(x), quadStrides(y)) : unravelParams(shape, x, y);
  const read = (buffer: string, at: string, step: string) =>
    quads
      ? `vec4f(${buffer}[${at}], ${buffer}[${at} + ${step}], ${buffer}[${at} + 2u * ${step}], ${buffer}[${at} + 3u * ${step}])`
      : `${buffer}[${at}]`;
  return {
    name,
    variant: `broadcast ${rank}${quads ? ' quads' : ''}`,
    grid: itemGrid(items),
    params: [items, ...steps, ...layout],
    flops: n,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32, x_step: u32, y_step: u32, ${unravelFields(rank, ['i', 'j'])} }
@group(0) @binding(0) var<storage, read> xs: array<f32>;
@group(0) @binding(1) var<storage, read> ys: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<${quads ? 'vec4f' : 'f32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['i', 'j'])}
  let x = ${read('xs', 'i', 'p.x_step')};
  let y = ${read('ys', 'j', 'p.y_step')};
  result[item] = ${binaryFunctions[name].replaceAll('T(', quads ? 'vec4f(' : 'f32(')};
}`,
  };
}

/** sum += x, in place. */
export function accumulate(n: number): Shader {
  return elementwise({ name: 'accumulate', variant: '', n, reads: ['x'], body: 'result[item] += x;' });
}

/** Every element becomes the scalar. */
export function fill(n: number, value: number): Shader {
  return elementwise({
    name: 'fill',
    variant: '',
    n,
    reads: [],
    scalars: { a: value },
    flops: 0,
    body: 'result[item] = vec4f(p.a);',
  });
}

/** 0, 1, 2 … as floats: start + step · i. */
export function ramp(n: number, start: number, step: number): Shader {
  const body = 'let i = 4u * item; result[item] = p.a + p.b * vec4f(vec4u(i, i + 1u, i + 2u, i + 3u));';
  return elementwise({ name: 'arange', variant: '', n, reads: [], scalars: { a: start, b: step }, body });
}

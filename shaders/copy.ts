import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

export interface Strided {
  readonly shape: readonly number[];
  /** In elements, of the source. */
  readonly strides: readonly number[];
  readonly offset: number;
}

/** WGSL that turns the flat row-major `item` into one offset per stride list; `p.n0…` are sizes, `p.<name>0…` strides. */
export function unravel(rank: number, names: readonly string[]): string {
  const lines = ['var rest = item;', ...names.map((name) => `var ${name} = p.${name}_offset;`)];
  for (let i = rank - 1; i >= 0; i--) {
    lines.push(i === 0 ? 'let at0 = rest;' : `let at${i} = rest % p.n${i}; rest = rest / p.n${i};`);
    for (const name of names) lines.push(`${name} += at${i} * p.${name}${i};`);
  }
  return lines.join('\n  ');
}

/** Fields of the scalars that `unravel` reads, in the order that `unravelParams` fills them. */
export function unravelFields(rank: number, names: readonly string[]): string {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return [
    ...axes.map((i) => `n${i}: u32`),
    ...names.flatMap((s) => [`${s}_offset: u32`, ...axes.map((i) => `${s}${i}: u32`)]),
  ].join(', ');
}

export function unravelParams(shape: readonly number[], ...sources: readonly Omit<Strided, 'shape'>[]): number[] {
  return [...shape, ...sources.flatMap(({ offset, strides }) => [offset, ...strides])];
}

/** Whether four neighbours of the result lie in one row of the innermost axis, so that an invocation can take them together. */
export const inQuads = (shape: readonly number[]): boolean => (shape.at(-1) ?? 1) % 4 === 0;

/** Every fourth element of the innermost axis: where an invocation's four neighbours begin. */
export const quadStarts = (shape: readonly number[]): number[] => [...shape.slice(0, -1), shape.at(-1)! / 4];
export const quadStrides = ({ strides, offset }: Omit<Strided, 'shape'>): Omit<Strided, 'shape'> => ({
  offset,
  strides: [...strides.slice(0, -1), 4 * strides.at(-1)!],
});

/** Copies 32-bit elements from anywhere to row-major order; an invocation takes four neighbours where rows divide by four. */
export function copyStrided({ shape, strides, offset }: Strided): Shader {
  const rank = shape.length;
  const n = shape.reduce((size, m) => size * m, 1);
  const quads = inQuads(shape);
  const items = quads ? n / 4 : n;
  const source = { strides, offset };
  const layout = quads ? unravelParams(quadStarts(shape), quadStrides(source)) : unravelParams(shape, source);
  return {
    name: 'copy',
    variant: `${rank}${quads ? ' quads' : ''}`,
    grid: itemGrid(items),
    params: [items, strides.at(-1) ?? 0, ...layout],
    flops: 0,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32, step: u32, ${unravelFields(rank, ['x'])} }
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> target_: array<${quads ? 'vec4u' : 'u32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['x'])}
  #if ${quads}
  target_[item] = vec4u(source[x], source[x + p.step], source[x + 2u * p.step], source[x + 3u * p.step]);
  #else
  target_[item] = source[x];
  #endif
}`,
  };
}

export interface PlaceSpec {
  /** Of what is placed, and its own strides and offset. */
  readonly source: Strided;
  /** Strides and offset, in elements, of the places in the target. */
  readonly target: Omit<Strided, 'shape'>;
}

/** Copies 32-bit elements from anywhere to anywhere; one invocation an element. The rest of the target stays. */
export function placeStrided({ source, target }: PlaceSpec): Shader {
  const rank = source.shape.length;
  const n = source.shape.reduce((size, m) => size * m, 1);
  return {
    name: 'place',
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, ...unravelParams(source.shape, source, target)],
    flops: 0,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32, ${unravelFields(rank, ['x', 'y'])} }
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> target_: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['x', 'y'])}
  target_[y] = source[x];
}`,
  };
}

import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { unravel, unravelFields, unravelParams } from './copy.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/**
 * Kernels that read and write by indices held on the GPU. An index outside of its dimension reads 0 and writes nothing.
 *
 * Adding to places that several sources share needs an order: the indices are sorted first (see sort.ts; stable), so that
 * equal ones are neighbours. The invocation at the head of such a run sums it front to back and is the only one to write its
 * place: no atomics, and the same bits in each run.
 */

const product = (shape: readonly number[]) => shape.reduce((n, m) => n * m, 1);

export interface GatherSpec {
  /** Of the index and the result. */
  readonly shape: readonly number[];
  /** Strides of x for the index's dimensions: 0 for the one that is looked up. */
  readonly strides: readonly number[];
  readonly offset: number;
  /** Of x, along the dimension that is looked up. */
  readonly size: number;
  readonly stride: number;
}

/** y[i…] = x[.. index[i…] ..]; 32-bit elements of any type. */
export function gather({ shape, strides, offset, size, stride }: GatherSpec): Shader {
  const rank = shape.length;
  const n = product(shape);
  return {
    name: 'gather',
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, size, stride, ...unravelParams(shape, { strides, offset })],
    flops: 0,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32, size: u32, stride: u32, ${unravelFields(rank, ['x'])} }
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['x'])}
  let i = index[item];
  if (i < p.size) { result[item] = source[x + i * p.stride]; } else { result[item] = 0u; }
}`,
  };
}

/** The reverse of gather for indices that differ within each line: out[.. index[i…] ..] = x[i…]. The rest of out stays. */
export function placeAt({ shape, strides, size, stride }: Omit<GatherSpec, 'offset'>): Shader {
  const rank = shape.length;
  const n = product(shape);
  return {
    name: 'placeAt',
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, size, stride, ...unravelParams(shape, { strides, offset: 0 })],
    flops: 0,
    bytes: 12 * n,
    code: () => wgsl`
struct Params { n: u32, size: u32, stride: u32, ${unravelFields(rank, ['y'])} }
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> target_: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  ${unravel(rank, ['y'])}
  let i = index[item];
  if (i < p.size) { target_[y + i * p.stride] = source[item]; }
}`,
  };
}

export interface SelectSpec {
  /** x is [outer, size, inner], the result [outer, count, inner]. */
  readonly outer: number;
  readonly size: number;
  readonly count: number;
  readonly inner: number;
}

/** y[o, i] = x[o, index[i]] for whole runs of `inner` elements; x row-major. */
export function indexSelect({ outer, size, count, inner }: SelectSpec): Shader {
  const quads = inner % 4 === 0;
  const run = quads ? inner / 4 : inner;
  const n = outer * count * run;
  return {
    name: 'indexSelect',
    variant: quads ? 'quads' : '',
    grid: itemGrid(n),
    params: [n, size, count, run],
    flops: 0,
    bytes: 8 * outer * count * inner,
    code: () => wgsl`
struct Params { n: u32, size: u32, count: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> source: array<${quads ? 'vec4u' : 'u32'}>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<${quads ? 'vec4u' : 'u32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let line = item / p.inner;
  let i = index[line % p.count];
  if (i >= p.size) { result[item] = ${quads ? 'vec4u(0u)' : '0u'}; return; }
  result[item] = source[((line / p.count) * p.size + i) * p.inner + item % p.inner];
}`,
  };
}

export interface ScatterSpec {
  /** Sources lie [..shape, count, inner]; each line of `count` has sorted keys of its own, or all share one line of them. */
  readonly shape: readonly number[];
  readonly count: number;
  readonly inner: number;
  readonly shared: boolean;
  /** Strides of the target for `shape`, in elements; along the indexed dimension it has `size` runs of `inner`. */
  readonly strides: readonly number[];
  readonly size: number;
}

/** What the head (for sums) or the tail (for overwriting) of a run of equal indices does with its place. */
const scatters = {
  scatterAdd: `
  if (i > 0u && keys[line + i - 1u] == key) { return; }
  var sum = source[first + order[line + i] * p.inner];
  for (var j = i + 1u; j < p.count && keys[line + j] == key; j++) { sum += source[first + order[line + j] * p.inner]; }
  target_[place] += sum;`,
  /** The last source wins. */
  scatter: `
  if (i + 1u < p.count && keys[line + i + 1u] == key) { return; }
  target_[place] = source[first + order[line + i] * p.inner];`,
} as const;

/** Adds sources to, or writes them over, the places that their sorted indices name. The rest of the target stays. */
export function scatter(
  name: keyof typeof scatters,
  { shape, count, inner, shared, strides, size }: ScatterSpec,
): Shader {
  const rank = shape.length;
  const quads = inner % 4 === 0 && strides.every((s) => s % 4 === 0);
  const of = (elements: number) => (quads ? elements / 4 : elements);
  const n = product(shape) * count * of(inner);
  const type = quads ? 'vec4f' : 'f32';
  return {
    name,
    variant: `${rank}${quads ? ' quads' : ''}`,
    grid: itemGrid(n),
    params: [
      n,
      count,
      of(inner),
      size,
      Number(shared),
      ...unravelParams(shape, { strides: strides.map(of), offset: 0 }),
    ],
    flops: product(shape) * count * inner,
    bytes: 12 * product(shape) * count * inner,
    code: () => wgsl`
struct Params { n: u32, count: u32, inner: u32, size: u32, shared_: u32, ${unravelFields(rank, ['y'])} }
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<${type}>;
@group(0) @binding(3) var<storage, read_write> target_: array<${type}>;
@group(0) @binding(99) var<uniform> p: Params;
fn base(item: u32) -> u32 {
  ${unravel(rank, ['y'])}
  return y;
}
${flatMain}
  if (item >= p.n) { return; }
  let o = item / (p.count * p.inner);
  let i = (item / p.inner) % p.count;
  let line = select(o * p.count, 0u, p.shared_ == 1u);
  let key = keys[line + i];
  if (key >= p.size) { return; }
  let first = o * p.count * p.inner + item % p.inner;
  let place = base(o) + key * p.inner + item % p.inner;
  ${scatters[name]}
}`,
  };
}

/** [n] indices as [n, classes] zeros and ones. */
export function oneHot(n: number, classes: number): Shader {
  return {
    name: 'oneHot',
    variant: '',
    grid: itemGrid(n * classes),
    params: [n * classes, classes],
    flops: 0,
    bytes: 4 * n * (classes + 1),
    code: () => wgsl`
struct Params { n: u32, classes: u32 }
@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  result[item] = select(0.0, 1.0, index[item / p.classes] == item % p.classes);
}`,
  };
}

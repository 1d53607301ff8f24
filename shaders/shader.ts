/** What the shaders room makes: a shader is a value, and building one touches no GPU. */

/** A uniform scalar: a plain number travels as uint32 (or int32 when negative), `{ f32 }` as float32. */
export type Param = number | { readonly f32: number };

/**
 * One dispatch: which kernel, over which grid, with which scalars, at which cost.
 *
 * Conventions of the text: storage buffers are `@group(0) @binding(0..n-1)`, inputs before outputs; the scalars are a
 * struct of `u32`, `i32` and `f32` at `@group(0) @binding(99) var<uniform>`; the entry point is `main`.
 */
export interface Shader {
  /** The kernel's name, in errors and profiles. */
  readonly name: string;
  /** With the name it identifies the text: two shaders with the same name and variant have the same code. */
  readonly variant: string;
  /** Builds the WGSL; called once for each name and variant. */
  readonly code: () => string;
  /** Workgroups in x, y, z. */
  readonly grid: readonly [number, number, number];
  readonly params?: readonly Param[];
  /** Floating point operations and bytes that must move: the roofline of benchmarks and profiles. */
  readonly flops: number;
  readonly bytes: number;
}

/** Declarations of the storage buffers, what is read before what is written. */
export const storage = (reads: readonly string[], writes: readonly string[]) =>
  [...reads.map((s) => `var<storage, read> ${s};`), ...writes.map((s) => `var<storage, read_write> ${s};`)]
    .map((line, i) => `@group(0) @binding(${i}) ${line}`)
    .join('\n');

/** Invocations in a workgroup of the flat kernels. */
export const FLAT = 64;

/** A grid of at least `groups` workgroups in x and y, within 65,535 a dimension; `flatGroup` in WGSL numbers them. */
export function flatGrid(groups: number): [number, number, number] {
  if (groups <= 65535) return [Math.max(groups, 1), 1, 1];
  const x = 32768;
  return [x, Math.ceil(groups / x), 1];
}

/** A grid that gives every one of `n` items an invocation, `FLAT` to a workgroup. */
export function itemGrid(n: number): [number, number, number] {
  return flatGrid(Math.ceil(n / FLAT));
}

/**
 * The head of a flat kernel's entry point: declares `item`, the flat index of the invocation. The caller bounds it:
 * `if (item >= p.n) { return; }`.
 */
export const flatMain = `@compute @workgroup_size(${FLAT})
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = (wid.y * groups.x + wid.x) * ${FLAT}u + lid;`;

/** The head of a kernel with one workgroup of `size` a row: declares `row` and `lid`. The caller bounds the row. */
export const rowMain = (size: number) => `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;`;

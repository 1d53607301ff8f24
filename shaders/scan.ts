import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/** Running sums along one dimension, of a row-major tensor seen as [outer, n, inner], in a fixed order. */

const SIZE = 256;
const EACH = 4;
/** Elements that a workgroup of `scanBlocks` takes. */
export const SCAN_BLOCK = SIZE * EACH;

export interface ScanLines {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  /** From the end to the front. */
  readonly reverse: boolean;
}

/** One invocation a line: for short lines, and for many side by side. */
export function scanLines({ outer, n, inner, reverse }: ScanLines): Shader {
  const lines = outer * inner;
  return {
    name: 'cumsum',
    variant: 'lines',
    grid: itemGrid(lines),
    params: [lines, n, inner, Number(reverse)],
    flops: lines * n,
    bytes: 8 * lines * n,
    code: () => wgsl`
struct Params { lines: u32, n: u32, inner: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.lines) { return; }
  let first = (item / p.inner) * p.n * p.inner + item % p.inner;
  var sum = 0.0;
  for (var i = 0u; i < p.n; i++) {
    let at = first + select(i, p.n - 1u - i, p.reverse == 1u) * p.inner;
    sum += x[at];
    y[at] = sum;
  }
}`,
  };
}

export interface ScanRows {
  readonly rows: number;
  readonly n: number;
  readonly reverse: boolean;
}

/**
 * One workgroup for each block of a row: the running sums within the block, and the block's total as [rows, blocks]. The totals
 * are scanned in turn, and `scanAdd` gives each block what lies before it.
 */
export function scanBlocks({ rows, n, reverse }: ScanRows): Shader {
  const blocks = Math.ceil(n / SCAN_BLOCK);
  return {
    name: 'cumsum',
    variant: 'blocks',
    grid: flatGrid(rows * blocks),
    params: [rows * blocks, blocks, n, Number(reverse)],
    flops: 2 * rows * n,
    bytes: 8 * rows * n,
    code: () => wgsl`
struct Params { groups: u32, blocks: u32, n: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> totals: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> sums: array<f32, ${2 * SIZE}>;
fn place(base: u32, i: u32) -> u32 { return base + select(i, p.n - 1u - i, p.reverse == 1u); }
${rowMain(SIZE)}
  if (row >= p.groups) { return; }
  let base = (row / p.blocks) * p.n;
  let first = (row % p.blocks) * ${SCAN_BLOCK}u + lid * ${EACH}u;
  var mine = vec4f(0.0);
  if (first < p.n) { mine.x = x[place(base, first)]; }
  if (first + 1u < p.n) { mine.y = x[place(base, first + 1u)]; }
  if (first + 2u < p.n) { mine.z = x[place(base, first + 2u)]; }
  if (first + 3u < p.n) { mine.w = x[place(base, first + 3u)]; }
  mine.y += mine.x; mine.z += mine.y; mine.w += mine.z;
  sums[lid] = mine.w;
  var from_ = 0u;
  for (var step = 1u; step < ${SIZE}u; step *= 2u) {
    workgroupBarrier();
    var sum = sums[from_ + lid];
    if (lid >= step) { sum += sums[from_ + lid - step]; }
    from_ = ${SIZE}u - from_;
    sums[from_ + lid] = sum;
  }
  workgroupBarrier();
  if (lid > 0u) { mine += sums[from_ + lid - 1u]; }
  if (first < p.n) { y[place(base, first)] = mine.x; }
  if (first + 1u < p.n) { y[place(base, first + 1u)] = mine.y; }
  if (first + 2u < p.n) { y[place(base, first + 2u)] = mine.z; }
  if (first + 3u < p.n) { y[place(base, first + 3u)] = mine.w; }
  if (lid == ${SIZE - 1}u) { totals[row] = mine.w; }
}`,
  };
}

/** y += the sum of all blocks before, from the scanned totals [rows, blocks]; in place. */
export function scanAdd({ rows, n, reverse }: ScanRows): Shader {
  const blocks = Math.ceil(n / SCAN_BLOCK);
  return {
    name: 'cumsumAdd',
    variant: '',
    grid: itemGrid(rows * n),
    params: [rows * n, blocks, n, Number(reverse)],
    flops: rows * n,
    bytes: 8 * rows * n,
    code: () => wgsl`
struct Params { items: u32, blocks: u32, n: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> totals: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.items) { return; }
  let i = item % p.n;
  let block = select(i, p.n - 1u - i, p.reverse == 1u) / ${SCAN_BLOCK}u;
  if (block > 0u) { y[item] += totals[(item / p.n) * p.blocks + block - 1u]; }
}`,
  };
}

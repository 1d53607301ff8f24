import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { rowMain, type Shader } from './shader.js';

export interface MemoryTableSpec {
  /** Features of the batch. */
  readonly rows: number;
  /** Numbers of a feature. */
  readonly depth: number;
  /** Rows of the table. */
  readonly classes: number;
  /** What a row of the table keeps of itself. */
  readonly momentum: number;
  /** Of a class's features only the one that is least like the row, the first of several, moves it. */
  readonly hardest: boolean;
  /** Rows are brought to length 1 again. */
  readonly normalise: boolean;
}

const SIZE = 128;

/**
 * V_y ← normalised(m V_y + (1 − m) x) for the features x of a batch one after the other, in place; or the plain mean. The workgroup of the first
 * feature of a class makes the updates of all of them, in the batch's order; a label that is no class changes nothing.
 */
export function updateMemory({ rows, depth, classes, momentum, hardest, normalise }: MemoryTableSpec): Shader {
  return {
    name: 'updateMemory',
    variant: hardest ? 'hardest' : '',
    grid: [rows, 1, 1],
    params: [rows, depth, classes, { f32: momentum }, Number(normalise)],
    flops: 5 * rows * depth,
    bytes: 12 * rows * depth,
    code: () => wgsl`
struct Params { rows: u32, depth: u32, classes: u32, momentum: f32, normalise: u32 }
@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read> features: array<f32>;
@group(0) @binding(2) var<storage, read_write> memory: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> sums: array<f32, ${SIZE}>;
fn total(lid: u32, value: f32) -> f32 {
  workgroupBarrier();
  sums[lid] = value;
  for (var half = ${SIZE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { sums[lid] += sums[lid + half]; }
  }
  workgroupBarrier();
  return sums[0];
}
fn moved(place: u32, feature: u32) -> f32 {
  return p.momentum * memory[place] + (1.0 - p.momentum) * features[feature];
}
fn advance(lid: u32, base: u32, first: u32) {
  var squares = 0.0;
  for (var i = lid; i < p.depth; i += ${SIZE}u) {
    let v = moved(base + i, first + i);
    squares += v * v;
  }
  let scale = select(1.0, 1.0 / max(sqrt(total(lid, squares)), 1e-12), p.normalise != 0u);
  for (var i = lid; i < p.depth; i += ${SIZE}u) { memory[base + i] = moved(base + i, first + i) * scale; }
}
${rowMain(SIZE)}
  if (row >= p.rows) { return; }
  let label = labels[row];
  if (label >= p.classes) { return; }
  for (var i = 0u; i < row; i++) { if (labels[i] == label) { return; } }
  let base = label * p.depth;
${
  hardest
    ? `  var least = 3.4e38;
  var chosen = row;
  for (var i = row; i < p.rows; i++) {
    if (labels[i] != label) { continue; }
    var part = 0.0;
    for (var k = lid; k < p.depth; k += ${SIZE}u) { part += features[i * p.depth + k] * memory[base + k]; }
    let likeness = total(lid, part);
    if (likeness < least) { least = likeness; chosen = i; }
  }
  advance(lid, base, chosen * p.depth);`
    : `  for (var i = row; i < p.rows; i++) {
    if (labels[i] == label) { advance(lid, base, i * p.depth); }
  }`
}
}`,
  };
}

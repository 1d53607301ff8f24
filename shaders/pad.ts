import { eachInPlanes } from './position.js';
import type { Shader } from './shader.js';

export interface PadSpec {
  /** What lies around a plane: a constant, its mirror image without the edge itself, or the repeated edge. */
  readonly mode: 'constant' | 'reflect' | 'replicate';
  readonly planes: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  /** Rows above and columns to the left; negative where these are cropped. */
  readonly before: readonly [number, number];
  /** The constant. */
  readonly value: number;
}

/** WGSL: `origin` is the input that an output shows, or −1; `copies` and `copy_at` the outputs that show input i, or −1. */
const origins = {
  constant: `
fn origin(at: i32, before: i32, size: i32) -> i32 { let i = at - before; return select(-1, i, i < size); }`,
  reflect: `
fn origin(at: i32, before: i32, size: i32) -> i32 { let i = abs(at - before); return min(i, 2 * (size - 1) - i); }
// Itself, mirrored at the start, mirrored at the end.
fn copies(i: i32, before: i32, size: i32, outputs: i32) -> i32 { return 3; }
fn copy_at(k: i32, i: i32, before: i32, size: i32) -> i32 {
  if (k == 0) { return before + i; }
  if (k == 1) { return select(-1, before - i, i > 0); }
  return select(-1, before + 2 * (size - 1) - i, i < size - 1);
}`,
  replicate: `
fn origin(at: i32, before: i32, size: i32) -> i32 { return clamp(at - before, 0, size - 1); }
fn first_copy(i: i32, before: i32) -> i32 { return select(before + i, min(0, before), i == 0); }
fn copies(i: i32, before: i32, size: i32, outputs: i32) -> i32 {
  let last = select(before + i, outputs - 1, i == size - 1);
  return last - first_copy(i, before) + 1;
}
fn copy_at(k: i32, i: i32, before: i32, size: i32) -> i32 { return first_copy(i, before) + k; }`,
} as const;

function padKernel(name: string, spec: PadSpec, side: 'input' | 'output', read: string, body: string): Shader {
  const { mode, planes, input, output, before, value } = spec;
  const inputs = planes * input[0] * input[1];
  const outputs = planes * output[0] * output[1];
  return eachInPlanes({
    name,
    variant: mode,
    planes,
    size: spec[side],
    reads: [`${read}: array<f32>`],
    fields: [
      ['in_h: i32', input[0]],
      ['in_w: i32', input[1]],
      ['out_h: i32', output[0]],
      ['out_w: i32', output[1]],
      ['before_h: i32', before[0]],
      ['before_w: i32', before[1]],
      ['constant: f32', { f32: value }],
    ],
    functions: `${origins[mode]}
fn value(plane: i32, y: i32, x: i32) -> f32 {
  ${body}
}`,
    flops: side === 'input' ? outputs : 0,
    bytes: 4 * (mode === 'constant' ? 2 * Math.min(inputs, outputs) + Math.max(outputs - inputs, 0) : inputs + outputs),
  });
}

/** Planes with something around them, or parts of them. */
export function padPlanes(spec: PadSpec): Shader {
  const body = `let i = origin(y, p.before_h, p.in_h);
  let j = origin(x, p.before_w, p.in_w);
  ${spec.mode === 'constant' ? 'if (i < 0 || j < 0) { return p.constant; }' : ''}
  return source[(plane * p.in_h + i) * p.in_w + j];`;
  return padKernel('pad', spec, 'output', 'source', body);
}

/** The way back of reflect and replicate: each input gathers from every place that shows it. */
export function padPlanesGrad(spec: PadSpec & { readonly mode: 'reflect' | 'replicate' }): Shader {
  const body = `var sum = 0.0;
  let rows = copies(y, p.before_h, p.in_h, p.out_h);
  let columns = copies(x, p.before_w, p.in_w, p.out_w);
  for (var k = 0; k < rows; k++) {
    let i = copy_at(k, y, p.before_h, p.in_h);
    if (i < 0 || i >= p.out_h) { continue; }
    for (var l = 0; l < columns; l++) {
      let j = copy_at(l, x, p.before_w, p.in_w);
      if (j >= 0 && j < p.out_w) { sum += dy[(plane * p.out_h + i) * p.out_w + j]; }
    }
  }
  return sum;`;
  return padKernel('padGrad', spec, 'input', 'dy', body);
}

import { flatMain, itemGrid, type Shader } from './shader.js';

export interface PadConstantSpec {
  /** Of the source, at most a few dimensions: neighbours that stay as they are can be one. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Places in front of each dimension; negative where it is cropped. */
  readonly before: readonly number[];
  readonly value: number;
}

const product = (shape: readonly number[]) => shape.reduce((n, m) => n * m, 1);

/** The source with a constant around it, or a part of the source; one invocation an element. */
export function padConstant({ input, output, before, value }: PadConstantSpec): Shader {
  const rank = input.length;
  const n = product(output);
  const axes = input.map((_, i) => i);
  const find = axes.toReversed().map((i) => {
    const at = i === 0 ? 'i32(rest)' : `i32(rest % u32(p.out${i}))`;
    const next = i === 0 ? '' : ` rest /= u32(p.out${i});`;
    return `let at${i} = ${at} - p.before${i};${next} inside = inside && at${i} >= 0 && at${i} < p.in${i};`;
  });
  const offset = axes.slice(1).reduce((sum, i) => `(${sum}) * p.in${i} + at${i}`, 'at0');
  return {
    name: 'padConstant',
    variant: `${rank}`,
    grid: itemGrid(n),
    params: [n, { f32: value }, ...axes.flatMap((i) => [input[i]!, output[i]!, before[i]!])],
    flops: 0,
    bytes: 4 * (n + Math.min(n, product(input))),
    code: () => `
struct Params { n: u32, value: f32, ${axes.map((i) => `in${i}: i32, out${i}: i32, before${i}: i32`).join(', ')} }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  var rest = item;
  var inside = true;
  ${find.join('\n  ')}
  var v = p.value;
  if (inside) { v = source[${offset}]; }
  result[item] = v;
}`,
  };
}

export interface PadEdgeSpec {
  readonly mode: 'reflect' | 'replicate';
  readonly planes: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  /** Rows above and columns to the left; negative where these are cropped. */
  readonly before: readonly [number, number];
}

const edgeHead = (read: string) => `
struct Params { n: u32, in_h: i32, in_w: i32, out_h: i32, out_w: i32, before_h: i32, before_w: i32 }
@group(0) @binding(0) var<storage, read> ${read}: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;`;

function padEdgeKernel(name: string, spec: PadEdgeSpec, side: 'in' | 'out', read: string, body: string): Shader {
  const { mode, planes, input, output, before } = spec;
  const n = planes * product(side === 'in' ? input : output);
  return {
    name,
    variant: mode,
    grid: itemGrid(n),
    params: [n, ...input, ...output, ...before],
    flops: side === 'in' ? n : 0,
    bytes: 4 * planes * (product(input) + product(output)),
    code: () => `${edgeHead(read)}
${
  mode === 'reflect'
    ? `
fn origin(at: i32, before: i32, size: i32) -> i32 { let i = abs(at - before); return min(i, 2 * (size - 1) - i); }
/** The k-th of the outputs that show input i: itself, mirrored at the start, mirrored at the end. */
fn copies(i: i32, before: i32, size: i32, outputs: i32) -> i32 { return 3; }
fn copy_at(k: i32, i: i32, before: i32, size: i32) -> i32 {
  if (k == 0) { return before + i; }
  if (k == 1) { return select(-1, before - i, i > 0); }
  return select(-1, before + 2 * (size - 1) - i, i < size - 1);
}`
    : `
fn origin(at: i32, before: i32, size: i32) -> i32 { return clamp(at - before, 0, size - 1); }
fn first_copy(i: i32, before: i32) -> i32 { return select(before + i, min(0, before), i == 0); }
fn copies(i: i32, before: i32, size: i32, outputs: i32) -> i32 {
  let last = select(before + i, outputs - 1, i == size - 1);
  return last - first_copy(i, before) + 1;
}
fn copy_at(k: i32, i: i32, before: i32, size: i32) -> i32 { return first_copy(i, before) + k; }`
}
${flatMain}
  if (item >= p.n) { return; }
  let x = i32(item % u32(p.${side}_w));
  let line = item / u32(p.${side}_w);
  let y = i32(line % u32(p.${side}_h));
  let plane = i32(line / u32(p.${side}_h));
  ${body}
}`,
  };
}

/** Planes whose border is their mirror image (without the border itself) or the repeated edge. */
export function padEdge(spec: PadEdgeSpec): Shader {
  const body = `let i = origin(y, p.before_h, p.in_h);
  let j = origin(x, p.before_w, p.in_w);
  result[item] = source[(plane * p.in_h + i) * p.in_w + j];`;
  return padEdgeKernel('padEdge', spec, 'out', 'source', body);
}

/** The way back: one invocation an input, which gathers from every place that shows it. */
export function padEdgeGrad(spec: PadEdgeSpec): Shader {
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
  result[item] = sum;`;
  return padEdgeKernel('padEdgeGrad', spec, 'in', 'dy', body);
}

import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { eachInPlanes } from './position.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

export interface InterpolateSpec {
  readonly mode: 'nearest' | 'bilinear';
  readonly alignCorners: boolean;
  /** N · C. */
  readonly planes: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  /** Input positions a step of the output moves by. */
  readonly scale: readonly [number, number];
}

/**
 * `source_of(o)` is where output o lies in the input, and `share(o, i)` how much of it input i has: the weights of bilinear
 * interpolation are 1 − |distance|, with positions clamped to the input.
 */
function places({ mode, alignCorners }: InterpolateSpec): string {
  if (mode === 'nearest') {
    return `
fn source_of(o: i32, scale: f32, size: i32) -> f32 { return min(floor(f32(o) * scale), f32(size - 1)); }
fn share(o: i32, i: i32, scale: f32, size: i32) -> f32 { return select(0.0, 1.0, source_of(o, scale, size) == f32(i)); }`;
  }
  const source = alignCorners ? 'f32(o) * scale' : '(f32(o) + 0.5) * scale - 0.5';
  return `
fn source_of(o: i32, scale: f32, size: i32) -> f32 { return clamp(${source}, 0.0, f32(size - 1)); }
fn share(o: i32, i: i32, scale: f32, size: i32) -> f32 { return max(0.0, 1.0 - abs(source_of(o, scale, size) - f32(i))); }`;
}

const variantOf = ({ mode, alignCorners }: InterpolateSpec) => (alignCorners ? `${mode} corners` : mode);

const sizesOf = ({ input, output, scale }: InterpolateSpec) =>
  [
    ['in_h: i32', input[0]],
    ['in_w: i32', input[1]],
    ['out_h: i32', output[0]],
    ['out_w: i32', output[1]],
    ['scale_h: f32', { f32: scale[0] }],
    ['scale_w: f32', { f32: scale[1] }],
  ] as const;

/** Another size of every plane. */
export function interpolate(spec: InterpolateSpec): Shader {
  const { planes, input, output, mode } = spec;
  const n = planes * output[0] * output[1];
  const bilinear = `
  let v = source_of(y, p.scale_h, p.in_h);
  let u = source_of(x, p.scale_w, p.in_w);
  let i = i32(v);
  let j = i32(u);
  let down = select(0, p.in_w, i < p.in_h - 1);
  let right = select(0, 1, j < p.in_w - 1);
  let at = (plane * p.in_h + i) * p.in_w + j;
  let a = v - f32(i);
  let b = u - f32(j);
  return (1.0 - a) * ((1.0 - b) * source[at] + b * source[at + right])
    + a * ((1.0 - b) * source[at + down] + b * source[at + down + right]);`;
  const nearest = `
  let i = i32(source_of(y, p.scale_h, p.in_h));
  let j = i32(source_of(x, p.scale_w, p.in_w));
  return source[(plane * p.in_h + i) * p.in_w + j];`;
  return eachInPlanes({
    name: 'interpolate',
    variant: variantOf(spec),
    planes,
    size: output,
    reads: ['source: array<f32>'],
    fields: sizesOf(spec),
    functions: `${places(spec)}
fn value(plane: i32, y: i32, x: i32) -> f32 {${mode === 'nearest' ? nearest : bilinear}
}`,
    flops: mode === 'nearest' ? 2 * n : 20 * n,
    bytes: 4 * (n + planes * input[0] * input[1]),
  });
}

/**
 * The way back: each input gathers from the outputs that it has a share of. `reach` gives the first and last of them with one
 * to spare; what lies at an edge also gets everything that was clamped to it.
 */
export function interpolateGrad(spec: InterpolateSpec): Shader {
  const { planes, input, output, scale, mode, alignCorners } = spec;
  const outputs = planes * output[0] * output[1];
  // Outputs between input i − 1 and i + 1; nearest: between i and i + 1.
  const shift = mode === 'nearest' || alignCorners ? '0.0' : '0.5';
  const back = mode === 'nearest' ? '0.0' : '1.0';
  return eachInPlanes({
    name: 'interpolateGrad',
    variant: variantOf(spec),
    planes,
    size: input,
    reads: ['dy: array<f32>'],
    fields: [
      ...sizesOf(spec),
      ['inverse_h: f32', { f32: scale[0] && 1 / scale[0] }],
      ['inverse_w: f32', { f32: scale[1] && 1 / scale[1] }],
    ],
    functions: `${places(spec)}
fn reach(i: i32, inverse: f32, size: i32, outputs: i32) -> vec2i {
  let first = i32(floor((f32(i) - ${back} + ${shift}) * inverse - ${shift})) - 1;
  let last = i32(ceil((f32(i) + 1.0 + ${shift}) * inverse - ${shift})) + 1;
  return vec2i(select(max(first, 0), 0, i == 0), select(min(last, outputs - 1), outputs - 1, i == size - 1));
}
fn value(plane: i32, y: i32, x: i32) -> f32 {
  let rows = reach(y, p.inverse_h, p.in_h, p.out_h);
  let columns = reach(x, p.inverse_w, p.in_w, p.out_w);
  var sum = 0.0;
  for (var i = rows.x; i <= rows.y; i++) {
    let a = share(i, y, p.scale_h, p.in_h);
    if (a == 0.0) { continue; }
    for (var j = columns.x; j <= columns.y; j++) {
      let b = share(j, x, p.scale_w, p.in_w);
      if (b != 0.0) { sum += a * b * dy[(plane * p.out_h + i) * p.out_w + j]; }
    }
  }
  return sum;
}`,
    flops: 8 * Math.max(planes * input[0] * input[1], outputs),
    bytes: 4 * (planes * input[0] * input[1] + outputs),
  });
}

export interface GridSampleSpec {
  readonly mode: 'nearest' | 'bilinear';
  readonly paddingMode: 'zeros' | 'border';
  readonly alignCorners: boolean;
  readonly batch: number;
  readonly channels: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

/**
 * `spot(g)` turns a grid entry in [−1, 1]² into a position of the input, and `slope(g)` is the derivative of that position by
 * the entry, 0 where the border stops it. Far outside, positions stop at −2 and size + 1, so that they remain integers.
 */
function spots({ paddingMode, alignCorners }: GridSampleSpec): string {
  const half = alignCorners ? '0.5 * (p.size - 1.0)' : '0.5 * p.size';
  const raw = alignCorners ? '(g + 1.0) * 0.5 * (p.size - 1.0)' : '((g + 1.0) * p.size - 1.0) * 0.5';
  const border = paddingMode === 'border';
  return `
fn raw(g: vec2f) -> vec2f { return ${raw}; }
fn spot(g: vec2f) -> vec2f { return clamp(raw(g), vec2f(${border ? '0.0' : '-2.0'}), p.size ${border ? '- 1.0' : '+ 1.0'}); }
fn slope(g: vec2f) -> vec2f {
  ${border ? `let s = raw(g); return select(vec2f(0.0), ${half}, (s > vec2f(0.0)) & (s < p.size - 1.0));` : `return ${half};`}
}
fn inside(i: vec2i) -> bool { return all(i >= vec2i(0)) && all(i < vec2i(p.size)); }`;
}

const gridVariant = ({ mode, paddingMode, alignCorners }: GridSampleSpec) =>
  `${mode} ${paddingMode}${alignCorners ? ' corners' : ''}`;

/** A statement for each of the input pixels that a sample reads: `i` is the pixel, `weight` its share. */
const eachPixel = (mode: 'nearest' | 'bilinear', statement: string) =>
  mode === 'nearest'
    ? `let i = vec2i(round(at)); let weight = 1.0; if (inside(i)) { ${statement} }`
    : `let corner = vec2i(floor(at));
    let part = at - floor(at);
    for (var k = 0; k < 4; k++) {
      let side = vec2i(k & 1, k >> 1);
      let i = corner + side;
      let share = select(1.0 - part, part, side == vec2i(1));
      let weight = share.x * share.y;
      if (inside(i)) { ${statement} }
    }`;

interface GridKernel {
  readonly name: string;
  readonly items: number;
  readonly reads: readonly string[];
  readonly flops: number;
  readonly body: string;
  readonly result: string;
  /** Channels of an invocation. */
  readonly chunk?: number;
}

function gridKernel(spec: GridSampleSpec, { name, items, reads, flops, body, result, chunk = 1 }: GridKernel): Shader {
  const { batch, channels, input, output } = spec;
  const samples = batch * output[0] * output[1];
  return {
    name,
    variant: gridVariant(spec),
    grid: itemGrid(items),
    params: [items, channels, output[0] * output[1], chunk, { f32: input[1] }, { f32: input[0] }],
    flops: flops * samples * channels,
    bytes: 4 * (batch * channels * input[0] * input[1] + samples * (channels + 2)),
    code: () => wgsl`
struct Params { n: u32, channels: u32, samples: u32, chunk: u32, size: vec2f }
${reads.map((s, i) => `@group(0) @binding(${i}) var<storage, read> ${s};`).join('\n')}
@group(0) @binding(${reads.length}) var<storage, read_write> result: array<${result}>;
@group(0) @binding(99) var<uniform> p: Params;
${spots(spec)}
${flatMain}
  if (item >= p.n) { return; }
  let plane_size = u32(p.size.x) * u32(p.size.y);
  let width = i32(p.size.x);
  ${body}
}`,
  };
}

/** Samples [N, C, Ho, Wo] of x [N, C, H, W] at grid [N, Ho, Wo, 2]; an invocation takes up to eight channels of a sample. */
export function gridSample(spec: GridSampleSpec): Shader {
  const { batch, channels, output } = spec;
  const chunk = Math.min(channels, 8);
  return gridKernel(spec, {
    name: 'gridSample',
    items: batch * Math.ceil(channels / chunk) * output[0] * output[1],
    reads: ['x: array<f32>', 'grid: array<vec2f>'],
    result: 'f32',
    flops: 12,
    chunk,
    body: `let runs = (p.channels + p.chunk - 1u) / p.chunk;
  let sample = item % p.samples;
  let first = (item / p.samples) % runs * p.chunk;
  let n = item / p.samples / runs;
  let at = spot(grid[n * p.samples + sample]);
  for (var c = first; c < min(first + p.chunk, p.channels); c++) {
    let base = (n * p.channels + c) * plane_size;
    var sum = 0.0;
    ${eachPixel(spec.mode, 'sum += weight * x[base + u32(i.y * width + i.x)];')}
    result[(n * p.channels + c) * p.samples + sample] = sum;
  }`,
  });
}

/** The gradient by the grid (of bilinear samples): one invocation a sample, over all channels in order. */
export function gridSampleGridGrad(spec: GridSampleSpec): Shader {
  return gridKernel(spec, {
    name: 'gridSampleGridGrad',
    items: spec.batch * spec.output[0] * spec.output[1],
    reads: ['x: array<f32>', 'grid: array<vec2f>', 'dy: array<f32>'],
    result: 'vec2f',
    flops: 16,
    body: `let sample = item % p.samples;
  let n = item / p.samples;
  let at = spot(grid[item]);
  let slopes = slope(grid[item]);
  var total = vec2f(0.0);
  for (var c = 0u; c < p.channels; c++) {
    let base = (n * p.channels + c) * plane_size;
    var sum = vec2f(0.0);
    ${eachPixel('bilinear', 'sum += (vec2f(side) * 2.0 - 1.0) * share.yx * x[base + u32(i.y * width + i.x)];')}
    total += sum * dy[(n * p.channels + c) * p.samples + sample];
  }
  result[item] = total * slopes;`,
  });
}

/**
 * The gradient by x as [N, H·W, C], from dy as [N, Ho·Wo, C]: one invocation owns a channel of a picture and adds the samples
 * to it in order, so that nothing races. Channels lie last, so that neighbours write neighbours.
 */
export function gridSampleGrad(spec: GridSampleSpec): Shader {
  return gridKernel(spec, {
    name: 'gridSampleGrad',
    items: spec.batch * spec.channels,
    reads: ['grid: array<vec2f>', 'dy: array<f32>'],
    result: 'f32',
    flops: 12,
    body: `let n = item / p.channels;
  let c = item % p.channels;
  for (var k = 0u; k < plane_size; k++) { result[(n * plane_size + k) * p.channels + c] = 0.0; }
  for (var sample = 0u; sample < p.samples; sample++) {
    let at = spot(grid[n * p.samples + sample]);
    let g = dy[(n * p.samples + sample) * p.channels + c];
    ${eachPixel(
      spec.mode,
      `let pixel = (n * plane_size + u32(i.y * width + i.x)) * p.channels + c;
      result[pixel] += weight * g;`,
    )}
  }`,
  });
}

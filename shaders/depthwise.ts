import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Gather, tapsShareRows } from './conv.js';
import { type Epilogue, epilogueNames, epilogueStorage, putPixels, putQuad } from './conv-epilogue.js';
import { gather } from './norm.js';
import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader, storage } from './shader.js';

/**
 * Depthwise convolution: every channel has kernels of its own, so there is no matrix product in it. An invocation computes
 * four neighbouring pixels of one channel.
 */

const FIELDS = `batch: u32, channels: u32, source_channels: u32, source_h: i32, source_w: i32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dilation_h: i32, dilation_w: i32, up_h: i32, up_w: i32`;

interface DepthwiseSpec {
  readonly gather: Gather;
  /** Channels written and read; one is a multiple of the other. */
  readonly channels: number;
  readonly sourceChannels: number;
}

const geometry = ({ gather: g, channels, sourceChannels }: DepthwiseSpec) => [
  g.batch,
  channels,
  sourceChannels,
  ...g.source,
  ...g.out,
  ...g.kernel,
  ...g.stride,
  ...g.pad,
  ...g.dilation,
  ...g.up,
];

/**
 * out[channel] = Σ over taps and the source channels that belong to it. Written channels o of a forward pass read channel
 * o / multiplier; written channels c of a backward pass (`flip`) read the `multiplier` channels made from c.
 */
export function depthwise(spec: DepthwiseSpec & { readonly flip: boolean; readonly epilogue: Epilogue }): Shader {
  const { gather, channels, sourceChannels, flip, epilogue } = spec;
  const { scale, bias, residual, slope } = epilogue;
  const quads = gather.batch * channels * gather.out[0] * Math.ceil(gather.out[1] / 4);
  const taps = gather.kernel[0] * gather.kernel[1];
  const written = gather.batch * channels * gather.out[0] * gather.out[1];
  const each = Math.max(1, sourceChannels / channels);
  const rows = tapsShareRows(gather);
  const weight = (tap: string) => `weights[w_at + ${flip ? `taps - 1u - (${tap})` : tap}]`;
  return {
    name: 'depthwise',
    variant: [rows ? 'rows' : 'any', ...(flip ? ['flip'] : []), ...epilogueNames(epilogue)].join(' '),
    grid: itemGrid(quads),
    params: [quads, ...geometry(spec), { f32: slope }],
    flops: 2 * written * taps * each,
    bytes:
      4 *
      (written * (residual ? 2 : 1) +
        gather.batch * sourceChannels * gather.source[0] * gather.source[1] +
        Math.max(channels, sourceChannels) * taps +
        channels * ((scale ? 1 : 0) + (bias ? 1 : 0))),
    code: () => wgsl`
struct Params { n: u32, ${FIELDS}, slope: f32 }
${storage(
  ['source: array<f32>', 'source4: array<vec4f>', 'weights: array<f32>', ...epilogueStorage(epilogue, rows ? 4 : 1)],
  [`result: array<${rows ? 'vec4f' : 'f32'}>`],
)}
@group(0) @binding(99) var<uniform> p: Params;
fn pixel_at(at: u32) -> f32 { return f32(source[at]); }
fn quad_at(at: u32) -> vec4f { return vec4f(source4[at]); }
${rows ? putQuad(epilogue) : putPixels(epilogue)}
${flatMain}
  if (item >= p.n) { return; }
  let across = (p.out_w + 3u) / 4u;
  let column = 4u * (item % across);
  var rest = item / across;
  let row = rest % p.out_h;
  rest /= p.out_h;
  let channel = rest % p.channels;
  let image = rest / p.channels;
  let taps = p.kernel_h * p.kernel_w;
  let y = i32(row) * p.stride_h - p.pad_h;
  let x = (vec4i(i32(column)) + vec4i(0, 1, 2, 3)) * p.stride_w - p.pad_w;
  var sum = vec4f(0.0);
  ${flip ? 'let each = p.source_channels / p.channels; for (var m = 0u; m < each; m++) { let origin = channel * each + m; let w_at = origin * taps;' : '{ let origin = channel / (p.channels / p.source_channels); let w_at = channel * taps;'}
    let base = (image * p.source_channels + origin) * u32(p.source_h * p.source_w);
    for (var r = 0u; r < p.kernel_h; r++) {
      let far_y = y + i32(r) * p.dilation_h;
      let at_y = far_y / p.up_h;
      if (far_y < 0 || at_y >= p.source_h || at_y * p.up_h != far_y) { continue; }
      #if ${rows}
      let at = base + u32(at_y) * p.out_w + column;
      let more = column + 4u < p.out_w;
      let middle = quad_at(at / 4u);
      let before = select(0.0, pixel_at(at - select(0u, 1u, column > 0u)), column > 0u);
      let after = select(0.0, pixel_at(at + select(3u, 4u, more)), more);
      sum += ${weight('3u * r')} * vec4f(before, middle.xyz) + ${weight('3u * r + 1u')} * middle + ${weight('3u * r + 2u')} * vec4f(middle.yzw, after);
      #else
      for (var s = 0u; s < p.kernel_w; s++) {
        let far_x = x + i32(s) * p.dilation_w;
        let at_x = far_x / p.up_w;
        let inside = (far_x >= vec4i(0)) & (at_x < vec4i(p.source_w)) & (at_x * p.up_w == far_x);
        let at = base + select(vec4u(0u), vec4u(at_y * p.source_w + at_x), inside);
        sum += ${weight('r * p.kernel_w + s')} * select(vec4f(0.0), vec4f(pixel_at(at.x), pixel_at(at.y), pixel_at(at.z), pixel_at(at.w)), inside);
      }
      #endif
    }
  }
  ${scale ? 'sum *= scale[channel];' : ''}
  ${bias ? 'sum += bias[channel];' : ''}
  let to = ((image * p.channels + channel) * p.out_h + row) * p.out_w + column;
  ${
    rows
      ? 'put(to / 4u, sum, p.slope);'
      : `let four = vec4u(0u, 1u, 2u, 3u);
  put(to + four, column + four < vec4u(p.out_w), sum, p.slope);`
  }
}`,
  };
}

export interface DepthwiseWeightGradSpec extends DepthwiseSpec {
  /** The images are cut into runs of so many; results are [runs, channels, taps]. */
  readonly images: number;
}

/** Results of a workgroup: the taps of a kernel's row where one quad of x and its neighbours serve all, else one. */
export const tapsAtOnce = (gather: Gather): 1 | 3 => (tapsShareRows(gather) ? 3 : 1);

/** Runs that the images are cut into: at least one, which then is of nothing. */
export const runsOf = ({ batch }: Gather, images: number): number => Math.max(1, Math.ceil(batch / images));

/**
 * dW[o, tap] = Σ over images and pixels of dy[o, pixel] · x[o / multiplier, pixel moved by the tap]. A workgroup sums one tap, or
 * the three of a kernel's row, over a run of images; its invocations walk along the rows in quads of pixels.
 */
export function depthwiseWeightGrad(spec: DepthwiseWeightGradSpec): Shader {
  const { gather: g, channels, sourceChannels, images } = spec;
  const taps = g.kernel[0] * g.kernel[1];
  const at = tapsAtOnce(g);
  const rows = at === 3;
  const [height, width] = g.out;
  const across = Math.ceil(width / 4);
  const runs = runsOf(g, images);
  const each = (channels * taps) / at;
  const walk = [across, Math.floor(FLAT / (across * height)), Math.floor(FLAT / across) % height, FLAT % across];
  const [type, dyType] = rows ? ['vec3f', 'vec4f'] : ['f32', 'f32'];
  return {
    name: 'depthwiseWeightGrad',
    variant: rows ? 'rows' : 'any',
    grid: flatGrid(each * runs),
    params: [each * runs, ...geometry(spec), images, each, ...walk],
    flops: 2 * channels * taps * g.batch * height * width,
    bytes:
      4 * (g.batch * (channels * height * width + sourceChannels * g.source[0] * g.source[1]) + runs * channels * taps),
    code: () => wgsl`
struct Params { n: u32, ${FIELDS}, images: u32, each: u32, across: u32, step_image: u32, step_y: u32, step_x: u32 }
${storage([`x: array<f32>`, `x4: array<vec4f>`, `dy: array<${dyType}>`], ['result: array<f32>'])}
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> parts: array<${type}, ${FLAT}>;
fn pixel_at(at: u32) -> f32 { return f32(x[at]); }
fn quad_at(at: u32) -> vec4f { return vec4f(x4[at]); }
${rowMain(FLAT)}
  if (row >= p.n) { return; }
  let run = row / p.each;
  let mine = row - run * p.each;
  let taps = p.kernel_h * p.kernel_w;
  let channel = mine * ${at}u / taps;
  let tap = mine * ${at}u - channel * taps;
  let tap_y = i32(tap / p.kernel_w) * p.dilation_h - p.pad_h;
  let tap_x = i32(tap % p.kernel_w) * p.dilation_w - p.pad_w;
  let origin = channel / (p.channels / p.source_channels);
  let source_plane = u32(p.source_h * p.source_w);
  let end = min((run + 1u) * p.images, p.batch);
  var quad = lid % p.across;
  var y = (lid / p.across) % p.out_h;
  var image = run * p.images + lid / p.across / p.out_h;
  ${rows ? 'var left = vec4f(0.0); var middle = left; var right = left;' : 'var sum = vec4f(0.0);'}
  for (; image < end; image += p.step_image) {
    let column = 4u * quad;
    let dy_at = ((image * p.channels + channel) * p.out_h + y) * p.out_w + column;
    let base = (image * p.source_channels + origin) * source_plane;
    let at_y = i32(y) * p.stride_h + tap_y;
    if (at_y >= 0 && at_y < p.source_h) {
      ${rows ? ALONG_ROW : EACH_PIXEL}
    }
    quad += p.step_x;
    y += p.step_y;
    if (quad >= p.across) { quad -= p.across; y++; }
    if (y >= p.out_h) { y -= p.out_h; image++; }
  }
  ${rows ? 'let all = vec3f(dot(left, vec4f(1.0)), dot(middle, vec4f(1.0)), dot(right, vec4f(1.0)));' : 'let all = dot(sum, vec4f(1.0));'}
  ${gather(type, 'all', 'a + b')}
  if (lid < ${at}u) { result[row * ${at}u + lid] = ${rows ? 'parts[0][lid]' : 'parts[0]'}; }
}`,
  };
}

const ALONG_ROW = `let g = vec4f(dy[dy_at / 4u]);
      let at = base + u32(at_y) * p.out_w + column;
      let more = column + 4u < p.out_w;
      let v = quad_at(at / 4u);
      let before = select(0.0, pixel_at(at - select(0u, 1u, column > 0u)), column > 0u);
      let after = select(0.0, pixel_at(at + select(3u, 4u, more)), more);
      left += g * vec4f(before, v.xyz);
      middle += g * v;
      right += g * vec4f(v.yzw, after);`;

const EACH_PIXEL = `let columns = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
      let at_x = vec4i(columns) * p.stride_w + tap_x;
      let inside = (columns < vec4u(p.out_w)) & (at_x >= vec4i(0)) & (at_x < vec4i(p.source_w));
      let at = base + select(vec4u(0u), vec4u(at_y * p.source_w + at_x), inside);
      let to = dy_at + min(vec4u(0u, 1u, 2u, 3u), vec4u(p.out_w - 1u - column));
      let g = vec4f(f32(dy[to.x]), f32(dy[to.y]), f32(dy[to.z]), f32(dy[to.w]));
      sum += select(vec4f(0.0), g * vec4f(pixel_at(at.x), pixel_at(at.y), pixel_at(at.z), pixel_at(at.w)), inside);`;

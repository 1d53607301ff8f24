import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Gather, tapsShareRows } from './conv.js';
import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

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
export function depthwise(spec: DepthwiseSpec & { readonly flip: boolean; readonly bias: boolean }): Shader {
  const { gather, channels, sourceChannels, flip, bias } = spec;
  const quads = gather.batch * channels * gather.out[0] * Math.ceil(gather.out[1] / 4);
  const taps = gather.kernel[0] * gather.kernel[1];
  const written = gather.batch * channels * gather.out[0] * gather.out[1];
  const each = Math.max(1, sourceChannels / channels);
  const rows = tapsShareRows(gather);
  const weight = (tap: string) => `weights[w_at + ${flip ? `taps - 1u - (${tap})` : tap}]`;
  return {
    name: 'depthwise',
    variant: `${rows ? 'rows' : 'any'}${flip ? ' flip' : ''}${bias ? ' bias' : ''}`,
    grid: itemGrid(quads),
    params: [quads, ...geometry(spec)],
    flops: 2 * written * taps * each,
    bytes: 4 * (written + gather.batch * sourceChannels * gather.source[0] * gather.source[1]),
    code: () => wgsl`
struct Params { n: u32, ${FIELDS} }
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read> source4: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
#if ${bias}
@group(0) @binding(3) var<storage, read> bias: array<f32>;
#endif
@group(0) @binding(${bias ? 4 : 3}) var<storage, read_write> result: array<${rows ? 'vec4f' : 'f32'}>;
@group(1) @binding(0) var<uniform> p: Params;
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
      let middle = source4[at / 4u];
      let before = select(0.0, source[at - select(0u, 1u, column > 0u)], column > 0u);
      let after = select(0.0, source[at + select(3u, 4u, more)], more);
      sum += ${weight('3u * r')} * vec4f(before, middle.xyz) + ${weight('3u * r + 1u')} * middle + ${weight('3u * r + 2u')} * vec4f(middle.yzw, after);
      #else
      for (var s = 0u; s < p.kernel_w; s++) {
        let far_x = x + i32(s) * p.dilation_w;
        let at_x = far_x / p.up_w;
        let inside = (far_x >= vec4i(0)) & (at_x < vec4i(p.source_w)) & (at_x * p.up_w == far_x);
        let at = base + select(vec4u(0u), vec4u(at_y * p.source_w + at_x), inside);
        sum += ${weight('r * p.kernel_w + s')} * select(vec4f(0.0), vec4f(source[at.x], source[at.y], source[at.z], source[at.w]), inside);
      }
      #endif
    }
  }
  #if ${bias}
  sum += bias[channel];
  #endif
  let to = ((image * p.channels + channel) * p.out_h + row) * p.out_w + column;
  #if ${rows}
  result[to / 4u] = sum;
  #else
  for (var i = 0u; i < 4u; i++) {
    if (column + i < p.out_w) { result[to + i] = sum[i]; }
  }
  #endif
}`,
  };
}

/** dW[o, tap] = Σ over images and pixels of dy[o, pixel] · x[o / multiplier, pixel moved by the tap]: a workgroup each. */
export function depthwiseWeightGrad(spec: DepthwiseSpec): Shader {
  const { gather, channels } = spec;
  const taps = gather.kernel[0] * gather.kernel[1];
  const pixels = gather.batch * gather.out[0] * gather.out[1];
  return {
    name: 'depthwiseWeightGrad',
    variant: '',
    grid: flatGrid(channels * taps),
    params: [channels * taps, ...geometry(spec)],
    flops: 2 * channels * taps * pixels,
    bytes: 8 * channels * pixels,
    code: () => wgsl`
struct Params { n: u32, ${FIELDS} }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<f32, ${FLAT}>;
${rowMain(FLAT)}
  if (row >= p.n) { return; }
  let taps = p.kernel_h * p.kernel_w;
  let channel = row / taps;
  let tap = row % taps;
  let tap_y = i32(tap / p.kernel_w) * p.dilation_h - p.pad_h;
  let tap_x = i32(tap % p.kernel_w) * p.dilation_w - p.pad_w;
  let plane = p.out_h * p.out_w;
  let source_plane = u32(p.source_h * p.source_w);
  let origin = channel / (p.channels / p.source_channels);
  var sum = 0.0;
  for (var image = 0u; image < p.batch; image++) {
    let dy_at = (image * p.channels + channel) * plane;
    let x_at = (image * p.source_channels + origin) * source_plane;
    for (var i = lid; i < plane; i += ${FLAT}u) {
      let at_y = i32(i / p.out_w) * p.stride_h + tap_y;
      let at_x = i32(i % p.out_w) * p.stride_w + tap_x;
      if (at_y >= 0 && at_y < p.source_h && at_x >= 0 && at_x < p.source_w) {
        sum += dy[dy_at + i] * x[x_at + u32(at_y * p.source_w + at_x)];
      }
    }
  }
  partial[lid] = sum;
  for (var half = ${FLAT / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] += partial[lid + half]; }
  }
  if (lid == 0u) { result[row] = partial[0]; }
}`,
  };
}

import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Gather, isOne } from './conv.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/** How packed weights lie: [group, tap, row, k], with k padded to fours by zeros. */
export interface Packing {
  readonly taps: number;
  readonly k: number;
  /**
   * 0 where a tap is one tap of the kernel and k runs along the channels. Else the width of the kernel: a tap is four of a
   * kernel's row, and along k each channel has four numbers, these taps'.
   */
  readonly line: number;
}

/**
 * Few channels under a wide kernel, as in the first layer of a network, leave most of every four k empty: then k runs along the
 * kernel's rows too, if four neighbouring pixels' taps are parts of whole quads.
 */
export function packingOf({ sourceChannels, source, out, kernel, stride, pad, dilation, up }: Gather): Packing {
  const [height, width] = kernel;
  const quads = out[1] % 4 === 0 && source[1] % 4 === 0 && isOne(up) && dilation[1] === 1;
  const short = stride[1] <= 2 && width <= 8 && pad[1] < width;
  const perLine = Math.ceil(width / 4);
  const fewer = perLine * sourceChannels < width * Math.ceil(sourceChannels / 4);
  if (quads && short && fewer) return { taps: height * perLine, k: 4 * sourceChannels, line: width };
  return { taps: height * width, k: sourceChannels, line: 0 };
}

export interface PackSpec extends Packing {
  readonly groups: number;
  readonly rows: number;
  /** Taps of the kernel. */
  readonly kernelTaps: number;
  /** In elements of the weights: from group to group, row to row, channel to channel. Taps are neighbours. */
  readonly strides: { readonly group: number; readonly row: number; readonly k: number };
  /** Takes the kernel's taps in reverse order. */
  readonly flip: boolean;
}

/** Floats that packed weights take. */
export const packedSize = ({ groups, taps, rows, k }: PackSpec): number => groups * taps * rows * 4 * Math.ceil(k / 4);

/** Weights as Packing says. */
export function packWeights(spec: PackSpec): Shader {
  const { groups, taps, rows, k, line, kernelTaps, strides, flip } = spec;
  const n = packedSize(spec) / 4;
  return {
    name: 'packWeights',
    variant: line ? 'line' : '',
    grid: itemGrid(n),
    params: [n, taps, rows, k, strides.group, strides.row, strides.k, flip ? 1 : 0, line, kernelTaps],
    flops: 0,
    bytes: 4 * groups * rows * (line ? k / 4 : k) * kernelTaps + 16 * n,
    code: () => wgsl`
struct Params { n: u32, taps: u32, rows: u32, k: u32, group_stride: u32, row_stride: u32, k_stride: u32, flip: u32, line: u32, kernel_taps: u32 }
@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
fn tap_at(tap: u32) -> u32 { return select(tap, p.kernel_taps - 1u - tap, p.flip == 1u); }
${flatMain}
  if (item >= p.n) { return; }
  let quads = (p.k + 3u) / 4u;
  let quad = item % quads;
  var rest = item / quads;
  let row = rest % p.rows;
  rest /= p.rows;
  let tap = rest % p.taps;
  let base = (rest / p.taps) * p.group_stride + row * p.row_stride;
  var value = vec4f(0.0);
  #if ${line > 0}
  let per_line = (p.line + 3u) / 4u;
  let s = 4u * (tap % per_line);
  for (var i = 0u; i < 4u; i++) {
    if (s + i < p.line) { value[i] = weights[base + quad * p.k_stride + tap_at((tap / per_line) * p.line + s + i)]; }
  }
  #else
  for (var i = 0u; i < 4u; i++) {
    if (4u * quad + i < p.k) { value[i] = weights[base + (4u * quad + i) * p.k_stride + tap_at(tap)]; }
  }
  #endif
  packed[item] = value;
}`,
  };
}

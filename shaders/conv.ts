import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import {
  forRows,
  type RowTile,
  rowsFor,
  rowTileEnables,
  rowTileHead,
  rowTileLoop,
  rowTileMain,
  type Sharing,
} from './rowtile.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/**
 * Convolution as implicit matrix products: nothing is unfolded in memory. For each tap (r, s) of the kernel, output pixels are
 * the columns of B, channels of a group the length k, output channels the rows of A (see rowtile.ts). The gradient of the input
 * is the same kernel with the weights transposed and flipped, reading the output's gradient as if stride − 1 zeros lay
 * between its pixels (`up`). The weights are packed beforehand, which is little work: one matrix for each tap.
 */

/** Geometry of one pass: out[y, x] reads source[(y · stride − pad + r · dilation) / up, …] where that divides. */
export interface Gather {
  readonly batch: number;
  readonly groups: number;
  /** Channels of one group, read and written. */
  readonly sourceChannels: number;
  readonly outChannels: number;
  readonly source: readonly [number, number];
  readonly out: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly up: readonly [number, number];
}

export interface PackSpec {
  readonly groups: number;
  readonly taps: number;
  readonly rows: number;
  readonly k: number;
  /** In elements of the weights: from group to group, row to row, k to k. Taps are neighbours. */
  readonly strides: { readonly group: number; readonly row: number; readonly k: number };
  /** Takes the taps in reverse order. */
  readonly flip: boolean;
}

/** Floats that packed weights take. */
export const packedSize = ({ groups, taps, rows, k }: PackSpec): number => groups * taps * rows * 4 * Math.ceil(k / 4);

/** Weights as [group, tap, row, k], with k padded to fours by zeros. */
export function packWeights(spec: PackSpec): Shader {
  const { groups, taps, rows, k, strides, flip } = spec;
  const n = packedSize(spec) / 4;
  return {
    name: 'packWeights',
    variant: '',
    grid: itemGrid(n),
    params: [n, taps, rows, k, strides.group, strides.row, strides.k, flip ? 1 : 0],
    flops: 0,
    bytes: 4 * groups * taps * rows * k + 16 * n,
    code: () => wgsl`
struct Params { n: u32, taps: u32, rows: u32, k: u32, group_stride: u32, row_stride: u32, k_stride: u32, flip: u32 }
@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let quads = (p.k + 3u) / 4u;
  let k = 4u * (item % quads);
  var rest = item / quads;
  let row = rest % p.rows;
  rest /= p.rows;
  let tap = rest % p.taps;
  let base = (rest / p.taps) * p.group_stride + row * p.row_stride + select(tap, p.taps - 1u - tap, p.flip == 1u);
  var value = vec4f(0.0);
  for (var i = 0u; i < 4u; i++) {
    if (k + i < p.k) { value[i] = weights[base + (k + i) * p.k_stride]; }
  }
  packed[item] = value;
}`,
  };
}

const isOne = ([a, b]: readonly [number, number]) => a === 1 && b === 1;

/** Whether the three taps of a kernel's row read neighbours of one row of whole quads, so that a `vec4f` serves all three. */
export function tapsShareRows({ source, out, kernel, stride, pad, dilation, up }: Gather): boolean {
  const same = source[0] === out[0] && source[1] === out[1] && isOne(stride) && isOne(up);
  return same && kernel[1] === 3 && pad[1] === 1 && dilation[1] === 1 && out[1] % 4 === 0;
}

/** How an invocation's four pixels lie in the source. */
type Access = 'plane' | 'row' | 'lanes' | 'any';

/**
 * `plane`: a 1×1 kernel, where output and source pixels are the same quads. `row`: neighbours along a row whose taps overlap,
 * so that one `vec4f` and the two pixels beside it serve three taps. `lanes`: the same where a subgroup holds whole rows, so that
 * the two come from the neighbouring lanes. `any`: every pixel by itself.
 */
function accessOf(gather: Gather, sharing: Sharing): Access {
  const { out, kernel, stride, pad, up } = gather;
  if (!isOne(stride) || !isOne(up)) return 'any';
  if (isOne(kernel) && pad[0] === 0 && pad[1] === 0) return (out[0] * out[1]) % 4 === 0 ? 'plane' : 'any';
  if (!tapsShareRows(gather)) return 'any';
  return sharing.kind === 'subgroup' && (4 * sharing.lanes) % out[1] === 0 ? 'lanes' : 'row';
}

/** out [batch, groups · outChannels, …] from the source and packed weights; `bias` (a number an output channel) is added. */
export function convGather(spec: Gather & { readonly bias: boolean; readonly sharing: Sharing }): Shader {
  const { batch, groups, sourceChannels, outChannels, source, out, kernel, stride, pad, dilation, up, bias, sharing } =
    spec;
  const access = accessOf(spec, sharing);
  const row = access === 'row' || access === 'lanes';
  const pixels = batch * out[0] * out[1];
  const macs = pixels * groups * outChannels * sourceChannels * kernel[0] * kernel[1];
  // Three taps to a step are three times the text: half the rows keep its compile time in bounds.
  const tile: RowTile = { sharing, rows: Math.min(rowsFor(outChannels, macs), row ? 16 : 32) };
  const quads = (out[0] * out[1]) % 4 === 0;
  const width = 4 * sharing.lanes;
  const depth = 4 * Math.ceil(sourceChannels / 4);
  const read = batch * groups * sourceChannels * source[0] * source[1];
  const params = [
    sourceChannels,
    outChannels,
    depth,
    pixels,
    ...source,
    ...out,
    ...kernel,
    ...stride,
    ...pad,
    ...dilation,
    ...up,
  ];
  return {
    name: kernel[0] * kernel[1] === 1 ? 'conv1x1' : 'conv',
    variant: `${sharing.kind} ${tile.rows} ${access}${quads ? ' quads' : ''}${bias ? ' bias' : ''}${isOne(up) ? '' : ' up'}`,
    grid: [Math.ceil(pixels / width), Math.ceil(outChannels / tile.rows), groups],
    params: [...params, groups],
    flops: 2 * macs,
    bytes: 4 * (read + pixels * groups * outChannels + groups * outChannels * sourceChannels * kernel[0] * kernel[1]),
    code: () => wgsl`${rowTileEnables(tile)}
struct Params { source_channels: u32, out_channels: u32, depth: u32, pixels: u32, source_h: i32, source_w: i32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dilation_h: i32, dilation_w: i32, up_h: i32, up_w: i32,
  groups: u32 }
@group(0) @binding(0) var<storage, read> source: array<${access === 'plane' ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> source4: array<vec4f>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
#if ${bias}
@group(0) @binding(3) var<storage, read> bias: array<f32>;
#endif
@group(0) @binding(${bias ? 4 : 3}) var<storage, read_write> result: array<${quads ? 'vec4f' : 'f32'}>;
@group(1) @binding(0) var<uniform> p: Params;
${rowTileHead(tile, row ? 3 : 1)}
var<private> first_row: u32;
var<private> weights_base: u32;
fn row4(tap: u32, row: u32, k: u32) -> vec4f {
  let r = first_row + row;
  if (r >= p.out_channels || k >= p.depth) { return vec4f(0.0); }
  return packed[weights_base + (tap * p.out_channels + r) * (p.depth / 4u) + k / 4u];
}
${rowTileMain(tile)}
  let taps = p.kernel_h * p.kernel_w;
  first_row = tile.y * ${tile.rows}u;
  let group = tile.z;
  let plane = p.out_h * p.out_w;
  let source_plane = u32(p.source_h * p.source_w);
  let column = 4u * (tile.x * ${sharing.lanes}u + lane);
  ${GATHER[access](tile)}
  if (column >= p.pixels) { return; }
  let channel = group * p.out_channels + first_row;
  ${storeRows(tile, quads, bias)}
}`,
  };
}

const four = (text: (i: number) => string) => [0, 1, 2, 3].map(text);

const GATHER: Readonly<Record<Access, (tile: RowTile) => string>> = {
  plane: (tile) => `
  weights_base = group * p.out_channels * (p.depth / 4u);
  let pixel = min(column, p.pixels - 4u);
  let base = ((pixel / plane) * p.groups + group) * p.source_channels * (plane / 4u) + (pixel % plane) / 4u;
  let last = p.source_channels - 1u;
  ${rowTileLoop(tile, 'p.depth', four((i) => `let b0_${i} = source[base + min(k + ${i}u, last) * (plane / 4u)];`).join(' '))}`,
  row: (tile) =>
    alongRows(
      tile,
      (i) => `let l${i} = select(0.0, source[at${i} - select(0u, 1u, left_inside)], inside && left_inside);
    let r${i} = select(0.0, source[at${i} + select(3u, 4u, right_inside)], inside && right_inside);`,
    ),
  lanes: (tile) =>
    alongRows(
      tile,
      (i) => `let l${i} = select(0.0, subgroupShuffleUp(b1_${i}.w, 1u), left_inside);
    let r${i} = select(0.0, subgroupShuffleDown(b1_${i}.x, 1u), right_inside);`,
    ),
  any: (tile) => `
  let pixel = min(vec4u(column) + vec4u(0u, 1u, 2u, 3u), vec4u(p.pixels - 1u));
  let in_plane = pixel % vec4u(plane);
  let y = vec4i(in_plane / vec4u(p.out_w)) * p.stride_h - p.pad_h;
  let x = vec4i(in_plane % vec4u(p.out_w)) * p.stride_w - p.pad_w;
  let base = ((pixel / vec4u(plane)) * p.groups + group) * p.source_channels * source_plane;
  let last = p.source_channels - 1u;
  for (var r = 0u; r < p.kernel_h; r++) {
    for (var s = 0u; s < p.kernel_w; s++) {
      weights_base = (group * taps + r * p.kernel_w + s) * p.out_channels * (p.depth / 4u);
      let far_y = y + i32(r) * p.dilation_h;
      let far_x = x + i32(s) * p.dilation_w;
      let at_y = far_y / p.up_h;
      let at_x = far_x / p.up_w;
      let inside = (far_y >= vec4i(0)) & (at_y < vec4i(p.source_h)) & (at_y * p.up_h == far_y)
        & (far_x >= vec4i(0)) & (at_x < vec4i(p.source_w)) & (at_x * p.up_w == far_x);
      let at = base + select(vec4u(0u), vec4u(at_y * p.source_w + at_x), inside);
      ${rowTileLoop(
        tile,
        'p.depth',
        four(
          (i) => `let d${i} = min(k + ${i}u, last) * source_plane;
      let b0_${i} = select(vec4f(0.0), vec4f(source[at.x + d${i}], source[at.y + d${i}], source[at.z + d${i}], source[at.w + d${i}]), inside);`,
        ).join('\n      '),
      )}
    }
  }`,
};

/** Three taps of a row from one `vec4f` and the pixels beside it, which `beside` declares as l<i> and r<i>. */
function alongRows(tile: RowTile, beside: (i: number) => string): string {
  return `
  let pixel = min(column, p.pixels - 4u);
  let in_plane = pixel % plane;
  let y = i32(in_plane / p.out_w);
  let x = in_plane % p.out_w;
  let base = ((pixel / plane) * p.groups + group) * p.source_channels * source_plane + x;
  let last = p.source_channels - 1u;
  let left_inside = x > 0u;
  let right_inside = x + 4u < p.out_w;
  for (var r = 0u; r < p.kernel_h; r++) {
    weights_base = (group * taps + r * 3u) * p.out_channels * (p.depth / 4u);
    let at_y = y - p.pad_h + i32(r) * p.dilation_h;
    let inside = at_y >= 0 && at_y < p.source_h;
    let start_of_row = base + u32(clamp(at_y, 0, p.source_h - 1)) * p.out_w;
    ${rowTileLoop(
      tile,
      'p.depth',
      four(
        (i) => `let at${i} = start_of_row + min(k + ${i}u, last) * source_plane;
    let b1_${i} = select(vec4f(0.0), source4[at${i} / 4u], inside);
    ${beside(i)}
    let b0_${i} = vec4f(l${i}, b1_${i}.xyz);
    let b2_${i} = vec4f(b1_${i}.yzw, r${i});`,
      ).join('\n    '),
      3,
    )}
  }`;
}

/** Writes the accumulators: four pixels of a row of output channels; they may belong to two images where planes are odd. */
function storeRows(tile: RowTile, quads: boolean, bias: boolean): string {
  const value = (r: number) => (bias ? `c${r} + bias[channel + ${r}u]` : `c${r}`);
  const row = (r: number, body: string) => `if (first_row + ${r}u < p.out_channels) { ${body} }`;
  const all = 'p.groups * p.out_channels';
  if (quads) {
    return `let to = ((column / plane) * ${all} + channel) * plane + column % plane;
  ${forRows(tile, (r) => row(r, `result[(to + ${r}u * plane) / 4u] = ${value(r)};`))}`;
  }
  return `let px = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
  let to = ((px / vec4u(plane)) * ${all} + channel) * plane + px % vec4u(plane);
  ${forRows(tile, (r) =>
    row(
      r,
      `let v = ${value(r)}; ${four((i) => `if (px[${i}] < p.pixels) { result[to[${i}] + ${r}u * plane] = v[${i}]; }`).join(' ')}`,
    ),
  )}`;
}

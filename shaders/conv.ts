import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Epilogue, epilogueNames, epilogueStorage, putPixels, putQuad, scaleRows } from './conv-epilogue.js';
import { packingOf } from './conv-pack.js';
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
import { type Shader, storage } from './shader.js';

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

export const isOne = ([a, b]: readonly [number, number]) => a === 1 && b === 1;

/** Whether the three taps of a kernel's row read neighbours of one row of whole quads, so that a `vec4f` serves all three. */
export function tapsShareRows({ source, out, kernel, stride, pad, dilation, up }: Gather): boolean {
  const same = source[0] === out[0] && source[1] === out[1] && isOne(stride) && isOne(up);
  return same && kernel[1] === 3 && pad[1] === 1 && dilation[1] === 1 && out[1] % 4 === 0;
}

/** How an invocation's four pixels lie in the source. */
type Access = 'plane' | 'row' | 'lanes' | 'line' | 'any';

/**
 * `plane`: a 1×1 kernel, where output and source pixels are the same quads. `row`: neighbours along a row whose taps overlap,
 * so that one `vec4f` and the two pixels beside it serve three taps. `lanes`: the same where a subgroup holds whole rows, so that
 * the two come from the neighbouring lanes. `line`: some neighbouring quads of a row hold all taps of a kernel's row (see
 * packingOf). `any`: every pixel by itself.
 */
function accessOf(gather: Gather, sharing: Sharing): Access {
  const { out, kernel, stride, pad, up } = gather;
  if (packingOf(gather).line > 0) return 'line';
  if (!isOne(stride) || !isOne(up)) return 'any';
  if (isOne(kernel) && pad[0] === 0 && pad[1] === 0) return (out[0] * out[1]) % 4 === 0 ? 'plane' : 'any';
  if (!tapsShareRows(gather)) return 'any';
  return sharing.kind === 'subgroup' && (4 * sharing.lanes) % out[1] === 0 ? 'lanes' : 'row';
}

/** out [batch, groups · outChannels, …] from the source and packed weights. */
export function convGather(spec: Gather & { readonly epilogue: Epilogue; readonly sharing: Sharing }): Shader {
  const { batch, groups, sourceChannels, outChannels, source, out, kernel, stride, pad, dilation, up } = spec;
  const { epilogue, sharing } = spec;
  const access = accessOf(spec, sharing);
  const packing = packingOf(spec);
  const row = access === 'row' || access === 'lanes';
  const pixels = batch * out[0] * out[1];
  const macs = pixels * groups * outChannels * sourceChannels * kernel[0] * kernel[1];
  // Three taps to a step are three times the text: half the rows keep its compile time in bounds.
  const tile: RowTile = { sharing, rows: Math.min(rowsFor(outChannels, macs), row ? 16 : 32) };
  const quads = (out[0] * out[1]) % 4 === 0;
  const width = 4 * sharing.lanes;
  const depth = 4 * Math.ceil(packing.k / 4);
  const read = batch * groups * sourceChannels * source[0] * source[1];
  const written = pixels * groups * outChannels;
  const [cell, cell4] = ['array<f32>', 'array<vec4f>'];
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
  const line = access === 'line' ? ` ${kernel[1]} ${stride[1]} ${pad[1]}` : '';
  return {
    name: kernel[0] * kernel[1] === 1 ? 'conv1x1' : 'conv',
    variant: [
      sharing.kind,
      sharing.lanes,
      tile.rows,
      access + line,
      ...(quads ? ['quads'] : []),
      ...epilogueNames(epilogue),
    ].join(' '),
    grid: [Math.ceil(pixels / width), Math.ceil(outChannels / tile.rows), groups],
    params: [...params, groups, { f32: epilogue.slope }],
    flops: 2 * macs,
    bytes:
      4 *
      (read +
        written * (epilogue.residual ? 2 : 1) +
        groups * outChannels * (packing.taps * depth + (epilogue.scale ? 1 : 0) + (epilogue.bias ? 1 : 0))),
    code: () => wgsl`${rowTileEnables(tile)}
struct Params { source_channels: u32, out_channels: u32, depth: u32, pixels: u32, source_h: i32, source_w: i32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dilation_h: i32, dilation_w: i32, up_h: i32, up_w: i32,
  groups: u32, slope: f32 }
${storage(
  [`source: ${cell}`, `source4: ${cell4}`, `packed: ${cell4}`, ...epilogueStorage(epilogue, quads ? 4 : 1)],
  [`result: ${quads ? cell4 : cell}`],
)}
@group(0) @binding(99) var<uniform> p: Params;
${rowTileHead(tile, TAPS[access](spec))}
var<private> first_row: u32;
var<private> weights_base: u32;
fn row4(tap: u32, row: u32, k: u32) -> vec4f {
  let r = first_row + row;
  if (r >= p.out_channels || k >= p.depth) { return vec4f(0.0); }
  return packed[weights_base + (tap * p.out_channels + r) * (p.depth / 4u) + k / 4u];
}
fn pixel_at(at: u32) -> f32 { return f32(source[at]); }
fn quad_at(at: u32) -> vec4f { return vec4f(source4[at]); }
${quads ? putQuad(epilogue) : putPixels(epilogue)}
${rowTileMain(tile)}
  let taps = p.kernel_h * p.kernel_w;
  first_row = tile.y * ${tile.rows}u;
  let group = tile.z;
  let plane = p.out_h * p.out_w;
  let source_plane = u32(p.source_h * p.source_w);
  let column = 4u * (tile.x * ${sharing.lanes}u + lane);
  ${GATHER[access](tile, spec)}
  let channel = group * p.out_channels + first_row;
  ${scaleRows(tile, epilogue)}
  if (column >= p.pixels) { return; }
  let slope = p.slope;
  ${storeRows(tile, quads)}
}`,
  };
}

const four = (text: (i: number) => string) => [0, 1, 2, 3].map(text);

const GATHER: Readonly<Record<Access, (tile: RowTile, gather: Gather) => string>> = {
  plane: (tile) => `
  weights_base = group * p.out_channels * (p.depth / 4u);
  let pixel = min(column, p.pixels - 4u);
  let base = ((pixel / plane) * p.groups + group) * p.source_channels * (plane / 4u) + (pixel % plane) / 4u;
  let last = p.source_channels - 1u;
  ${rowTileLoop(tile, 'p.depth', four((i) => `let b0_${i} = quad_at(base + min(k + ${i}u, last) * (plane / 4u));`).join(' '))}`,
  row: (tile) =>
    alongRows(
      tile,
      (i) => `let l${i} = select(0.0, pixel_at(at${i} - select(0u, 1u, left_inside)), inside && left_inside);
    let r${i} = select(0.0, pixel_at(at${i} + select(3u, 4u, right_inside)), inside && right_inside);`,
    ),
  lanes: (tile) =>
    alongRows(
      tile,
      (i) => `let l${i} = select(0.0, subgroupShuffleUp(b1_${i}.w, 1u), left_inside);
    let r${i} = select(0.0, subgroupShuffleDown(b1_${i}.x, 1u), right_inside);`,
    ),
  line: alongLine,
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
      let b0_${i} = select(vec4f(0.0), vec4f(pixel_at(at.x + d${i}), pixel_at(at.y + d${i}), pixel_at(at.z + d${i}), pixel_at(at.w + d${i})), inside);`,
        ).join('\n      '),
      )}
    }
  }`,
};

/** Matrices of weights that one step over k takes. */
const TAPS: Readonly<Record<Access, (gather: Gather) => number>> = {
  plane: () => 1,
  row: () => 3,
  lanes: () => 3,
  line: ({ kernel }) => Math.ceil(kernel[1] / 4),
  any: () => 1,
};

/** The taps of a kernel's row, four to a matrix of weights, out of the quads of the source's row that hold them. */
function alongLine(tile: RowTile, { kernel, stride, pad }: Gather): string {
  const width = kernel[1];
  const taps = Math.ceil(width / 4);
  // Tap s of pixel i lies so many columns behind the first pixel's column, which begins a quad.
  const offset = (i: number, s: number) => i * stride[1] + s - pad[1];
  const first = Math.floor(offset(0, 0) / 4);
  const last = Math.floor(offset(3, width - 1) / 4);
  const quads = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const name = (quad: number) => `q${quad - first}`;
  const element = (at: number) => `${name(Math.floor(at / 4))}[${((at % 4) + 4) % 4}]`;
  const columns = Array.from({ length: width }, (_, s) => s).map(
    (s) => `let b${Math.floor(s / 4)}_${s % 4} = vec4f(${four((i) => element(offset(i, s))).join(', ')});`,
  );
  return `
  let pixel = min(column, p.pixels - 4u);
  let in_plane = pixel % plane;
  let y = i32(in_plane / p.out_w) * p.stride_h - p.pad_h;
  let x = i32(in_plane % p.out_w) * p.stride_w / 4;
  let across = p.source_w / 4;
  let base = i32(((pixel / plane) * p.groups + group) * p.source_channels * (source_plane / 4u));
  ${quads.map((quad) => `let ${name(quad)}_x = clamp(x + ${quad}, 0, across - 1); let ${name(quad)}_inside = x + ${quad} == ${name(quad)}_x;`).join('\n  ')}
  for (var r = 0u; r < p.kernel_h; r++) {
    weights_base = (group * p.kernel_h + r) * ${taps}u * p.out_channels * (p.depth / 4u);
    let at_y = y + i32(r) * p.dilation_h;
    let inside = at_y >= 0 && at_y < p.source_h;
    let start_of_row = base + clamp(at_y, 0, p.source_h - 1) * across;
    ${rowTileLoop(
      tile,
      'p.depth',
      `let line = start_of_row + i32((k / 4u) * (source_plane / 4u));
    ${quads.map((quad) => `let ${name(quad)} = select(vec4f(0.0), quad_at(u32(line + ${name(quad)}_x)), inside && ${name(quad)}_inside);`).join('\n    ')}
    ${columns.join('\n    ')}`,
      taps,
      width - 4 * (taps - 1),
    )}
  }`;
}

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
    let b1_${i} = select(vec4f(0.0), quad_at(at${i} / 4u), inside);
    ${beside(i)}
    let b0_${i} = vec4f(l${i}, b1_${i}.xyz);
    let b2_${i} = vec4f(b1_${i}.yzw, r${i});`,
      ).join('\n    '),
      3,
    )}
  }`;
}

/** Writes the accumulators: four pixels of a row of output channels; they may belong to two images where planes are odd. */
function storeRows(tile: RowTile, quads: boolean): string {
  const row = (r: number, body: string) => `if (first_row + ${r}u < p.out_channels) { ${body} }`;
  const all = 'p.groups * p.out_channels';
  if (quads) {
    return `let to = ((column / plane) * ${all} + channel) * plane + column % plane;
  ${forRows(tile, (r) => row(r, `put((to + ${r}u * plane) / 4u, c${r}, slope);`))}`;
  }
  return `let px = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
  let inside = px < vec4u(p.pixels);
  let to = ((px / vec4u(plane)) * ${all} + channel) * plane + px % vec4u(plane);
  ${forRows(tile, (r) => row(r, `put(to + ${r}u * plane, inside, c${r}, slope);`))}`;
}

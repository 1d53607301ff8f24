import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { type Gather, tapsShareRows } from './conv.js';
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
import type { Shader } from './shader.js';

/** Below this many quads of pixels a float division finds the row of a pixel exactly. */
const EXACT = 2 ** 21;

const four = (text: (i: number) => string) => [0, 1, 2, 3].map(text);

export interface WeightGradSpec {
  /** The forward pass (`up` is 1): `source` is x, `out` the output's gradient. */
  readonly forward: Gather;
  /** The pixels are cut into this many runs of `chunk` quads; results are [splits, out channels, channels, taps]. */
  readonly splits: number;
  readonly chunk: number;
  readonly sharing: Sharing;
}

/** Runs of pixels must begin with a row where the kernel carries a pixel from quad to quad: a chunk is a multiple of this. */
export const chunkUnit = (forward: Gather): number => (tapsShareRows(forward) ? forward.out[1] / 4 : 1);

/** Quads of output pixels of a batch; the last quad of an image may be partly empty. */
export const quadsOf = ({ batch, out }: Gather): number => batch * Math.ceil((out[0] * out[1]) / 4);

/**
 * dW[o, (c, r, s)] = Σ over images and pixels of dy[o, pixel] · x[c, pixel moved by (r, s)]: rows are output channels, columns
 * all (c, r, s), and k runs along the pixels, in quads. Both are read along k. The long sum is split over workgroups.
 */
export function convWeightGrad({ forward, splits, chunk, sharing }: WeightGradSpec): Shader {
  const { batch, groups, sourceChannels, outChannels, source, out, kernel, stride, pad, dilation } = forward;
  const columns = sourceChannels * kernel[0] * kernel[1];
  const macs = batch * out[0] * out[1] * groups * outChannels * columns;
  const tile: RowTile = { sharing, rows: rowsFor(outChannels, macs) };
  const rows = tapsShareRows(forward);
  const lanes = Math.ceil(columns / (rows ? 3 : 4));
  const perImage = Math.ceil((out[0] * out[1]) / 4);
  const plane = out[0] * out[1];
  const same = kernel[0] * kernel[1] === 1 && stride[0] * stride[1] === 1 && pad[0] + pad[1] === 0;
  const access = plane % 4 !== 0 ? 'any' : same ? 'plane' : rows ? 'rows' : 'quads';
  const float = quadsOf(forward) < EXACT && plane < EXACT;
  const quotient = (a: string, b: string, inverse: string, type = 'u32') =>
    float ? `${type}((${type === 'u32' ? 'f32' : 'vec4f'}(${a}) + 0.5) * ${inverse})` : `(${a}) / ${b}`;
  return {
    name: 'convWeightGrad',
    variant: `${sharing.kind} ${sharing.lanes} ${tile.rows} ${access}${float ? '' : ' long'}`,
    grid: [Math.ceil(lanes / sharing.lanes), Math.ceil(outChannels / tile.rows) * groups, splits],
    params: [
      sourceChannels,
      outChannels,
      columns,
      quadsOf(forward),
      perImage,
      chunk,
      groups,
      Math.ceil(outChannels / tile.rows),
      ...source,
      ...out,
      ...kernel,
      ...stride,
      ...pad,
      ...dilation,
      { f32: 1 / perImage },
      { f32: 1 / out[1] },
    ],
    flops: 2 * macs,
    bytes:
      4 *
      (batch * groups * (sourceChannels * source[0] * source[1] + outChannels * plane) +
        splits * groups * outChannels * columns),
    code: () => wgsl`${rowTileEnables(tile)}
struct Params { source_channels: u32, out_channels: u32, columns: u32, quads: u32, per_image: u32, chunk: u32, groups: u32, row_tiles: u32,
  source_h: i32, source_w: i32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32, stride_h: i32, stride_w: i32,
  pad_h: i32, pad_w: i32, dilation_h: i32, dilation_w: i32, per_image_inverse: f32, out_w_inverse: f32 }
@group(0) @binding(0) var<storage, read> x: array<${access === 'plane' ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<${access === 'any' ? 'f32' : 'vec4f'}>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${rowTileHead(tile)}
var<private> first_row: u32;
var<private> first_quad: u32;
var<private> group: u32;
fn row4(tap: u32, row: u32, k: u32) -> vec4f {
  let quad = first_quad + k / 4u;
  if (first_row + row >= p.out_channels || quad >= p.quads) { return vec4f(0.0); }
  let image = ${quotient('quad', 'p.per_image', 'p.per_image_inverse')};
  let start = (image * p.groups + group) * p.out_channels + first_row + row;
  let part = quad - image * p.per_image;
  ${access === 'any' ? PARTIAL_DY : 'return dy[start * p.per_image + part];'}
}
${rowTileMain(tile)}
  group = tile.y / p.row_tiles;
  first_row = (tile.y % p.row_tiles) * ${tile.rows}u;
  // Private variables count as different between lanes: what bounds the loop is kept apart.
  let begin = tile.z * p.chunk;
  first_quad = begin;
  let end = 4u * (min(begin + p.chunk, p.quads) - begin);
  let plane = p.out_h * p.out_w;
  let source_plane = u32(p.source_h * p.source_w);
  let taps = p.kernel_h * p.kernel_w;
  ${rows ? ROWS_HEAD(sharing.lanes) : COLUMNS_HEAD(sharing.lanes)}
  ${rowTileLoop(tile, 'end', rows ? rowsText(quotient) : columnsText(access, quotient))}
  let to = (tile.z * p.groups + group) * p.out_channels;
  ${forRows(
    tile,
    (r) =>
      `if (first_row + ${r}u < p.out_channels) { let at = (to + first_row + ${r}u) * p.columns + column; ${four((i) =>
        rows && i === 3 ? '' : `if (column + ${i}u < p.columns) { result[at + ${i}u] = c${r}[${i}]; }`,
      ).join(' ')} }`,
  )}
}`,
  };
}

const PARTIAL_DY = `let plane = p.out_h * p.out_w;
  let at = start * plane + 4u * part;
  let left = plane - 1u - 4u * part;
  return vec4f(dy[at], select(0.0, dy[at + min(1u, left)], left >= 1u), select(0.0, dy[at + min(2u, left)], left >= 2u), select(0.0, dy[at + min(3u, left)], left >= 3u));`;

/** Declares t<j>: x of column j at the quad's four pixels, zero outside of the picture. Pixels beyond the plane meet dy = 0. */
function shifted(j: number): string {
  return `let y${j} = y + tap_y[${j}]; let x${j} = left + tap_x[${j}];
    let in${j} = (y${j} >= vec4i(0)) & (y${j} < vec4i(p.source_h)) & (x${j} >= vec4i(0)) & (x${j} < vec4i(p.source_w));
    let at${j} = (base + channels[${j}]) * source_plane + select(vec4u(0u), vec4u(y${j} * p.source_w + x${j}), in${j});
    let t${j} = select(vec4f(0.0), vec4f(x[at${j}.x], x[at${j}.y], x[at${j}.z], x[at${j}.w]), in${j});`;
}

type Quotient = (a: string, b: string, inverse: string, type?: string) => string;

const COLUMNS_HEAD = (lanes: number) => `let column = 4u * (tile.x * ${lanes}u + lane);
  let columns = min(vec4u(column) + vec4u(0u, 1u, 2u, 3u), vec4u(p.columns - 1u));
  let channels = columns / vec4u(taps);
  let tap_y = vec4i((columns % vec4u(taps)) / vec4u(p.kernel_w)) * p.dilation_h - p.pad_h;
  let tap_x = vec4i(columns % vec4u(p.kernel_w)) * p.dilation_w - p.pad_w;`;

/** Declares b0_0 … b0_3 from four columns that may be any taps of any channels. */
const columnsText = (access: string, quotient: Quotient) => `let quad = first_quad + k / 4u;
    let image = ${quotient('quad', 'p.per_image', 'p.per_image_inverse')};
    let base = (image * p.groups + group) * p.source_channels;
    ${
      access === 'plane'
        ? four((j) => `let t${j} = x[(base + channels[${j}]) * p.per_image + quad - image * p.per_image];`).join(
            '\n    ',
          )
        : `let pixel = 4u * (quad - image * p.per_image) + vec4u(0u, 1u, 2u, 3u);
    let row = ${quotient('pixel', 'vec4u(p.out_w)', 'p.out_w_inverse', 'vec4u')};
    let y = vec4i(row) * p.stride_h;
    let left = vec4i(pixel - row * p.out_w) * p.stride_w;
    ${four((j) => shifted(j)).join('\n    ')}`
    }
    ${four((i) => `let b0_${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], t3[${i}]);`).join('\n    ')}`;

/** A lane's columns are the three taps (r, 0 … 2) of one channel; a fourth is never stored. */
const ROWS_HEAD = (lanes: number) => `let column = 3u * (tile.x * ${lanes}u + lane);
  let line = min(column, p.columns - 3u) / 3u;
  let channel = line / p.kernel_h;
  let tap_y = i32(line % p.kernel_h) * p.dilation_h - p.pad_h;
  var carried = 0.0;`;

/** Declares b0_0 … b0_3 from one quad of x, the last pixel of the one before, which is carried, and the first of the next. */
const rowsText = (quotient: Quotient) => `let quad = first_quad + k / 4u;
    let image = ${quotient('quad', 'p.per_image', 'p.per_image_inverse')};
    let pixel = 4u * (quad - image * p.per_image);
    let row = ${quotient('pixel', 'p.out_w', 'p.out_w_inverse')};
    let left = pixel - row * p.out_w;
    let y = i32(row) + tap_y;
    let inside = y >= 0 && y < p.source_h;
    let more = left + 4u < p.out_w;
    let at = ((image * p.groups + group) * p.source_channels + channel) * source_plane + u32(clamp(y, 0, p.source_h - 1)) * p.out_w + left;
    let t1 = select(vec4f(0.0), x4[at / 4u], inside);
    let t0 = vec4f(select(carried, 0.0, left == 0u), t1.xyz);
    let t2 = vec4f(t1.yzw, select(0.0, x[at + select(3u, 4u, more)], inside && more));
    carried = t1.w;
    ${four((i) => `let b0_${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], 0.0);`).join('\n    ')}`;

import type { Gather } from './conv.js';
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

/** Quads of output pixels of a batch; the last quad of an image may be partly empty. */
export const quadsOf = ({ batch, out }: Gather): number => batch * Math.ceil((out[0] * out[1]) / 4);

/**
 * dW[o, (c, r, s)] = Σ over images and pixels of dy[o, pixel] · x[c, pixel moved by (r, s)]: rows are output channels, columns
 * all (c, r, s), and k runs along the pixels, in quads. Both are read along k. The long sum is split over workgroups.
 */
export function convWeightGrad({ forward, splits, chunk, sharing }: WeightGradSpec): Shader {
  const { batch, groups, sourceChannels, outChannels, source, out, kernel, stride, pad, dilation } = forward;
  const tile: RowTile = { sharing, rows: rowsFor(outChannels) };
  const columns = sourceChannels * kernel[0] * kernel[1];
  const width = 4 * sharing.lanes;
  const perImage = Math.ceil((out[0] * out[1]) / 4);
  const plane = out[0] * out[1];
  const same = kernel[0] * kernel[1] === 1 && stride[0] * stride[1] === 1 && pad[0] + pad[1] === 0;
  const access = plane % 4 !== 0 ? 'any' : same ? 'plane' : 'quads';
  const float = quadsOf(forward) < EXACT && plane < EXACT;
  const quotient = (a: string, b: string, inverse: string, type = 'u32') =>
    float ? `${type}((${type === 'u32' ? 'f32' : 'vec4f'}(${a}) + 0.5) * ${inverse})` : `(${a}) / ${b}`;
  const macs = batch * plane * groups * outChannels * columns;
  return {
    name: 'convWeightGrad',
    variant: `${sharing.kind} ${tile.rows} ${access}${float ? '' : ' long'}`,
    grid: [Math.ceil(columns / width), Math.ceil(outChannels / tile.rows) * groups, splits],
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
    code: () => `${rowTileEnables(tile)}
struct Params { source_channels: u32, out_channels: u32, columns: u32, quads: u32, per_image: u32, chunk: u32, groups: u32, row_tiles: u32,
  source_h: i32, source_w: i32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32, stride_h: i32, stride_w: i32,
  pad_h: i32, pad_w: i32, dilation_h: i32, dilation_w: i32, per_image_inverse: f32, out_w_inverse: f32 }
@group(0) @binding(0) var<storage, read> x: array<${access === 'plane' ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> dy: array<${access === 'any' ? 'f32' : 'vec4f'}>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
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
  let column = 4u * (tile.x * ${sharing.lanes}u + lane);
  let columns = min(vec4u(column) + vec4u(0u, 1u, 2u, 3u), vec4u(p.columns - 1u));
  let channels = columns / vec4u(taps);
  let tap_y = vec4i((columns % vec4u(taps)) / vec4u(p.kernel_w)) * p.dilation_h - p.pad_h;
  let tap_x = vec4i(columns % vec4u(p.kernel_w)) * p.dilation_w - p.pad_w;
  ${rowTileLoop(
    tile,
    'end',
    `let quad = first_quad + k / 4u;
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
    ${four((i) => `let b0_${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], t3[${i}]);`).join('\n    ')}`,
  )}
  let to = (tile.z * p.groups + group) * p.out_channels;
  ${forRows(
    tile,
    (r) =>
      `if (first_row + ${r}u < p.out_channels) { let at = (to + first_row + ${r}u) * p.columns + column; ${four(
        (i) => `if (column + ${i}u < p.columns) { result[at + ${i}u] = c${r}[${i}]; }`,
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

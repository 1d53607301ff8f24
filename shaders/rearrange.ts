import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/** Kernels that move elements or blank them out; 32-bit elements of any type. */

export interface TriangleSpec {
  readonly n: number;
  readonly rows: number;
  readonly columns: number;
  /** What stays: on and below (`lower`) or on and above the diagonal, which lies this far to the right of the main one. */
  readonly lower: boolean;
  readonly diagonal: number;
}

/** Zeros above or below a diagonal of matrices [.., rows, columns]. */
export function triangle({ n, rows, columns, lower, diagonal }: TriangleSpec): Shader {
  return {
    name: lower ? 'tril' : 'triu',
    variant: '',
    grid: itemGrid(n),
    params: [n, rows, columns, diagonal],
    flops: 0,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32, rows: u32, columns: u32, diagonal: i32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let right = i32(item % p.columns) - i32((item / p.columns) % p.rows);
  y[item] = select(0u, x[item], right ${lower ? '<=' : '>='} p.diagonal);
}`,
  };
}

export interface WindowSpec {
  /** x is [planes, height, width] with planes = batch · channels. */
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

const windowParams = (n: number, s: WindowSpec) => [
  n,
  s.height,
  s.width,
  s.outHeight,
  s.outWidth,
  ...s.kernel,
  ...s.stride,
  ...s.padding,
  ...s.dilation,
];

const windowHead = `
struct Params { n: u32, height: u32, width: u32, out_height: u32, out_width: u32, kernel_y: u32, kernel_x: u32,
  stride_y: u32, stride_x: u32, padding_y: u32, padding_x: u32, dilation_y: u32, dilation_x: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }`;

/** Every window of an image as a column: [planes, kernel_y, kernel_x, out_height, out_width], 0 outside of the image. */
export function unfold2d(spec: WindowSpec): Shader {
  const n = spec.planes * spec.kernel[0] * spec.kernel[1] * spec.outHeight * spec.outWidth;
  return {
    name: 'unfold2d',
    variant: '',
    grid: itemGrid(n),
    params: windowParams(n, spec),
    flops: 0,
    bytes: 8 * n,
    code: () => wgsl`${windowHead}
  let out_x = item % p.out_width;
  let out_y = (item / p.out_width) % p.out_height;
  let tap = item / (p.out_width * p.out_height);
  let in_x = out_x * p.stride_x + (tap % p.kernel_x) * p.dilation_x - p.padding_x;
  let in_y = out_y * p.stride_y + ((tap / p.kernel_x) % p.kernel_y) * p.dilation_y - p.padding_y;
  let plane = tap / (p.kernel_x * p.kernel_y);
  // Left of 0 wraps to a huge unsigned number, beyond the width too.
  if (in_x < p.width && in_y < p.height) { y[item] = x[(plane * p.height + in_y) * p.width + in_x]; } else { y[item] = 0.0; }
}`,
  };
}

/** The reverse: every pixel is the sum of the window elements that were read from it, in the order of the taps. */
export function fold2d(spec: WindowSpec): Shader {
  const n = spec.planes * spec.height * spec.width;
  return {
    name: 'fold2d',
    variant: '',
    grid: itemGrid(n),
    params: windowParams(n, spec),
    flops: spec.planes * spec.kernel[0] * spec.kernel[1] * spec.outHeight * spec.outWidth,
    bytes: 4 * (n + spec.planes * spec.kernel[0] * spec.kernel[1] * spec.outHeight * spec.outWidth),
    code: () => wgsl`${windowHead}
  let in_x = item % p.width + p.padding_x;
  let in_y = (item / p.width) % p.height + p.padding_y;
  let plane = item / (p.width * p.height);
  var sum = 0.0;
  for (var ky = 0u; ky < p.kernel_y; ky++) {
    let from_y = in_y - ky * p.dilation_y;
    if (in_y < ky * p.dilation_y || from_y % p.stride_y != 0u || from_y / p.stride_y >= p.out_height) { continue; }
    for (var kx = 0u; kx < p.kernel_x; kx++) {
      let from_x = in_x - kx * p.dilation_x;
      if (in_x < kx * p.dilation_x || from_x % p.stride_x != 0u || from_x / p.stride_x >= p.out_width) { continue; }
      let tap = (plane * p.kernel_y + ky) * p.kernel_x + kx;
      sum += x[(tap * p.out_height + from_y / p.stride_y) * p.out_width + from_x / p.stride_x];
    }
  }
  y[item] = sum;
}`,
  };
}

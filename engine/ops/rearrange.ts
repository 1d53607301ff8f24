import { copyStrided, placeStrided } from '../../shaders/copy.js';
import { fill } from '../../shaders/elementwise.js';
import { fold2d as foldShader, triangle, unfold2d as unfoldShader, type WindowSpec } from '../../shaders/rearrange.js';
import { ShapeError } from '../errors.js';
import { axesOf, axisOf, collapse, formatShape, pair, type Shape, stridesOf } from '../shape.js';
import { record } from '../tape.js';
import { empty, run, runInto, runStrided, type Tensor, viewOf } from '../tensor.js';
import { cat } from './join.js';
import { expand, permute, reshape, slice } from './view.js';

/** The same elements in other places. */

/** Dimensions read from their end. */
export function flip(x: Tensor, dims: number | readonly number[]): Tensor {
  const axes = axesOf(dims, x.rank, 'flip');
  const turned = x.strides.map((s, i) => (axes.includes(i) ? -s : s));
  const start = axes.reduce((at, i) => at + ((x.shape[i] ?? 1) - 1) * (x.strides[i] ?? 0), x.offset);
  const out = empty(x.gpu, x.shape, x.dtype, 'flip');
  if (out.size > 0) {
    // Kernels count in uint32, where a negative stride is as good as any other.
    const { shape, strides } = collapse(x.shape, turned);
    runStrided(copyStrided({ shape, strides: strides[0]!, offset: start }), [x], [out]);
  }
  return record('flip', out, [x], (dy) => [flip(dy, axes)], { twice: true, attributes: { axes } });
}

/** Elements moved along dimensions; what leaves at the end comes in at the front. Without `dims`, in row-major order. */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  if (dims === undefined) return reshape(roll(reshape(x, [x.size]), shifts, 0), x.shape);
  const by = typeof shifts === 'number' ? [shifts] : shifts;
  const along = typeof dims === 'number' ? [dims] : dims;
  if (by.length !== along.length)
    throw new ShapeError(`roll: ${by.length} shifts do not fit ${along.length} dimensions.`);
  return along.reduce((rolled, dim, i) => {
    const axis = axisOf(dim, x.rank, 'roll');
    const n = x.shape[axis]!;
    const start = n === 0 ? 0 : (((n - by[i]!) % n) + n) % n;
    return start === 0 ? rolled : cat([slice(rolled, axis, start), slice(rolled, axis, 0, start)], axis);
  }, x);
}

/** The tensor so many times along each dimension; more repeats than dimensions give new ones in front. */
export function repeat(x: Tensor, repeats: readonly number[]): Tensor {
  const lead = repeats.length - x.rank;
  if (lead < 0 || repeats.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError(`repeat: [${repeats}] must be a whole number for every dimension of ${formatShape(x.shape)}.`);
  }
  const size = (i: number) => x.shape[i - lead] ?? 1;
  const apart = reshape(
    x,
    repeats.flatMap((_, i) => [1, size(i)]),
  );
  const all = expand(
    apart,
    repeats.flatMap((n, i) => [n, size(i)]),
  );
  return reshape(
    all,
    repeats.map((n, i) => n * size(i)),
  );
}

function triangular(x: Tensor, lower: boolean, diagonal: number): Tensor {
  const op = lower ? 'tril' : 'triu';
  const [rows, columns] = x.shape.slice(-2);
  if (x.rank < 2) throw new ShapeError(`${op}: ${formatShape(x.shape)} is not a matrix [.., rows, columns].`);
  const shader = triangle({ n: x.size, rows: rows!, columns: columns!, lower, diagonal });
  return record(op, run(shader, [x], x.shape, x.dtype), [x], (dy) => [triangular(dy, lower, diagonal)], {
    twice: true,
    attributes: { diagonal },
  });
}

/** Zeros above a diagonal of matrices; `diagonal` counts from the main one to the right. */
export const tril = (x: Tensor, diagonal = 0): Tensor => triangular(x, true, diagonal);

/** Zeros below a diagonal of matrices; `diagonal` counts from the main one to the right. */
export const triu = (x: Tensor, diagonal = 0): Tensor => triangular(x, false, diagonal);

/** Where a diagonal of two dimensions lies in memory; it becomes the last dimension. */
function diagonalPlaces(shape: Shape, strides: readonly number[], offset: number, first: number, second: number) {
  const n = Math.max(0, Math.min(shape[first]! + Math.min(offset, 0), shape[second]! - Math.max(offset, 0)));
  const others = shape.map((_, i) => i).filter((i) => i !== first && i !== second);
  const start = offset >= 0 ? offset * strides[second]! : -offset * strides[first]!;
  return {
    shape: [...others.map((i) => shape[i]!), n],
    strides: [...others.map((i) => strides[i]!), strides[first]! + strides[second]!],
    start: n === 0 ? 0 : start,
  };
}

/** A diagonal of two dimensions as the last dimension, without a copy; `offset` counts from the main one to the right. */
export function diagonal(x: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  const first = axisOf(dim1, x.rank, 'diagonal');
  const second = axisOf(dim2, x.rank, 'diagonal');
  if (first === second || x.rank < 2) {
    throw new ShapeError(`diagonal: ${formatShape(x.shape)} has no diagonal of dimensions ${dim1} and ${dim2}.`);
  }
  const { shape, strides, start } = diagonalPlaces(x.shape, x.strides, offset, first, second);
  const view = viewOf(x, shape, strides, x.offset + start);
  return record('diagonal', view, [x], (dy) => [onDiagonal(dy, x.shape, offset, first, second)], { twice: true });
}

/** Zeros with x on a diagonal: the way back of diagonal. */
function onDiagonal(x: Tensor, shape: Shape, offset: number, first: number, second: number): Tensor {
  const out = empty(x.gpu, shape, 'float32', 'diagonal');
  runInto(fill(out.size, 0), [], [out]);
  const places = diagonalPlaces(shape, stridesOf(shape), offset, first, second);
  if (x.size > 0) {
    const { shape: axes, strides } = collapse(x.shape, x.strides, places.strides);
    const source = { shape: axes, strides: strides[0]!, offset: x.offset };
    runStrided(placeStrided({ source, target: { strides: strides[1]!, offset: places.start } }), [x], [out]);
  }
  return record('onDiagonal', out, [x], (dy) => [diagonal(dy, offset, first, second)], { twice: true });
}

/** [N, C r², H, W] → [N, C, H r, W r]: channels become pixels. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  if (x.rank !== 4 || c % (factor * factor) !== 0) {
    throw new ShapeError(`pixelShuffle: ${formatShape(x.shape)} must be [N, C, H, W] with C divisible by ${factor}².`);
  }
  const channels = c / (factor * factor);
  const apart = permute(reshape(x, [n, channels, factor, factor, h, w]), [0, 1, 4, 2, 5, 3]);
  return reshape(apart, [n, channels, h * factor, w * factor]);
}

export interface UnfoldOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
}

/** Every window of images [N, C, H, W] as a column: [N, C · kernel height · kernel width, windows] (im2col). */
export function unfold2d(
  x: Tensor,
  kernelSize: number | readonly [number, number],
  options: UnfoldOptions = {},
): Tensor {
  const [n, channels, height, width] = x.shape as readonly [number, number, number, number];
  const kernel = pair(kernelSize);
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  const dilation = pair(options.dilation ?? 1);
  const windows = (size: number, i: 0 | 1) =>
    Math.floor((size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1;
  const [outHeight, outWidth] = [windows(height, 0), windows(width, 1)];
  if (x.rank !== 4 || !(outHeight > 0 && outWidth > 0)) {
    throw new ShapeError(
      `unfold2d: a kernel of ${kernel.join(' × ')} does not fit ${formatShape(x.shape)} with padding ${padding.join(' × ')}; expected [N, C, H, W].`,
    );
  }
  const spec = { planes: n * channels, height, width, outHeight, outWidth, kernel, stride, padding, dilation };
  const shape = [n, channels * kernel[0] * kernel[1], outHeight * outWidth];
  return unfolded(x, spec, shape);
}

function unfolded(x: Tensor, spec: WindowSpec, shape: Shape): Tensor {
  const y = run(unfoldShader(spec), [x], shape);
  return record('unfold2d', y, [x], (dy) => [folded(dy, spec, x.shape)], { twice: true });
}

function folded(x: Tensor, spec: WindowSpec, shape: Shape): Tensor {
  const y = run(foldShader(spec), [x], shape);
  return record('fold2d', y, [x], (dy) => [unfolded(dy, spec, x.shape)], { twice: true });
}

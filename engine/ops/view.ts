import { fill } from '../../shaders/elementwise.js';
import { ShapeError } from '../errors.js';
import { axesOf, axisOf, formatShape, type Shape, sizeOf, stridesOf } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, empty, runInto, type Tensor, viewOf } from '../tensor.js';
import { placeInto } from './join.js';
import { sumTo } from './sum.js';

/** Other shapes of the same memory. All of these are free, but for reshape of what is not row-major: that copies. */

/** Row-major memory; a copy only where it is needed. */
export function contiguous(x: Tensor): Tensor {
  if (x.isContiguous) return x;
  return record('contiguous', contiguousData(x), [x], (dy) => [dy], { twice: true });
}

/** Another shape with as many elements; one dimension may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((n, m) => (m === -1 ? n : n * m), 1);
  const guess = shape.filter((n) => n === -1).length;
  const full = shape.map((n) => (n === -1 ? x.size / Math.max(known, 1) : n));
  if (guess > 1 || sizeOf(full) !== x.size || full.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} has ${x.size} elements and does not become ${formatShape(shape)}.`,
    );
  }
  const source = contiguous(x);
  return record('reshape', viewOf(source, full, stridesOf(full)), [source], (dy) => [reshape(dy, source.shape)], {
    twice: true,
  });
}

/** Joins the dimensions from `start` to `end` into one. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  const first = axisOf(start, x.rank, 'flatten');
  const last = axisOf(end, x.rank, 'flatten');
  const joined = sizeOf(x.shape.slice(first, last + 1));
  return reshape(x, [...x.shape.slice(0, first), joined, ...x.shape.slice(last + 1)]);
}

/** A new dimension of size one in front of `dim`. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, x.rank + 1, 'unsqueeze');
  return reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
}

/** Drops the dimension `dim` of size one, or all of size one. */
export function squeeze(x: Tensor, dim?: number): Tensor {
  const axes = axesOf(dim, x.rank, 'squeeze');
  return reshape(
    x,
    x.shape.filter((n, i) => n !== 1 || !axes.includes(i)),
  );
}

/** The dimensions in another order. */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const order = dims.map((d) => axisOf(d, x.rank, 'permute'));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new ShapeError(`permute: [${dims}] is not an order of the dimensions of ${formatShape(x.shape)}.`);
  }
  const back = order.map((_, i) => order.indexOf(i));
  const view = viewOf(
    x,
    order.map((i) => x.shape[i]!),
    order.map((i) => x.strides[i]!),
  );
  return record('permute', view, [x], (dy) => [permute(dy, back)], { twice: true, attributes: { order } });
}

/** Two dimensions exchanged. */
export function transpose(x: Tensor, a = -2, b = -1): Tensor {
  const dims = x.shape.map((_, i) => i);
  const first = axisOf(a, x.rank, 'transpose');
  const second = axisOf(b, x.rank, 'transpose');
  [dims[first], dims[second]] = [second, first];
  return permute(x, dims);
}

/** Dimensions of size one (and new ones in front) repeated to `shape` without a copy; −1 keeps a size. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.rank;
  const full = shape.map((n, i) => (n === -1 ? (x.shape[i - lead] ?? -1) : n));
  if (lead < 0 || full.some((n, i) => n < 0 || (i >= lead && x.shape[i - lead] !== n && x.shape[i - lead] !== 1))) {
    throw new ShapeError(`expand: ${formatShape(x.shape)} does not expand to ${formatShape(shape)}.`);
  }
  const strides = full.map((n, i) => (i < lead || (x.shape[i - lead] === 1 && n !== 1) ? 0 : x.strides[i - lead]!));
  return record('expand', viewOf(x, full, strides), [x], (dy) => [sumTo(dy, x.shape)], { twice: true });
}

/** Elements start, start + step … below end, along one dimension. Negative ends count from the back, as in Python. */
export function slice(x: Tensor, dim: number, start = 0, end = Number.MAX_SAFE_INTEGER, step = 1): Tensor {
  const axis = axisOf(dim, x.rank, 'slice');
  const n = x.shape[axis]!;
  if (!Number.isInteger(step) || step < 1)
    throw new ShapeError(`slice: the step must be a positive whole number, got ${step}.`);
  const clip = (i: number) => Math.min(Math.max(i < 0 ? i + n : i, 0), n);
  const from = clip(start);
  const length = Math.max(0, Math.ceil((clip(end) - from) / step));
  const stride = x.strides[axis]!;
  const shape = x.shape.map((m, i) => (i === axis ? length : m));
  const view = viewOf(
    x,
    shape,
    x.strides.map((s, i) => (i === axis ? s * step : s)),
    x.offset + from * stride,
  );
  const attributes = { axis, start, end, step };
  return record('slice', view, [x], (dy) => [unslice(dy, x.shape, axis, from, step)], { twice: true, attributes });
}

/** Puts x where a slice of a tensor of `shape` was, with zeros around: the way back of slice. */
function unslice(x: Tensor, shape: Shape, axis: number, start: number, step: number): Tensor {
  const out = empty(x.gpu, shape, 'float32', 'unslice');
  runInto(fill(out.size, 0), [], [out]);
  placeInto(out, x, axis, start, step);
  const end = start + (x.shape[axis]! - 1) * step + 1;
  return record('unslice', out, [x], (dy) => [slice(dy, axis, start, end, step)], { twice: true });
}

/** Index `index` of one dimension, which goes away. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const axis = axisOf(dim, x.rank, 'select');
  const n = x.shape[axis]!;
  const at = index < 0 ? index + n : index;
  if (!Number.isInteger(index) || at < 0 || at >= n) {
    throw new ShapeError(`select: index ${index} is outside of dimension ${dim} of ${formatShape(x.shape)}.`);
  }
  const one = slice(x, axis, at, at + 1);
  return reshape(one, [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)]);
}

/** Parts of the given size (the last may be smaller), or of the given sizes, along one dimension. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const axis = axisOf(dim, x.rank, 'split');
  const n = x.shape[axis]!;
  if (typeof size === 'number' && !(Number.isInteger(size) && size >= 1)) {
    throw new ShapeError(`split: the size must be a whole number of at least 1, got ${size}.`);
  }
  const sizes =
    typeof size === 'number'
      ? Array.from({ length: Math.ceil(n / size) }, (_, i) => Math.min(size, n - i * size))
      : size;
  if (sizes.reduce((sum, m) => sum + m, 0) !== n) {
    throw new ShapeError(`split: sizes [${sizes}] do not add up to ${n}, dimension ${dim} of ${formatShape(x.shape)}.`);
  }
  let start = 0;
  return sizes.map((m) => {
    const part = slice(x, axis, start, start + m);
    start += m;
    return part;
  });
}

/** At most `chunks` parts of one size (the last may be smaller), along one dimension. */
export const chunk = (x: Tensor, chunks: number, dim = 0): Tensor[] =>
  split(x, Math.ceil(x.shape[axisOf(dim, x.rank, 'chunk')]! / chunks), dim);

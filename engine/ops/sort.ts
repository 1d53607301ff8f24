import { SORT_BLOCK } from '../../shaders/sort.js';
import { ShapeError } from '../errors.js';
import { axisOf, formatShape } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, type Tensor, viewOf } from '../tensor.js';
import { gatherData, placeAt } from './indexing.js';
import { firstOfRows, sortRows } from './order.js';
import { slice, transpose } from './view.js';

export interface Sorted {
  readonly values: Tensor;
  /** Where each value was along the dimension; int32. */
  readonly indices: Tensor;
}

export interface SortOptions {
  readonly descending?: boolean;
}

export interface TopkOptions {
  readonly dim?: number;
  /** The largest (default) or the smallest. */
  readonly largest?: boolean;
}

/** Up to so many a row, the first k are found block by block; beyond it the whole row is sorted. */
const MOST_KEPT = 256;

/** Values by their indices along the last dimension, which are different. Gradients go back to where the values came from. */
function valuesAt(name: string, x: Tensor, indices: Tensor): Tensor {
  const axis = x.rank - 1;
  const values = gatherData(x, axis, indices);
  return record(name, values, [x], (dy) => [placeAt(dy, axis, indices, x.shape)]);
}

/** The elements along one dimension in ascending (or descending) order; equal ones keep their order. */
export function sort(x: Tensor, dim = -1, { descending = false }: SortOptions = {}): Sorted {
  const axis = axisOf(dim, x.rank, 'sort');
  if (axis !== Math.max(x.rank - 1, 0)) {
    const { values, indices } = sort(transpose(x, axis, -1), -1, { descending });
    return { values: transpose(values, axis, -1), indices: transpose(indices, axis, -1) };
  }
  const n = x.shape.at(-1) ?? 1;
  const { keys, order } = sortRows(contiguousData(x), n === 0 ? 0 : x.size / n, n, descending);
  keys.storage.release();
  const indices = viewOf(order, x.shape);
  return { values: valuesAt('sort', x, indices), indices };
}

/** The order that sorts the elements along one dimension; int32, stable. */
export const argsort = (x: Tensor, dim = -1, options: SortOptions = {}): Tensor =>
  sort(x.detach(), dim, options).indices;

/** The k largest (or smallest) elements along one dimension, in that order; of equal ones those with the lowest index. */
export function topk(x: Tensor, k: number, { dim = -1, largest = true }: TopkOptions = {}): Sorted {
  const axis = axisOf(dim, x.rank, 'topk');
  if (axis !== Math.max(x.rank - 1, 0)) {
    const { values, indices } = topk(transpose(x, axis, -1), k, { largest });
    return { values: transpose(values, axis, -1), indices: transpose(indices, axis, -1) };
  }
  const n = x.shape.at(-1) ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new ShapeError(
      `topk: k must be a whole number from 1 to ${n}, dimension ${dim} of ${formatShape(x.shape)}, got ${k}.`,
    );
  }
  const rows = x.size / n;
  const source = contiguousData(x);
  const shape = [...x.shape.slice(0, -1), k];
  if (k <= MOST_KEPT || n <= SORT_BLOCK) {
    const indices = viewOf(firstOfRows(source, rows, n, k, largest), shape);
    return { values: valuesAt('topk', x, indices), indices };
  }
  const { keys, order } = sortRows(source, rows, n, largest);
  keys.storage.release();
  const indices = contiguousData(slice(viewOf(order, x.shape), -1, 0, k));
  return { values: valuesAt('topk', x, indices), indices };
}

import { blocksOf, type KeyKind, keptOf, mergeRuns, SORT_BLOCK, sortBlocks } from '../../shaders/sort.js';
import { runMany, type Tensor } from '../tensor.js';

/** Sorting rows outside of the graph. */

/** Sorted rows as keys (uint32, ascending) and the indices they came from (int32). */
export interface SortedRows {
  readonly keys: Tensor;
  readonly order: Tensor;
}

interface RowsSpec {
  readonly rows: number;
  readonly n: number;
  readonly descending: boolean;
  readonly kind: KeyKind;
  readonly keep: number;
}

function blocks(spec: RowsSpec, inputs: readonly Tensor[]): SortedRows {
  const shape = [spec.rows, keptOf(spec.n, spec.keep)];
  const [keys, order] = runMany(sortBlocks(spec), inputs, [
    { shape, dtype: 'uint32' },
    { shape, dtype: 'int32' },
  ]) as [Tensor, Tensor];
  return { keys, order };
}

function release({ keys, order }: SortedRows): void {
  keys.storage.release();
  order.storage.release();
}

/** How a tensor's elements are compared. */
const keyKind = ({ dtype }: Tensor): KeyKind => (dtype === 'float16' ? 'float32' : dtype);

/** Sorts rows [rows, n], stable: equal elements keep their order. `kind` says how to read the elements; default their type. */
export function sortRows(
  x: Tensor,
  rows: number,
  n: number,
  descending = false,
  kind: KeyKind = keyKind(x),
): SortedRows {
  let sorted = blocks({ rows, n, descending, kind, keep: SORT_BLOCK }, [x]);
  for (let run = SORT_BLOCK; run < n; run *= 2) {
    const before = sorted;
    const shape = [rows, n];
    const [keys, order] = runMany(
      mergeRuns(rows, n, run),
      [before.keys, before.order],
      [
        { shape, dtype: 'uint32' },
        { shape, dtype: 'int32' },
      ],
    ) as [Tensor, Tensor];
    sorted = { keys, order };
    release(before);
  }
  return sorted;
}

/** The indices [rows, k] of the k first of each row in the wanted order; of equal ones the lowest index. */
export function firstOfRows(x: Tensor, rows: number, n: number, k: number, descending: boolean): Tensor {
  let sorted = blocks({ rows, n, descending, kind: keyKind(x), keep: k }, [x]);
  let left = n;
  while (blocksOf(left).blocks > 1) {
    left = keptOf(left, k);
    const before = sorted;
    sorted = blocks({ rows, n: left, descending: false, kind: 'keys', keep: k }, [before.keys, before.order]);
    release(before);
  }
  sorted.keys.storage.release();
  return sorted.order;
}

/** Sorts rows of indices: their keys are the indices themselves, negative ones as huge numbers behind all others. */
export const sortIndices = (index: Tensor, rows: number, n: number): SortedRows =>
  sortRows(index, rows, n, false, 'uint32');

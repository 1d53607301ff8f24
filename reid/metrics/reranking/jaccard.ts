import { invertRows, SparseBuilder, type SparseRows } from './sparse-rows.js';

/**
 * Jaccard distances J(i, j) = 1 − s / (2 − s), s = Σ min(V(i, ·), V(j, ·)), never below 0, between the rows of V, each of
 * which sums to 1. Only shared non-zeros are ever looked at: for each non-zero of V(i), the list of rows that have one there too.
 */
export class JaccardDistances {
  readonly #vectors: SparseRows;
  readonly #first: number;
  readonly #inverted: SparseRows;
  readonly #sums: Float64Array;
  readonly #touched: Int32Array;

  /** @param first the columns are the points from this one on (re-ranking wants the gallery alone) */
  constructor(vectors: SparseRows, first = 0) {
    this.#vectors = vectors;
    this.#first = first;
    this.#inverted = invertRows(vectors, first);
    this.#sums = new Float64Array(vectors.rows - first);
    this.#touched = new Int32Array(vectors.rows - first);
  }

  /** Number of columns. */
  get columns(): number {
    return this.#sums.length;
  }

  /** Writes the distances of a point to all columns. */
  row(point: number, out: Float32Array): void {
    out.fill(1);
    this.#visit(point, (column, distance) => {
      out[column] = distance;
    });
  }

  /** Shows each column whose distance is below 1, in no special order. */
  #visit(point: number, visit: (column: number, distance: number) => void): void {
    const { offsets, indices, values } = this.#vectors;
    const { offsets: starts, indices: where, values: what } = this.#inverted;
    const sums = this.#sums;
    const touched = this.#touched;
    let count = 0;
    for (let k = offsets[point]; k < offsets[point + 1]; k++) {
      const value = values[k];
      const end = starts[indices[k] + 1];
      for (let at = starts[indices[k]]; at < end; at++) {
        const column = where[at];
        const other = what[at];
        if (sums[column] === 0) touched[count++] = column;
        sums[column] += other < value ? other : value;
      }
    }
    for (let k = 0; k < count; k++) {
      const column = touched[k];
      const shared = sums[column];
      sums[column] = 0;
      visit(column, Math.max(0, 1 - shared / (2 - shared)));
    }
  }

  /** The columns within `most` of a point, ascending, with their distances. */
  near(point: number, most: number): { readonly columns: Int32Array; readonly distances: Float32Array } {
    const found: [number, number][] = [];
    this.#visit(point, (column, distance) => {
      if (distance <= most) found.push([column + this.#first, distance]);
    });
    found.sort((a, b) => a[0] - b[0]);
    return {
      columns: Int32Array.from(found, ([column]) => column),
      distances: Float32Array.from(found, ([, distance]) => distance),
    };
  }
}

/**
 * All Jaccard distances not above `most`, in sparse rows with ascending columns: what density clustering needs. A pair that is
 * not held is farther; with `most` 1 it is at exactly 1.
 *
 * @example
 * const near = sparseJaccard(await reciprocalVectors(points, { form: 'faiss', k1: 30 }), 0.6);
 *
 * @param most below 1, or 1 for all pairs that share anything
 */
export function sparseJaccard(vectors: SparseRows, most: number): SparseRows {
  const distances = new JaccardDistances(vectors);
  const out = new SparseBuilder(vectors.rows, vectors.rows);
  for (let point = 0; point < vectors.rows; point++) {
    const { columns, distances: values } = distances.near(point, most);
    for (let k = 0; k < columns.length; k++) out.push(columns[k], values[k]);
    out.endRow();
  }
  return out.finish();
}

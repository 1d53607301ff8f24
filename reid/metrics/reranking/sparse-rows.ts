/** A matrix of mostly zeros: row r holds `values[k]` at column `indices[k]` for `offsets[r] ≤ k < offsets[r + 1]`. */
export interface SparseRows {
  readonly rows: number;
  readonly columns: number;
  /** `[rows + 1]` */
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** Makes a sparse matrix row by row. */
export class SparseBuilder {
  readonly #columns: number;
  readonly #offsets: Int32Array;
  #row = 0;
  #used = 0;
  #indices: Int32Array;
  #values: Float32Array;

  constructor(rows: number, columns: number) {
    this.#columns = columns;
    this.#offsets = new Int32Array(rows + 1);
    this.#indices = new Int32Array(16 * rows + 16);
    this.#values = new Float32Array(16 * rows + 16);
  }

  /** An element of the row that is being made. */
  push(column: number, value: number): void {
    if (this.#used === this.#indices.length) this.#grow();
    this.#indices[this.#used] = column;
    this.#values[this.#used++] = value;
  }

  endRow(): void {
    this.#offsets[++this.#row] = this.#used;
  }

  finish(): SparseRows {
    return {
      rows: this.#row,
      columns: this.#columns,
      offsets: this.#offsets,
      indices: this.#indices.slice(0, this.#used),
      values: this.#values.slice(0, this.#used),
    };
  }

  #grow(): void {
    const capacity = Math.ceil(1.5 * this.#used);
    const indices = new Int32Array(capacity);
    const values = new Float32Array(capacity);
    indices.set(this.#indices);
    values.set(this.#values);
    this.#indices = indices;
    this.#values = values;
  }
}

/** The transpose of the rows from `first` on: for each column, which of these rows (numbered from 0) hold what in it. */
export function invertRows({ rows, columns, offsets, indices, values }: SparseRows, first = 0): SparseRows {
  const inverted = new Int32Array(columns + 1);
  const begin = offsets[first];
  const end = offsets[rows];
  for (let k = begin; k < end; k++) inverted[indices[k] + 1]++;
  for (let column = 0; column < columns; column++) inverted[column + 1] += inverted[column];
  const next = inverted.slice(0, columns);
  const where = new Int32Array(end - begin);
  const what = new Float32Array(end - begin);
  for (let row = first; row < rows; row++) {
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      const place = next[indices[k]]++;
      where[place] = row - first;
      what[place] = values[k];
    }
  }
  return { rows: columns, columns: rows - first, offsets: inverted, indices: where, values: what };
}

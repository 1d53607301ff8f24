/** Squared distances of the points `[row, row + rows)` to the points `[column, column + columns)`, row-major. */
export interface DistanceTile {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/**
 * Squared distances between N points, as re-ranking and clustering read them: never the whole N × N matrix. Where there are
 * queries and a gallery, the points are the queries, then the gallery.
 */
export interface PointDistances {
  readonly points: number;
  /** How many of the points are queries: the first ones. */
  readonly queries: number;
  /**
   * Where tiles are rounded more than `between` is: how many entries beyond the end of a neighbour list are compared again by
   * `between`, so that rounding does not choose the neighbours. Default 0.
   */
  readonly spare?: number;
  /** How far a tile's distance may be from `between`'s at most. Default 0: they are the same, rounded to float32. */
  readonly rounding?: number;
  /**
   * Tiles that hold each pair i < j once; what else they hold (j ≤ i) is passed over. They come by ascending rows, and for the
   * same rows by ascending columns, so that every point meets the others by ascending index. A tile is not to be kept.
   */
  tiles(): Iterable<DistanceTile> | AsyncIterable<DistanceTile>;
  /** Squared distances of one point to some others (or itself). */
  between(point: number, others: ArrayLike<number>): ArrayLike<number>;
  /** Squared distances of the queries `[first, first + count)` to the gallery, `[count, points − queries]`. */
  queryRows(first: number, count: number): Float32Array | Promise<Float32Array>;
}

/** Rows of a tile. */
export const TILE_ROWS = 512;

/** Throws unless `queries` is a whole number from 0 to `points`. */
export function checkQueries(who: string, queries: number, points: number): void {
  if (!Number.isInteger(queries) || queries < 0 || queries > points) {
    throw new RangeError(`${who}: ${queries} queries of ${points} points`);
  }
}

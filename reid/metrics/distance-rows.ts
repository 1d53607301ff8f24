/** Distances of the queries `[first, first + count)` to the whole gallery, `[count, gallery]`, row-major. */
export type DistanceRows = (first: number, count: number) => Float32Array | Promise<Float32Array>;

/** Looks at one query's distances to the whole gallery, `[gallery]`. The row is not to be kept: its memory is used again. */
export type RowVisitor = (query: number, row: Float32Array) => void;

/** How large a matrix is that comes in rows, and what its items are called. */
export interface RowSizes {
  readonly queries: number;
  readonly gallery: number;
  readonly nameQuery: (query: number) => string;
  readonly nameGallery: (gallery: number) => string;
}

/** Where the time of a walk went, in seconds. */
export interface RowTimes {
  /** Waiting for distances. */
  readonly distances: number;
  /** Looking at them. */
  readonly visits: number;
}

/** Numbers of a block of rows by default: 16 MiB. */
const BLOCK = 2 ** 22;

/**
 * Asks for all rows, a block of queries at a time, and shows each to `visit`, in order. The next block is asked for when the
 * last one was seen, so no more than one block is ever held.
 *
 * @param blockRows queries in a block; default: about 16 MiB of distances
 * @throws when a block has the wrong size, or a distance is NaN: the message names both items
 */
export async function visitRows(
  rows: DistanceRows,
  sizes: RowSizes,
  visit: RowVisitor,
  blockRows = Math.max(1, Math.floor(BLOCK / sizes.gallery)),
): Promise<RowTimes> {
  if (!Number.isInteger(blockRows) || blockRows < 1) {
    throw new RangeError(`ranking: blockRows must be a positive integer, got ${blockRows}`);
  }
  let distances = 0;
  let visits = 0;
  for (let first = 0; first < sizes.queries; first += blockRows) {
    const count = Math.min(blockRows, sizes.queries - first);
    const start = performance.now();
    const block = await rows(first, count);
    const received = performance.now();
    visitBlock(block, first, count, sizes, visit);
    distances += received - start;
    visits += performance.now() - received;
  }
  return { distances: distances / 1000, visits: visits / 1000 };
}

/** Shows the rows of one block, `[count, gallery]`, to `visit`; throws as {@link visitRows}. */
export function visitBlock(
  block: Float32Array,
  first: number,
  count: number,
  { gallery, nameQuery, nameGallery }: RowSizes,
  visit: RowVisitor,
): void {
  if (block.length !== count * gallery) {
    throw new Error(
      `ranking: ${block.length} distances for ${count} queries × ${gallery} gallery items; expected ${count * gallery}`,
    );
  }
  for (let i = 0; i < count; i++) {
    const row = block.subarray(i * gallery, (i + 1) * gallery);
    const bad = firstNaN(row);
    if (bad >= 0) {
      throw new Error(
        `ranking: the distance of query ${nameQuery(first + i)} to gallery item ${nameGallery(bad)} is NaN; ` +
          'look for NaN in the features of both',
      );
    }
    visit(first + i, row);
  }
}

function firstNaN(row: Float32Array): number {
  for (let i = 0; i < row.length; i++) if (Number.isNaN(row[i])) return i;
  return -1;
}

import { type Gpu, scope, type Tensor, tensor } from '../../../engine/index.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { slice, transpose } from '../../../engine/ops/view.js';
import { checkFinite, type FeatureRows, rowCount } from '../distances.js';
import { centredBlocks, type FeaturePart, releaseParts, uploadFeatures } from '../gpu-features.js';
import { type FeaturePointOptions, pairwise } from './feature-points.js';
import { checkQueries, type DistanceTile, type PointDistances, TILE_ROWS } from './point-distances.js';

/** Points whose distances the GPU computes. */
export interface GpuPoints extends PointDistances {
  /** Gives the features' memory on the GPU back. */
  release(): void;
}

export interface GpuPointOptions extends FeaturePointOptions {
  /**
   * Distances of queries to the gallery up to so many bytes are kept from the walk over all tiles, and not computed twice.
   * Default 256 MiB.
   */
  readonly keepBytes?: number;
}

/** Float32 products are right to about 1e−6 of the features' lengths; that many distances rarely are closer together. */
const SPARE = 8;

/**
 * What float32 can do to a squared distance of points no longer than √`longest`: each product of the sum and each addition, in
 * whatever order, is off by 2⁻²⁴ of itself at most; so are the centred features and the result.
 */
const roundingOf = (dimension: number, longest: number): number => (2 * dimension + 24) * 2 ** -24 * longest;

/**
 * Points whose distances the GPU computes from features `[points, dimension]`: products x·y in float32, of the tiles on and above
 * the diagonal, so each pair once; |x|² + |y|² − 2 x·y, at least 0, as they arrive. Features are centred first. A few pairs
 * (`between`) are computed on the CPU.
 *
 * @throws when a feature is not finite
 */
export async function gpuPoints(
  gpu: Gpu,
  features: FeatureRows,
  { queries = 0, unit = false, nameOf, keepBytes = 256 * 2 ** 20 }: GpuPointOptions = {},
): Promise<GpuPoints> {
  const points = rowCount('point', features);
  checkQueries('gpuPoints', queries, points);
  checkFinite('point', features, nameOf);
  const gallery = points - queries;
  const { dimension } = features;
  const { blocks, lengths } = centredBlocks(features, unit);
  const parts = await uploadFeatures(gpu, blocks, points, dimension);
  /** Squared distances of the points from `row` on to those from `column` on, by the product of their features. */
  const distances = async (row: number, column: number, multiply: () => Tensor): Promise<Float32Array> => {
    const products = scope(multiply, gpu);
    try {
      const values = (await products.read()) as Float32Array;
      toDistances(values, lengths.subarray(row), lengths.subarray(column), products.shape[1]!);
      return values;
    } finally {
      products.storage.release();
    }
  };
  /** The rows [from, …) of a part, as they lie or as a view. */
  const rowsOf = ({ rows, features }: FeaturePart, from: number, to = rows) =>
    from === 0 && to === rows ? features : slice(features, 0, from, to);

  const compute = async ({ part, first, rows, other }: TileWork): Promise<DistanceTile> => {
    const skipped = other === part ? first : 0;
    const row = part.start + first;
    const column = other.start + skipped;
    const values = await distances(row, column, () =>
      matmul(rowsOf(part, first, first + rows), transpose(rowsOf(other, skipped))),
    );
    return { row, rows, column, columns: other.rows - skipped, values };
  };

  let kept: Float32Array | undefined;
  async function* tiles(): AsyncGenerator<DistanceTile, void, undefined> {
    const keep = queries > 0 && 4 * queries * gallery <= keepBytes ? new Float32Array(queries * gallery) : undefined;
    const work = [...tileWork(parts)];
    // The GPU computes the next tile while this one is looked at.
    let next: Promise<DistanceTile> | undefined = compute(work[0]);
    try {
      for (let i = 1; next; i++) {
        const tile: DistanceTile = await next;
        next = i < work.length ? compute(work[i]) : undefined;
        if (keep) keepGallery(tile, keep, queries, gallery);
        yield tile;
      }
      kept = keep;
    } finally {
      await next?.catch(() => {});
    }
  }

  const queryRows = async (first: number, count: number): Promise<Float32Array> => {
    if (kept) return kept.slice(first * gallery, (first + count) * gallery);
    const out = new Float32Array(count * gallery);
    for (const part of parts) {
      const from = Math.max(0, queries - part.start);
      if (from >= part.rows) continue;
      const values = await distances(first, part.start + from, () =>
        matmul(tensor(blocks(first, count), [count, dimension], { gpu }), transpose(rowsOf(part, from))),
      );
      const width = part.rows - from;
      for (let i = 0; i < count; i++) {
        out.set(values.subarray(i * width, (i + 1) * width), i * gallery + part.start + from - queries);
      }
    }
    return out;
  };

  return {
    points,
    queries,
    spare: SPARE,
    rounding: roundingOf(
      dimension,
      lengths.reduce((most, length) => Math.max(most, length), 0),
    ),
    tiles,
    between: pairwise(features, unit),
    queryRows,
    release: () => releaseParts(parts),
  };
}

/** Makes products `[rows, columns]` squared distances, in place. */
function toDistances(
  values: Float32Array,
  rowLengths: Float64Array,
  columnLengths: Float64Array,
  columns: number,
): void {
  for (let start = 0, i = 0; start < values.length; start += columns, i++) {
    const length = rowLengths[i];
    for (let j = 0; j < columns; j++) {
      const distance = length + columnLengths[j] - 2 * values[start + j];
      values[start + j] = distance < 0 ? 0 : distance;
    }
  }
}

interface TileWork {
  readonly part: FeaturePart;
  /** Rows [first, first + rows) of the part, against those of `other`: from `first` on where it is the same part. */
  readonly first: number;
  readonly rows: number;
  readonly other: FeaturePart;
}

function* tileWork(parts: readonly FeaturePart[]): Generator<TileWork, void, undefined> {
  for (const [p, part] of parts.entries()) {
    for (let first = 0; first < part.rows; first += TILE_ROWS) {
      const rows = Math.min(TILE_ROWS, part.rows - first);
      for (const other of parts.slice(p)) yield { part, first, rows, other };
    }
  }
}

/** Copies what a tile holds of queries against the gallery. */
function keepGallery(
  { row, rows, column, columns, values }: DistanceTile,
  into: Float32Array,
  queries: number,
  gallery: number,
): void {
  const from = Math.max(column, queries);
  if (from >= column + columns) return;
  for (let i = row; i < Math.min(row + rows, queries); i++) {
    const start = (i - row) * columns - column;
    into.set(values.subarray(start + from, start + column + columns), i * gallery + from - queries);
  }
}

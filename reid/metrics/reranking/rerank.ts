import type { DistanceRows } from '../distance-rows.js';
import { JaccardDistances } from './jaccard.js';
import { nearestNeighbours } from './neighbours.js';
import type { PointDistances } from './point-distances.js';
import { type Encoding, type EncodingOptions, encodeReciprocal, encodingOf, scaledDistance } from './reciprocal.js';
import type { SparseRows } from './sparse-rows.js';

/** Parameters of k-reciprocal re-ranking; the defaults are the authors'. */
export interface RerankOptions extends EncodingOptions {
  /** Weight of the original distance beside the Jaccard distance. Default 0.3. */
  readonly lambda?: number;
  /** Mixed in as they are, in place of the original distances over the row's largest: fast-reid's fusion. */
  readonly unscaled?: DistanceRows;
}

/** Distances after re-ranking, and what was done, for reports. */
export interface Reranked {
  /** For evaluateRankingByRows. */
  readonly rows: DistanceRows;
  readonly settings: Readonly<{ lambda: number; fusion: 'scaled' | 'unscaled' }> & Encoding;
  /** Non-zeros of the points' vectors. */
  readonly nonZeros: number;
  /** Where the time went: all distances and the heads of the rank lists; the vectors. Rows take theirs when they are asked for. */
  readonly seconds: Readonly<{ neighbours: number; vectors: number }>;
}

/**
 * Re-ranking by k-reciprocal encoding: (1 − λ) J + λ E for queries and gallery. The other queries are unlabelled points as
 * well; say so beside the result. See {@link encodeReciprocal} for V and {@link JaccardDistances} for J; E is the squared
 * distance over the largest of the query's row.
 *
 * Exact. Besides what `points` holds it needs the lists, V twice (some hundred entries a point) and a block of rows.
 *
 * @example
 * const points = await gpuPoints(gpu, { data, dimension }, { queries: m, unit: true });
 * const { rows } = await rerank(points);
 * const result = await evaluateRankingByRows(rows, queryLabels, galleryLabels);
 *
 * @throws when there are no queries or no gallery, or a parameter makes no sense
 */
export async function rerank(points: PointDistances, options: RerankOptions = {}): Promise<Reranked> {
  const { lambda = 0.3, unscaled } = options;
  const encoding = encodingOf(options);
  const { queries } = points;
  const gallery = points.points - queries;
  if (queries < 1 || gallery < 1) {
    throw new Error(`re-ranking: ${queries} of ${points.points} points are queries; it needs queries and a gallery`);
  }
  if (!(lambda >= 0 && lambda <= 1)) throw new RangeError(`re-ranking: lambda must lie in 0 to 1, got ${lambda}`);
  if (unscaled === undefined && encoding.form === 'faiss' && lambda > 0) {
    throw new Error(
      "re-ranking: the 'faiss' form mixes in distances as they are: give them as `unscaled`, or lambda 0",
    );
  }
  const start = performance.now();
  const lists = await nearestNeighbours(points, encoding.listSize);
  const listed = performance.now();
  const vectors = encodeReciprocal(lists, points.between, encoding);
  const seconds = { neighbours: (listed - start) / 1000, vectors: (performance.now() - listed) / 1000 };
  const jaccard = new JaccardDistances(vectors, queries);
  const rows = async (first: number, count: number) => {
    const original = lambda === 0 ? undefined : await (unscaled ?? points.queryRows)(first, count);
    const out = new Float32Array(count * gallery);
    for (let i = 0; i < count; i++) {
      const start = i * gallery;
      const row = out.subarray(start, start + gallery);
      jaccard.row(first + i, row);
      if (!original) continue;
      const farthest = lists.farthest[first + i];
      for (let j = 0; j < gallery; j++) {
        const distance = original[start + j];
        row[j] = (1 - lambda) * row[j] + lambda * (unscaled ? distance : scaledDistance(distance, farthest, encoding));
      }
    }
    return out;
  };
  const fusion = unscaled ? 'unscaled' : 'scaled';
  return { rows, settings: { ...encoding, lambda, fusion }, nonZeros: vectors.indices.length, seconds };
}

/** The vectors V of all points, for Jaccard distances between all of them: `sparseJaccard(await reciprocalVectors(points), eps)`. */
export async function reciprocalVectors(points: PointDistances, options: EncodingOptions = {}): Promise<SparseRows> {
  const encoding = encodingOf(options);
  return encodeReciprocal(await nearestNeighbours(points, encoding.listSize), points.between, encoding);
}

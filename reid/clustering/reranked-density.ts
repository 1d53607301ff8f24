import { JaccardDistances } from '../metrics/reranking/jaccard.js';
import { type NeighbourLists, nearestNeighbours } from '../metrics/reranking/neighbours.js';
import type { PointDistances } from '../metrics/reranking/point-distances.js';
import {
  type Encoding,
  encodeReciprocal,
  encodingOf,
  roundHalfToEven,
  scaledDistance,
} from '../metrics/reranking/reciprocal.js';
import { SparseBuilder, type SparseRows } from '../metrics/reranking/sparse-rows.js';
import { SmallestValues } from './smallest-values.js';

export interface RerankedDensityOptions {
  /** Of k-reciprocal encoding, as its authors have it. Default 20 and 6. */
  readonly k1?: number;
  readonly k2?: number;
  /** Weight of the distances over the largest of their row, beside Jaccard's. Default 0.3. */
  readonly lambda?: number;
  /** ε is `factor` times the mean of the smallest share `rho` of all distances above 0. Default 1.6e-3 and 1. */
  readonly rho?: number;
  readonly factor?: number;
}

export interface RerankedClusters {
  /** Cluster of each point, numbered by its first one. No point is an outlier. */
  readonly labels: Int32Array;
  readonly clusters: number;
  readonly eps: number;
}

/** Equal points are no farther apart than what float32 leaves of their sums. */
const ROUNDING = 1e-6;

/**
 * DBSCAN without a minimum of neighbours on re-ranked distances (1 − λ) J + λ E of all points among each other, as JVTC clusters its bank
 * (Li and Zhang, ECCV 2020): J is Jaccard's distance, E the squared distance over the largest of the row, so that a point may be near
 * to another one that is not near to it. Exact; of N × N distances a tile and those that are near are held.
 *
 * @throws RangeError when a parameter makes no sense; Error when a distance is NaN
 */
export async function rerankedDensity(
  points: PointDistances,
  { k1 = 20, k2 = 6, lambda = 0.3, rho = 1.6e-3, factor = 1 }: RerankedDensityOptions = {},
): Promise<RerankedClusters> {
  if (!(lambda >= 0 && lambda <= 1)) throw new RangeError(`re-ranking: lambda must lie in 0 to 1, got ${lambda}`);
  if (!(rho > 0 && rho <= 1)) throw new RangeError(`re-ranking: rho must lie above 0 and up to 1, got ${rho}`);
  const encoding = encodingOf({ k1, k2 });
  const lists = await nearestNeighbours(points, encoding.listSize);
  const jaccard = new JaccardDistances(encodeReciprocal(lists, points.between, encoding));
  const reranked: Reranked = { points, lists, jaccard, lambda, encoding };
  const eps = factor * (await smallestMean(reranked, rho));
  return { ...reachable(nearRows(reranked, Math.max(eps, ROUNDING))), eps };
}

interface Reranked {
  readonly points: PointDistances;
  readonly lists: NeighbourLists;
  readonly jaccard: JaccardDistances;
  readonly lambda: number;
  readonly encoding: Encoding;
}

/** The mean of the smallest share of the distances d(i, j), i < j, that are not 0. */
async function smallestMean({ points, lists, jaccard, lambda, encoding }: Reranked, share: number): Promise<number> {
  const pairs = (points.points * (points.points - 1)) / 2;
  const smallest = new SmallestValues(Math.max(1, roundHalfToEven(share * pairs)));
  const shared = new Float32Array(points.points);
  let above = 0;
  for await (const { row, rows, column, columns, values } of points.tiles()) {
    for (let i = row; i < row + rows; i++) {
      jaccard.row(i, shared);
      const start = (i - row) * columns - column;
      const farthest = lists.farthest[i]!;
      for (let j = Math.max(column, i + 1); j < column + columns; j++) {
        const original = scaledDistance(values[start + j]!, farthest, encoding);
        const distance = (1 - lambda) * shared[j]! + lambda * original;
        if (distance <= ROUNDING) continue;
        above++;
        smallest.push(distance);
      }
    }
  }
  return smallest.mean(Math.max(1, roundHalfToEven(share * above)));
}

/** The points near to each, as its row has them. */
function nearRows({ points, lists, jaccard, lambda, encoding }: Reranked, eps: number): SparseRows {
  const count = points.points;
  const out = new SparseBuilder(count, count);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  // Beyond this, Jaccard's part alone is larger than ε. Where ε reaches 1 − λ, points that share nothing may be near too.
  const most = eps < 1 - lambda ? eps / (1 - lambda) + 1e-9 : Number.POSITIVE_INFINITY;
  const row = new Float32Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    const near = jaccard.near(i, Math.min(most, 1));
    near.columns.forEach((j, k) => {
      row[j] = near.distances[k]!;
    });
    const columns = most < 1 ? near.columns : all;
    const squared = lambda > 0 ? points.between(i, columns) : [];
    for (let k = 0; k < columns.length; k++) {
      const j = columns[k]!;
      const original = lambda > 0 ? scaledDistance(squared[k]!, lists.farthest[i]!, encoding) : 0;
      const distance = (1 - lambda) * row[j]! + lambda * original;
      if (j !== i && distance <= eps) out.push(j, distance);
    }
    for (const j of near.columns) row[j] = 1;
    out.endRow();
  }
  return out.finish();
}

/** Gives each point that has no cluster yet a new one, and with it all such points that its row, their rows and so on lead to. */
function reachable({ rows, offsets, indices }: SparseRows): { labels: Int32Array; clusters: number } {
  const labels = new Int32Array(rows).fill(-1);
  let clusters = 0;
  const waiting: number[] = [];
  for (let first = 0; first < rows; first++) {
    if (labels[first]! >= 0) continue;
    labels[first] = clusters;
    waiting.push(first);
    for (let point = waiting.pop(); point !== undefined; point = waiting.pop()) {
      for (let k = offsets[point]!; k < offsets[point + 1]!; k++) {
        const other = indices[k]!;
        if (labels[other]! >= 0) continue;
        labels[other] = clusters;
        waiting.push(other);
      }
    }
    clusters++;
  }
  return { labels, clusters };
}

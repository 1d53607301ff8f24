import { JaccardDistances } from '../metrics/reranking/jaccard.js';
import type { DistanceTile, PointDistances } from '../metrics/reranking/point-distances.js';
import type { EncodingOptions } from '../metrics/reranking/reciprocal.js';
import { reciprocalVectors } from '../metrics/reranking/rerank.js';
import type { SparseRows } from '../metrics/reranking/sparse-rows.js';
import { type ClusterDistance, squaredOf } from './cluster-distance.js';
import { type DensityClusters, DensityScan } from './density.js';

export interface DbscanOptions {
  /** Points no farther apart than this are near. */
  readonly eps: number;
  /** Points near to a core point, itself included. Default 4. */
  readonly minSamples?: number;
}

export interface FeatureDbscanOptions extends DbscanOptions {
  /** What `eps` is measured in. Default `euclidean`. */
  readonly distance?: ClusterDistance;
}

const MIN_SAMPLES = 4;

function checkEps(eps: number): void {
  if (!(eps >= 0)) throw new RangeError(`DBSCAN: eps must be at least 0, got ${eps}`);
}

/**
 * DBSCAN on the distances of points. Exact, and as small as it is ({@link DensityScan}): one walk over the tiles, no list of pairs.
 * Where tiles come rounded, pairs that rounding could put on the wrong side of `eps` are computed anew.
 *
 * @example
 * const points = await gpuPoints(gpu, { data, dimension }, { unit: true });
 * const { labels, clusters, outliers } = await dbscan(points, { eps: 0.5, distance: 'cosine' });
 *
 * @throws when eps or minSamples makes no sense, or a distance is NaN
 */
export async function dbscan(
  points: PointDistances,
  { eps, minSamples = MIN_SAMPLES, distance = 'euclidean' }: FeatureDbscanOptions,
): Promise<DensityClusters> {
  checkEps(eps);
  const limit = squaredOf(distance, eps);
  const scan = new DensityScan(points.points, minSamples);
  // Tiles are of float32, even where nothing else rounds them.
  const slack = (points.rounding ?? 0) + limit * 2 ** -22;
  for await (const tile of points.tiles()) scanTile(tile, scan, limit, slack, points.between);
  return scan.finish();
}

function scanTile(
  { row, rows, column, columns, values }: DistanceTile,
  scan: DensityScan,
  limit: number,
  slack: number,
  between: PointDistances['between'],
): void {
  for (let i = row; i < row + rows; i++) {
    const start = (i - row) * columns - column;
    const doubtful: number[] = [];
    for (let j = Math.max(column, i + 1); j < column + columns; j++) {
      const squared = values[start + j];
      if (squared > limit + slack) continue;
      if (squared < limit - slack) scan.near(i, j);
      else if (Number.isNaN(squared)) {
        throw new Error(`the distance of points ${i} and ${j} is NaN; look for NaN in the features of both`);
      } else doubtful.push(j);
    }
    if (doubtful.length === 0) continue;
    const exact = between(i, doubtful);
    doubtful.forEach((j, k) => {
      if (exact[k] <= limit) scan.near(i, j);
    });
  }
}

export interface JaccardDbscanOptions extends DbscanOptions, Pick<EncodingOptions, 'k1' | 'k2'> {
  /** Default 30. */
  readonly k1?: number;
  /** Default 6. */
  readonly k2?: number;
  /** Default `faiss`, which all of the systems below use. */
  readonly form?: EncodingOptions['form'];
}

/**
 * DBSCAN on the Jaccard distances of k-reciprocal neighbours, as SpCL (Ge et al., NeurIPS 2020; eps 0.6), Cluster-Contrast (Dai et
 * al., ACCV 2022; 0.4 to 0.6) and their kin make pseudo-labels. Exact: only pairs that share neighbours are looked at.
 *
 * @param points of features of length 1 (`unit: true`)
 * @throws when a parameter makes no sense, or a distance is NaN
 */
export async function jaccardDbscan(
  points: PointDistances,
  { k1 = 30, k2 = 6, form = 'faiss', eps, minSamples }: JaccardDbscanOptions,
): Promise<DensityClusters> {
  checkEps(eps);
  return vectorDbscan(await reciprocalVectors(points, { k1, k2, form }), { eps, minSamples });
}

/**
 * The same from the vectors of `reciprocalVectors`, where they are clustered more than once: with the tighter and looser eps of
 * SpCL's reliability test.
 *
 * @throws when eps or minSamples makes no sense
 */
export function vectorDbscan(vectors: SparseRows, { eps, minSamples = MIN_SAMPLES }: DbscanOptions): DensityClusters {
  checkEps(eps);
  const distances = new JaccardDistances(vectors);
  const scan = new DensityScan(vectors.rows, minSamples);
  if (eps >= 1)
    throw new RangeError(`DBSCAN: Jaccard distances are at most 1, and eps is ${eps}: all would be one cluster`);
  for (let i = 0; i < vectors.rows; i++) {
    for (const j of distances.near(i, eps).columns) if (j > i) scan.near(i, j);
  }
  return scan.finish();
}

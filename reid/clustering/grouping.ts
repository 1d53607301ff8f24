import type { Gpu } from '../../engine/index.js';
import type { FeatureRows } from '../metrics/distances.js';
import { gpuPoints } from '../metrics/reranking/gpu-points.js';
import type { PointDistances } from '../metrics/reranking/point-distances.js';
import { agglomerative } from './agglomerative.js';
import { dbscan, jaccardDbscan } from './dbscan.js';
import { kMeans } from './k-means.js';
import { cutTree } from './linkage-tree.js';

/** Groups by density, with outliers. */
export interface DensityGrouping {
  readonly method: 'dbscan';
  readonly distance: 'jaccard' | 'cosine' | 'euclidean';
  readonly eps: number;
  readonly minSamples: number;
  /** With Jaccard distances. */
  readonly k1?: number;
  readonly k2?: number;
}

/** Groups that were joined until there are so many, or the next ones are farther apart. */
export interface LinkageGrouping {
  readonly method: 'average' | 'complete' | 'single' | 'ward';
  readonly distance: 'cosine' | 'euclidean';
  readonly clusters?: number;
  readonly threshold?: number;
}

/** Groups around their means. */
export interface MeansGrouping {
  readonly method: 'kmeans';
  readonly distance: 'cosine' | 'euclidean';
  readonly clusters: number;
  readonly seed: number;
}

/** A way to group features, with all that it needs. */
export type Grouping = DensityGrouping | LinkageGrouping | MeansGrouping;

/** How far grouping is: pairs of rows that were compared, or steps of the means, which are fewer than `total` most often. */
export interface GroupingProgress {
  readonly unit: 'pairs' | 'steps';
  readonly done: number;
  readonly total: number;
}

/**
 * Groups features: the cluster of each row, −1 for outliers.
 *
 * @param nameOf what a row is of, for errors
 * @param onProgress told between pieces of work; what it throws ends the work
 */
export async function groupFeatures(
  gpu: Gpu,
  features: FeatureRows,
  grouping: Grouping,
  nameOf: (row: number) => string,
  onProgress: (far: GroupingProgress) => void = () => {},
): Promise<Int32Array> {
  const unit = grouping.distance !== 'euclidean';
  if (grouping.method === 'kmeans') {
    const { clusters, seed } = grouping;
    const onStep = (done: number, total: number) => onProgress({ unit: 'steps', done, total });
    return (await kMeans(gpu, features, { clusters, seed, unit, nameOf, onStep })).labels;
  }
  const points = await gpuPoints(gpu, features, { unit, nameOf });
  try {
    return await groupPoints(watched(points, onProgress), grouping);
  } finally {
    points.release();
  }
}

/** The same points, which tell of each tile that was looked at. */
function watched(points: PointDistances, onProgress: (far: GroupingProgress) => void): PointDistances {
  const n = points.points;
  /** Pairs of the first rows with all later ones. */
  const pairs = (rows: number): number => rows * n - (rows * (rows + 1)) / 2;
  return {
    ...points,
    async *tiles() {
      for await (const tile of points.tiles()) {
        yield tile;
        const { row, rows, column, columns } = tile;
        const share = (column + columns - row) / (n - row);
        const done = pairs(row) + share * (pairs(row + rows) - pairs(row));
        onProgress({ unit: 'pairs', done: Math.round(done), total: pairs(n) });
      }
    },
  };
}

async function groupPoints(points: PointDistances, grouping: DensityGrouping | LinkageGrouping): Promise<Int32Array> {
  if (grouping.method === 'dbscan') {
    const { distance, eps, minSamples, k1, k2 } = grouping;
    if (distance === 'jaccard') return (await jaccardDbscan(points, { eps, minSamples, k1, k2 })).labels;
    return (await dbscan(points, { eps, minSamples, distance })).labels;
  }
  const { method: linkage, clusters, threshold } = grouping;
  const distance = linkage === 'ward' ? 'euclidean' : grouping.distance;
  const tree = await agglomerative(points, { linkage, distance });
  return cutTree(tree, clusters === undefined ? { threshold: threshold! } : { clusters }).labels;
}

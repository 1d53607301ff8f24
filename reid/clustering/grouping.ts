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

/**
 * Groups features: the cluster of each row, −1 for outliers.
 *
 * @param nameOf what a row is of, for errors
 */
export async function groupFeatures(
  gpu: Gpu,
  features: FeatureRows,
  grouping: Grouping,
  nameOf: (row: number) => string,
): Promise<Int32Array> {
  const unit = grouping.distance !== 'euclidean';
  if (grouping.method === 'kmeans') {
    const { clusters, seed } = grouping;
    return (await kMeans(gpu, features, { clusters, seed, unit, nameOf })).labels;
  }
  const points = await gpuPoints(gpu, features, { unit, nameOf });
  try {
    return await groupPoints(points, grouping);
  } finally {
    points.release();
  }
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

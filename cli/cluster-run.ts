import type { Gpu } from '../engine/index.js';
import { agglomerative } from '../reid/clustering/agglomerative.js';
import { dbscan, jaccardDbscan } from '../reid/clustering/dbscan.js';
import { kMeans } from '../reid/clustering/k-means.js';
import { cutTree } from '../reid/clustering/linkage-tree.js';
import { gpuPoints } from '../reid/metrics/reranking/gpu-points.js';
import type { PointDistances } from '../reid/metrics/reranking/point-distances.js';
import type { Choices } from './cluster-options.js';
import type { FeatureFile } from './feature-file.js';

/** The cluster of each picture, −1 for outliers. */
export async function clusterLabels(gpu: Gpu, features: FeatureFile, choices: Choices): Promise<Int32Array> {
  const nameOf = (point: number): string => features.rows[point]!.path;
  const unit = choices.distance !== 'euclidean';
  if (choices.method === 'kmeans') {
    const { clusters, seed } = choices;
    return (await kMeans(gpu, features, { clusters, seed, unit, nameOf })).labels;
  }
  const points = await gpuPoints(gpu, features, { unit, nameOf });
  try {
    return await pointLabels(points, choices);
  } finally {
    points.release();
  }
}

async function pointLabels(
  points: PointDistances,
  choices: Exclude<Choices, { method: 'kmeans' }>,
): Promise<Int32Array> {
  if (choices.method === 'dbscan') {
    const { distance, eps, minSamples, k1, k2 } = choices;
    if (distance === 'jaccard') return (await jaccardDbscan(points, { eps, minSamples, k1, k2 })).labels;
    return (await dbscan(points, { eps, minSamples, distance })).labels;
  }
  const { method: linkage, clusters, threshold } = choices;
  const distance = linkage === 'ward' ? 'euclidean' : choices.distance;
  const tree = await agglomerative(points, { linkage, distance });
  const cut = clusters === undefined ? { threshold: threshold! } : { clusters };
  return cutTree(tree, cut).labels;
}

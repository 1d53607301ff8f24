import { vectorDbscan } from '../../clustering/index.js';
import { sparseJaccard } from '../../metrics/reranking/jaccard.js';
import type { PointDistances } from '../../metrics/reranking/point-distances.js';
import { roundHalfToEven } from '../../metrics/reranking/reciprocal.js';
import { reciprocalVectors } from '../../metrics/reranking/rerank.js';
import type { SparseRows } from '../../metrics/reranking/sparse-rows.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { PseudoLabels } from '../unsupervised/method.js';

/** Equal vectors are no farther apart than what float32 leaves of their sums. */
const ROUNDING = 1e-6;

/**
 * The mean of the smallest share ρ of all distances above 0 between different pictures, of which those that share nothing, at 1, are
 * not held.
 */
export function epsOfShare(vectors: SparseRows, rho: number): number {
  const near = sparseJaccard(vectors, 1);
  const distances: number[] = [];
  let zeros = 0;
  for (let i = 0; i < vectors.rows; i++) {
    for (let k = near.offsets[i]!; k < near.offsets[i + 1]!; k++) {
      if (near.indices[k]! <= i) continue;
      if (near.values[k]! > ROUNDING) distances.push(near.values[k]!);
      else zeros++;
    }
  }
  const pairs = (vectors.rows * (vectors.rows - 1)) / 2 - zeros;
  const count = Math.max(1, roundHalfToEven(rho * pairs));
  const smallest = Float64Array.from(distances).sort().subarray(0, count);
  return (smallest.reduce((sum, d) => sum + d, 0) + (count - smallest.length)) / count;
}

/** What clustering found, and by which ε. */
export interface GCLClusters extends PseudoLabels {
  readonly eps: number;
}

/** DBSCAN on Jaccard distances, as {@link GCLRecipe.clustering} says. */
export async function clusterMemory(
  points: PointDistances,
  { k1, k2, minSamples, rule, eps: given, rho }: GCLRecipe['clustering'],
): Promise<GCLClusters> {
  const vectors = await reciprocalVectors(points, { k1, k2, form: 'faiss' });
  const eps = rule === 'rho' ? Math.min(epsOfShare(vectors, rho), 1 - 1e-9) : given;
  const { labels, clusters } = vectorDbscan(vectors, { eps, minSamples });
  return { labels, clusters, eps };
}

/** The plain mean of the memory's rows of each cluster, not normalised: [clusters, dimension]. */
export function prototypesOf(
  { labels, clusters }: PseudoLabels,
  memory: Float32Array,
  dimension: number,
): Float32Array {
  const sums = new Float64Array(clusters * dimension);
  const counts = new Int32Array(clusters);
  for (const [row, label] of labels.entries()) {
    if (label < 0) continue;
    counts[label]!++;
    for (let k = 0; k < dimension; k++) sums[label * dimension + k]! += memory[row * dimension + k]!;
  }
  return Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / dimension)]!);
}

import type { PointDistances } from '../metrics/reranking/point-distances.js';
import { CheapestMerges, type Merge } from './cheapest-merges.js';
import { UnionFind } from './union-find.js';

export interface MergeStepOptions {
  /** How many clusters fewer there are afterwards. */
  readonly merges: number;
  /** λ: what each point of the two clusters adds to the cost of joining them. Default 0.003. */
  readonly sizePenalty?: number;
}

export interface MergeStep {
  /** Cluster of each point, 0 … clusters − 1, numbered in the order of the labels that were given. */
  readonly labels: Int32Array;
  readonly clusters: number;
  /** Points of each cluster. */
  readonly sizes: Int32Array;
  /** The pairs that were joined, cheapest first; their points in the numbers of the list. */
  readonly merged: readonly Merge[];
}

/**
 * One step of bottom-up clustering: `merges` clusters are joined to others, the nearest first, by single linkage over points with
 * a penalty for size (Lin et al., "A Bottom-Up Clustering Approach to Unsupervised Person Re-identification", AAAI 2019).
 *
 * A pair i < j of different clusters costs q = d² + λ (n_i + n_j), with the sizes n of both clusters before the step and d² in
 * float32. Pairs are visited by ascending q, then i, then j, and both clusters get the smaller label; a pair that earlier ones
 * have joined changes nothing. The result is that of sorting all pairs, bit for bit, but no more than some hundred thousand pairs
 * and one tile of distances are ever held.
 *
 * @example
 * const points = await gpuPoints(gpu, { data: features, dimension: 2048 }, { unit: true });
 * const first = Int32Array.from({ length: points.points }, (_, i) => i);
 * const { labels, clusters } = await mergeStep(points, first, { merges: 646 });
 * points.release();
 *
 * @param labels the cluster of each point: whole numbers from 0 to points − 1
 * @throws when there are not as many labels as points, a label is none, fewer than `merges` + 1 clusters are left, or a
 *   distance is NaN
 */
export async function mergeStep(
  points: PointDistances,
  labels: ArrayLike<number>,
  { merges, sizePenalty = 0.003 }: MergeStepOptions,
): Promise<MergeStep> {
  const before = checkedLabels(points.points, labels);
  const sizes = countsOf(before);
  const clusters = sizes.reduce((sum, size) => sum + (size > 0 ? 1 : 0), 0);
  if (!Number.isInteger(merges) || merges < 0 || merges >= Math.max(clusters, 1)) {
    throw new RangeError(
      `mergeStep: ${merges} merges of ${clusters} clusters; there can be 0 to ${Math.max(clusters, 1) - 1}`,
    );
  }
  if (!(sizePenalty >= 0)) throw new RangeError(`mergeStep: the size penalty must be at least 0, got ${sizePenalty}`);
  const costs = { labels: before, sizes, penalty: sizePenalty };
  const found =
    merges === 0 ? [] : await cheapest(points, new CheapestMerges(costs, merges, points.between, points.rounding ?? 0));
  const sets = new UnionFind(sizes.length);
  for (const { i, j } of found) sets.union(before[i], before[j]);
  return { ...renumbered(before, sizes, sets), merged: found };
}

async function cheapest(points: PointDistances, merges: CheapestMerges): Promise<Merge[]> {
  for await (const { row, rows, column, columns, values } of points.tiles()) {
    for (let i = row; i < row + rows; i++) {
      const first = Math.max(column, i + 1);
      const start = (i - row) * columns - column;
      merges.offer(i, first, values.subarray(start + first, start + column + columns));
    }
  }
  return merges.finish();
}

/** Sets of old clusters by new numbers, in the order of their smallest. */
function renumbered(before: Int32Array, sizes: Int32Array, sets: UnionFind): Omit<MergeStep, 'merged'> {
  const numbers = new Int32Array(sizes.length);
  let clusters = 0;
  for (let label = 0; label < sizes.length; label++) {
    // A set's smallest label comes before its others.
    const root = sets.find(label);
    if (sizes[label] > 0) numbers[label] = root === label ? clusters++ : numbers[root];
  }
  const labels = before.map((label) => numbers[label]);
  return { labels, clusters, sizes: countsOf(labels) };
}

function checkedLabels(points: number, labels: ArrayLike<number>): Int32Array {
  if (labels.length !== points) throw new Error(`mergeStep: ${labels.length} labels for ${points} points`);
  for (let i = 0; i < points; i++) {
    if (!Number.isInteger(labels[i]) || labels[i] < 0 || labels[i] >= points) {
      throw new Error(
        `mergeStep: the label of point ${i} is ${labels[i]}; labels are whole numbers from 0 to ${points - 1}`,
      );
    }
  }
  return Int32Array.from(labels);
}

/** How many points each label has. */
function countsOf(labels: Int32Array): Int32Array {
  const counts = new Int32Array(labels.reduce((most, label) => Math.max(most, label + 1), 0));
  for (const label of labels) counts[label]++;
  return counts;
}

import { type Gpu, scope, type Tensor, tensor } from '../../engine/index.js';
import { squaredEuclidean } from '../../engine/ops/distance.js';
import { slice } from '../../engine/ops/view.js';
import { checkFinite, type FeatureRows, rowCount } from '../metrics/distances.js';
import {
  centredBlocks,
  type FeatureBlocks,
  type FeaturePart,
  featureBlocks,
  releaseParts,
  uploadFeatures,
} from '../metrics/gpu-features.js';
import { firstCentres } from './first-centres.js';

export interface KMeansOptions {
  readonly clusters: number;
  /** Default 1. */
  readonly seed?: number;
  /** Steps at most. Default 100. */
  readonly iterations?: number;
  /** Features are divided by their length first. Default false. */
  readonly unit?: boolean;
  /** What a point is called in errors; default: its number. */
  readonly nameOf?: (point: number) => string;
  /** Told after each step that was not the last; what it throws ends the work. */
  readonly onStep?: (step: number, iterations: number) => void;
}

export interface KMeans {
  /** The nearest centre of each point. */
  readonly labels: Int32Array;
  /** `[clusters, dimension]` */
  readonly centres: Float32Array;
  /** Squared distances of all points to their centres, summed. */
  readonly inertia: number;
  readonly iterations: number;
  /** Whether the last step changed nothing. */
  readonly converged: boolean;
}

/** Distances that are computed at a time. */
const BLOCK = 8 * 2 ** 20;

/**
 * k-means: Lloyd's steps (1957) from centres drawn by k-means++ (Arthur and Vassilvitskii, SODA 2007). Distances to the centres come
 * from the GPU, centres are means in float64: the same seed gives the same clusters on the same adapter. A cluster that lost all its
 * points gets the one that is farthest from its own centre.
 *
 * @throws when there are fewer points than clusters, or a feature is not finite
 */
export async function kMeans(
  gpu: Gpu,
  features: FeatureRows,
  { clusters, seed = 1, iterations = 100, unit = false, nameOf, onStep }: KMeansOptions,
): Promise<KMeans> {
  const points = rowCount('point', features);
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > points) {
    throw new RangeError(`kMeans: ${clusters} clusters of ${points} points`);
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(`kMeans: iterations must be a whole number from 1, got ${iterations}`);
  }
  checkFinite('point', features, nameOf);
  const { dimension } = features;
  const { blocks } = centredBlocks(features, unit);
  const parts = await uploadFeatures(gpu, blocks, points, dimension);
  try {
    let centres: Float32Array = new Float32Array(clusters * dimension);
    firstCentres(features, unit, clusters, seed).forEach((point, cluster) => {
      centres.set(blocks(point, 1), cluster * dimension);
    });
    let labels: Int32Array = new Int32Array(points).fill(-1);
    for (let step = 1; ; step++) {
      const nearest = await nearestCentres(gpu, parts, centres, dimension);
      const moved = fillEmpty(nearest, clusters);
      const converged = !moved && nearest.labels.every((label, i) => label === labels[i]);
      labels = nearest.labels;
      if (converged || step === iterations) {
        const inertia = nearest.distances.reduce((sum, distance) => sum + distance, 0);
        const means = clusterMeans(featureBlocks(features, unit), labels, clusters, dimension);
        return { labels, centres: means, inertia, iterations: step, converged };
      }
      onStep?.(step, iterations);
      centres = clusterMeans(blocks, labels, clusters, dimension);
    }
  } finally {
    releaseParts(parts);
  }
}

interface Nearest {
  readonly labels: Int32Array;
  /** Squared, `[points]`. */
  readonly distances: Float64Array;
}

/** The nearest centre of each point; of those level the first. */
async function nearestCentres(
  gpu: Gpu,
  parts: readonly FeaturePart[],
  centres: Float32Array,
  dimension: number,
): Promise<Nearest> {
  const clusters = centres.length / dimension;
  const last = parts.at(-1)!;
  const labels = new Int32Array(last.start + last.rows);
  const distances = new Float64Array(labels.length);
  const rows = Math.max(1, Math.floor(BLOCK / clusters));
  await scope(async () => {
    const all = tensor(centres, [clusters, dimension], { gpu });
    for (const { start, rows: count, features } of parts) {
      for (let first = 0; first < count; first += rows) {
        const end = Math.min(count, first + rows);
        const some: Tensor = first === 0 && end === count ? features : slice(features, 0, first, end);
        const table = (await scope(() => squaredEuclidean(some, all).read(), gpu)) as Float32Array;
        for (let i = first; i < end; i++) {
          const row = table.subarray((i - first) * clusters, (i - first + 1) * clusters);
          let nearest = 0;
          for (let c = 1; c < clusters; c++) if (row[c] < row[nearest]) nearest = c;
          labels[start + i] = nearest;
          distances[start + i] = row[nearest];
        }
      }
    }
  }, gpu);
  return { labels, distances };
}

/** Gives each cluster without points the point that is farthest from its centre and not alone; says whether there was one. */
function fillEmpty({ labels, distances }: Nearest, clusters: number): boolean {
  const sizes = new Int32Array(clusters);
  for (const label of labels) sizes[label]++;
  const empty = Array.from(sizes.keys()).filter((cluster) => sizes[cluster] === 0);
  for (const cluster of empty) {
    let farthest = -1;
    for (let i = 0; i < labels.length; i++) {
      if (sizes[labels[i]] > 1 && (farthest < 0 || distances[i] > distances[farthest])) farthest = i;
    }
    sizes[labels[farthest]]--;
    sizes[cluster]++;
    labels[farthest] = cluster;
    distances[farthest] = 0;
  }
  return empty.length > 0;
}

/** Rows of a block of features that is looked at on the CPU. */
const MEAN_ROWS = 256;

/** The mean feature of each cluster, summed in float64 in the order of the points. */
function clusterMeans(blocks: FeatureBlocks, labels: Int32Array, clusters: number, dimension: number): Float32Array {
  const sums = new Float64Array(clusters * dimension);
  const sizes = new Int32Array(clusters);
  for (let start = 0; start < labels.length; start += MEAN_ROWS) {
    const rows = Math.min(MEAN_ROWS, labels.length - start);
    const features = blocks(start, rows);
    for (let i = 0; i < rows; i++) {
      const into = labels[start + i] * dimension;
      sizes[labels[start + i]]++;
      for (let k = 0; k < dimension; k++) sums[into + k] += features[i * dimension + k];
    }
  }
  return Float32Array.from(sums, (sum, at) => sum / sizes[Math.floor(at / dimension)]);
}

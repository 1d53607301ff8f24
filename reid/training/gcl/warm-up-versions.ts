import {
  type ImageStore,
  Loader,
  repeatingSampler,
  shuffledSampler,
  type UnlabelledDataset,
} from '../../../datasets/index.js';
import { type Gpu, type Tensor, tensor } from '../../../engine/index.js';
import { RandomStream } from '../../../random/philox.js';
import { rerankedDensity } from '../../clustering/index.js';
import { gpuPoints } from '../../metrics/reranking/gpu-points.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { GCLClusters } from './clusters.js';
import { warmUpTransform } from './warm-up.js';

/** Pictures in random order, each several times side by side and augmented anew each time, with its number as its label. */
export function versionLoader(recipe: GCLRecipe, dataset: UnlabelledDataset, seed: number, store: ImageStore): Loader {
  const { versions } = recipe.jvtc;
  const count = dataset.pictures.length;
  const pictures = shuffledSampler(count, Math.min(recipe.batch / versions, count), seed);
  return new Loader(dataset, dataset.pictures, {
    sampler: repeatingSampler(pictures, versions),
    transform: warmUpTransform(recipe),
    seed,
    labels: Int32Array.from({ length: count }, (_, i) => i),
    store,
  });
}

/** A bank of directions at random, as the warm-up begins: [rows, width], rows of length 1. */
export function randomBank(gpu: Gpu, rows: number, width: number, seed: number): Tensor {
  const random = new RandomStream(seed, 'jvtc-bank');
  const data = new Float32Array(rows * width);
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    let squares = 0;
    for (let k = 0; k < width; k++) {
      row[k] = random.normal();
      squares += row[k]! ** 2;
    }
    for (let k = 0; k < width; k++) row[k]! /= Math.sqrt(squares);
  }
  return tensor(data, [rows, width], { gpu }).keep();
}

/** Whether an epoch of the warm-up begins with new clusters of the bank. */
export const isBankDue = ({ warmup, jvtc: { clustersFrom, every } }: GCLRecipe, epoch: number): boolean =>
  warmup === 'jvtc' && epoch >= clustersFrom && (epoch - clustersFrom) % every === 0;

/** What a row of the bank keeps of itself in an epoch. */
export const bankMomentum = ({ jvtc: { momentumStep, momentumMost } }: GCLRecipe, epoch: number): number =>
  Math.min(momentumStep * epoch, momentumMost);

/** Clusters of a bank's rows as they are, whose lengths are 1 or a little less. */
export async function clusterBank(
  bank: Tensor,
  { jvtc }: GCLRecipe,
  nameOf: (row: number) => string,
): Promise<GCLClusters> {
  const dimension = bank.shape[1]!;
  const data = (await bank.read()) as Float32Array;
  const points = await gpuPoints(bank.gpu, { data, dimension }, { nameOf });
  try {
    return await rerankedDensity(points, jvtc);
  } finally {
    points.release();
  }
}

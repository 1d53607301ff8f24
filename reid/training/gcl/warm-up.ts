import {
  type ImageStore,
  Loader,
  type LoaderState,
  shuffledSampler,
  type TransformConfig,
  trainTransform,
  type UnlabelledDataset,
} from '../../../datasets/index.js';
import { type Gpu, noGrad, scope, type Tensor, tensor } from '../../../engine/index.js';
import { indexSelect } from '../../../engine/ops/indexing.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { transpose } from '../../../engine/ops/view.js';
import { multiLabelWeights, predictMultiLabels } from '../../losses/gcl/multi-label.js';
import type { GCLRecipe } from '../../recipes/gcl.js';

/** Rows of scores that are read at once. */
const ROWS = 512;

/** Scores of rows of a memory with all of it, computed on the GPU. */
async function scoresOf(memory: Tensor, rows: readonly number[]): Promise<Float32Array> {
  const count = memory.shape[0]!;
  const out = new Float32Array(rows.length * count);
  for (let from = 0; from < rows.length; from += ROWS) {
    const some = Int32Array.from(rows.slice(from, from + ROWS));
    const values = await scope(
      () =>
        noGrad(() => {
          const chosen = indexSelect(memory, 0, tensor(some, [some.length], { gpu: memory.gpu }));
          return matmul(chosen, transpose(memory)).read();
        }),
      memory.gpu,
    );
    out.set(values as Float32Array, from * count);
  }
  return out;
}

/** What is done to pictures of the warm-up. */
export const warmUpTransform = ({ input, augment }: GCLRecipe): TransformConfig =>
  trainTransform({ pad: undefined, erase: undefined, flip: undefined, ...input, ...augment });

/** Augmented pictures in random order, each with its number as its label. */
export function warmUpLoader(recipe: GCLRecipe, dataset: UnlabelledDataset, seed: number, store: ImageStore): Loader {
  const count = dataset.pictures.length;
  return new Loader(dataset, dataset.pictures, {
    sampler: shuffledSampler(count, Math.min(recipe.batch, count), seed),
    transform: warmUpTransform(recipe),
    seed,
    labels: Int32Array.from({ length: count }, (_, i) => i),
    store,
  });
}

/** Which rows show the person of each picture, as the memory has it in this epoch. */
export async function warmUpLabels(
  { mlc }: GCLRecipe,
  memory: Tensor,
  rows: Int32Array,
  { epoch }: LoaderState,
): Promise<ReturnType<typeof multiLabelWeights>> {
  const count = memory.shape[0]!;
  const targets = Array.from(rows);
  const positives =
    epoch < mlc.labelsFrom
      ? targets.map((row) => [row])
      : await predictMultiLabels(targets, count, (some) => scoresOf(memory, some), mlc.threshold);
  return multiLabelWeights(positives, count, mlc.hard);
}

/** What a row keeps of itself in an epoch. */
export const warmUpMomentum = ({ mlc, epochs }: GCLRecipe, epoch: number): number => (mlc.momentum * epoch) / epochs;

/** A memory of zeros, as a warm-up by multi-labels begins. */
export const emptyMemory = (gpu: Gpu, rows: number, width: number): Tensor =>
  tensor(new Float32Array(rows * width), [rows, width], { gpu }).keep();

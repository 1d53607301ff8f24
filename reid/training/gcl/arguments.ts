import type { Batch } from '../../../datasets/index.js';
import type { Tensor } from '../../../engine/index.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { StructuredBatch } from './batches.js';
import { batchStream, drawMix, type RowDraws } from './draws.js';
import { warmUpLabels } from './warm-up.js';

/** An argument of a step before it is on the GPU. */
export interface Argument {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Of the first stage, or of a later one. */
export type AnyBatch = Batch | StructuredBatch;

export interface ArgumentContext {
  readonly recipe: GCLRecipe;
  readonly seed: number;
  readonly stage: number;
  /** Of stages 1 and 3. */
  readonly memory: Tensor | undefined;
  /** Of stage 3: its draws, and the cluster of each picture. */
  readonly draws: RowDraws | undefined;
  readonly labels: Int32Array | undefined;
}

const of = (data: Float32Array | Int32Array, ...shape: number[]): Argument => ({ data, shape });

/** A batch as the arguments of its stage's step, with all that is drawn at random: a function of its place in the run alone. */
export async function stepArguments(batch: AnyBatch, context: ArgumentContext): Promise<readonly Argument[]> {
  const { recipe, memory, stage, seed } = context;
  const { height, width } = recipe.input;
  const { epoch, index } = batch;
  if ('images' in batch) {
    const { images, labels: rows } = batch;
    const n = rows.length;
    const count = memory!.shape[0]!;
    const { positives, apart, hard, most } = await warmUpLabels(recipe, memory!, rows, { epoch, batch: index });
    return [
      of(images, n, 3, height, width),
      of(rows, n),
      of(positives, n, count),
      of(apart, n, count),
      of(hard, n, most),
    ];
  }
  const { photos, structure, turned, rows } = batch;
  const n = rows.length;
  const random = batchStream(seed, `gcl-draws-${stage}`, epoch, index);
  const mix = drawMix(random, recipe.mixAlpha, n);
  const pictures = [
    of(photos, n, 3, height, width),
    of(structure, n, 1, height, width),
    of(turned, n, 1, height, width),
  ];
  const mixed = [of(Float32Array.of(mix.share), 1), of(mix.partner, n)];
  if (stage === 2) return [...pictures, ...mixed];
  const draws = context.draws!;
  const { positiveOfView, positiveOfPhoto, negatives } = draws.draw(random, rows);
  const labels = Int32Array.from(rows, (row) => context.labels![row]!);
  const drawn = [of(positiveOfView, n), of(positiveOfPhoto, n), of(negatives, n, draws.negatives)];
  return [...pictures, ...mixed, of(rows, n), of(labels, n), ...drawn];
}

import type { Batch } from '../../../datasets/index.js';
import type { Tensor } from '../../../engine/index.js';
import { memberShares } from '../../losses/gcl/versions.js';
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
  /** Of stage 3: its draws. The clusters of pictures are of a warm-up by JVTC too, once there are some. */
  readonly draws: RowDraws | undefined;
  readonly labels: Int32Array | undefined;
}

const of = (data: Float32Array | Int32Array, ...shape: number[]): Argument => ({ data, shape });

/** Versions of pictures, the pictures' rows, and the members of their clusters where there are some. */
function versionArguments(
  { images, labels }: Batch,
  { recipe, labels: clusters }: ArgumentContext,
): readonly Argument[] {
  const { height, width } = recipe.input;
  const rows = labels.filter((_, i) => i % recipe.jvtc.versions === 0);
  const pictures = [of(images, labels.length, 3, height, width), of(rows, rows.length)];
  return clusters ? [...pictures, of(memberShares(clusters, rows), rows.length, clusters.length)] : pictures;
}

/** A batch as the arguments of its stage's step, with all that is drawn at random: a function of its place in the run alone. */
export async function stepArguments(batch: AnyBatch, context: ArgumentContext): Promise<readonly Argument[]> {
  const { recipe, memory, stage, seed } = context;
  const { height, width } = recipe.input;
  const { epoch, index } = batch;
  if ('images' in batch) {
    const { images, labels: rows } = batch;
    const n = rows.length;
    if (recipe.warmup === 'jvtc') return versionArguments(batch, context);
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

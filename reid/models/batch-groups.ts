import { cat } from '../../engine/ops/join.js';
import { split } from '../../engine/ops/view.js';
import { recompute } from '../../engine/tape.js';
import type { Tensor } from '../../engine/tensor.js';
import type { ReidModel, TrainingOutput } from './model.js';

/**
 * A model's training output with the batch cut into groups whose batch norms do not see each other, as when a published system
 * trained on several GPUs at once: each group is normalised by its own statistics, the running ones move by the first group's
 * alone, and the losses see all.
 *
 * @throws RangeError where a group would have fewer than two images
 */
export function lossesInGroups(model: ReidModel, images: Tensor, groups: number): TrainingOutput {
  if (groups === 1) return model.losses(images);
  const n = images.shape[0]!;
  if (n < 2 * groups) {
    throw new RangeError(`A batch of ${n} images can not be cut into ${groups} groups of two or more for batch norm.`);
  }
  const [first, ...others] = split(images, Math.ceil(n / groups), 0);
  const outputs = [model.losses(first!), ...others.map((part) => recompute(() => model.losses(part)))];
  const joined = (of: (output: TrainingOutput) => readonly Tensor[]) =>
    of(outputs[0]!).map((_, head) => cat(outputs.map((output) => of(output)[head]!)));
  return { features: joined(({ features }) => features), logits: joined(({ logits }) => logits) };
}

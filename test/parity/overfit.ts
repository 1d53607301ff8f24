import { manualSeed } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { apnetSmall, type Recipe, rgaSmall } from '../../reid/recipes/index.js';
import { buildModel, buildOptimiser } from '../../reid/training/model.js';
import { objectiveOf } from '../../reid/training/objective.js';
import { trainingStep } from '../../reid/training/step.js';
import { fill } from '../golden/fill.js';
import type { Difference } from './compare.js';
import type { CaseResult } from './ops.js';

/** Learning by heart: a system must fit a batch of 16 identities with 4 pictures each, without augmentation, in 200 steps. */

const IDENTITIES = 16;
const IMAGES = 4;
const STEPS = 200;

const difference = (value: number, limit: number, holds: boolean, what: string): Difference => ({
  absolute: value,
  relative: value,
  l2: value,
  allowed: limit,
  reason: holds ? undefined : `${what} is ${value}, not ${limit}`,
});

async function learn(id: string, recipe: Recipe): Promise<CaseResult> {
  manualSeed(1);
  const { height, width } = recipe.input;
  const model = buildModel(recipe, IDENTITIES);
  const optimiser = buildOptimiser(recipe, model);
  const count = IDENTITIES * IMAGES;
  const labels = Int32Array.from({ length: count }, (_, i) => Math.floor(i / IMAGES));
  const shape = [count, 3, height, width];
  const pictures = fill('by heart', shape, { kind: 'blocks', grid: [4, 2], block_scale: 1.5, scale: 0.5 });
  const [images, target] = [tensor(pictures, shape).keep(), tensor(labels).keep()] as [Tensor, Tensor];
  const parts = { recipe, model, objective: objectiveOf(recipe, model), optimiser, scaler: undefined };
  let triplet = Infinity;
  for (let step = 0; step < STEPS; step++) {
    await scope(async () => {
      const losses = await trainingStep(parts, images, target).read();
      triplet = losses[1]!;
    });
  }
  const right = await scope(async () => {
    const scores = await model.losses(images).logits[0]!.read();
    return labels.filter((label, i) => {
      const row = scores.subarray(i * IDENTITIES, (i + 1) * IDENTITIES);
      return row.indexOf(Math.max(...row)) === label;
    }).length;
  });
  const forward = {
    'right answers': difference(right, count, right === count, 'the number of right answers'),
    'triplet loss': difference(triplet, 0.01, triplet < 0.01, 'the triplet loss'),
  };
  const wrong = Object.values(forward).find(({ reason }) => reason);
  const note = `${right} of ${count} right, triplet loss ${triplet.toExponential(1)}`;
  return { id, status: wrong ? 'fail' : 'pass', forward, gradients: {}, reason: wrong?.reason, note };
}

/** The small recipes of both systems; some minutes each on software Vulkan. */
export const overfitCases = (): { readonly id: string; run(): Promise<CaseResult> }[] =>
  [rgaSmall, apnetSmall].map((recipe) => {
    const id = `conformance/by-heart-${recipe.name}`;
    return { id, run: () => learn(id, recipe) };
  });

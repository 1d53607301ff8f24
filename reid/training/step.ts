import { backward, stack, type Tensor, toHalf } from '../../engine/index.js';
import type { GradScaler, GroupOptions, Optimiser } from '../../engine/optim/index.js';
import { identityTripletLoss } from '../losses/identity-triplet.js';
import { lossesInGroups } from '../models/batch-groups.js';
import type { ReidModel } from '../models/model.js';
import type { Recipe } from '../recipes/recipe.js';

/** What a step moves, and by what. */
export interface StepParts {
  readonly recipe: Recipe;
  readonly model: ReidModel;
  readonly optimiser: Optimiser<GroupOptions>;
  /** Of recipes with float16. */
  readonly scaler: GradScaler | undefined;
}

/**
 * Forward, backward, update: the same work for every batch of one size, so that it can be a static step.
 *
 * @param images [N, 3, H, W]
 * @param labels [N], int32: rows of the classifier
 * @returns [3]: identity loss, triplet loss, and what was minimised
 */
export function trainingStep({ recipe, model, optimiser, scaler }: StepParts, images: Tensor, labels: Tensor): Tensor {
  const groups = 'bnGroups' in recipe.model ? recipe.model.bnGroups : 1;
  const output = lossesInGroups(model, scaler ? toHalf(images) : images, groups);
  const { id, triplet, total } = identityTripletLoss(output, labels, recipe.loss);
  if (scaler) {
    backward(scaler.scale(total));
    scaler.step(optimiser);
  } else {
    backward(total);
    optimiser.step();
  }
  optimiser.zeroGrad();
  return stack([id, triplet, total]);
}

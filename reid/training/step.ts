import { backward, stack, type Tensor, toHalf } from '../../engine/index.js';
import type { GradScaler, GroupOptions, Optimiser } from '../../engine/optim/index.js';
import { lossesInGroups } from '../models/batch-groups.js';
import type { ReidModel } from '../models/model.js';
import type { Recipe } from '../recipes/recipe.js';
import type { Objective } from './objective.js';

/** What a step moves, and by what. */
export interface StepParts {
  readonly recipe: Pick<Recipe, 'model'>;
  readonly model: ReidModel;
  readonly objective: Objective;
  readonly optimiser: Optimiser<GroupOptions>;
  /** Of recipes with float16. */
  readonly scaler: GradScaler | undefined;
}

/**
 * Forward, backward, update: the same work for every batch of one size, so that it can be a static step. What the objective has
 * beside the model is moved after it.
 *
 * @param images [N, 3, H, W], or clips [N, T, 3, H, W]
 * @param labels [N], int32: rows of the classifier
 * @returns the parts of the loss, and at the end what was minimised
 */
export function trainingStep(
  { recipe, model, objective, optimiser, scaler }: StepParts,
  images: Tensor,
  labels: Tensor,
): Tensor {
  const groups = 'bnGroups' in recipe.model ? recipe.model.bnGroups : 1;
  const output = lossesInGroups(model, scaler ? toHalf(images) : images, groups);
  const { parts, total } = objective.losses(output, labels);
  const beside = objective.beside?.optimiser;
  if (scaler) {
    backward(scaler.scale(total));
    scaler.step(optimiser);
    beside?.step(scaler.state);
  } else {
    backward(total);
    optimiser.step();
    beside?.step();
  }
  optimiser.zeroGrad();
  beside?.zeroGrad();
  return stack([...parts, total]);
}

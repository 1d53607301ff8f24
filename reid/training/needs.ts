import { currentGpu, type Gpu, noGrad, type Plan, plan, scope } from '../../engine/index.js';
import { GradScaler } from '../../engine/optim/index.js';
import { empty } from '../../engine/tensor.js';
import type { Recipe } from '../recipes/recipe.js';
import { buildModel, buildOptimiser } from './model.js';
import { trainingStep } from './step.js';

/** What a recipe takes, known before anything is allocated. */
export interface Needs {
  /** Numbers that are trained. */
  readonly parameters: number;
  /** One training step, and what stays between steps. */
  readonly training: Plan;
  /** Features of one batch. */
  readonly evaluation: Plan;
}

/**
 * Counts the memory and work of a recipe's steps on a GPU like `gpu`, by going through a training step and a batch of features
 * without computing them.
 *
 * @throws GpuError where a tensor is larger than the adapter binds, naming it
 */
export function recipeNeeds(recipe: Recipe, identities: number, gpu: Gpu = currentGpu()): Needs {
  let parameters = 0;
  const { height, width } = recipe.input;
  const batch = (n: number) => empty(currentGpu(), [n, 3, height, width], 'float32', 'images');
  const training = plan(() => {
    const model = buildModel(recipe, identities);
    const optimiser = buildOptimiser(recipe, model);
    const scaler = recipe.precision === 'float16' ? new GradScaler() : undefined;
    parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
    const n = recipe.sampler.identities * recipe.sampler.images;
    model.train();
    scope(
      () =>
        void trainingStep({ recipe, model, optimiser, scaler }, batch(n), empty(currentGpu(), [n], 'int32', 'labels')),
    );
  }, gpu);
  const evaluation = plan(() => {
    const model = buildModel(recipe, identities);
    model.eval();
    scope(() => void noGrad(() => model.forward(batch(recipe.evaluation.batch))));
  }, gpu);
  return { parameters, training, evaluation };
}

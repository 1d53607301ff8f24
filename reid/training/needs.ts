import { currentGpu, type Gpu, noGrad, type Plan, plan, scope } from '../../engine/index.js';
import { GradScaler } from '../../engine/optim/index.js';
import { empty, type Tensor } from '../../engine/tensor.js';
import type { Encoder } from '../models/encoder.js';
import { GAM } from '../models/gam.js';
import type { RetrievalModel } from '../models/model.js';
import { type AnyRecipe, isGCL, isUnsupervised, type Recipe } from '../recipes/recipe.js';
import type { UnsupervisedRecipe } from '../recipes/unsupervised.js';
import { gclNeeds } from './gcl/needs.js';
import { buildModel, buildOptimiser } from './model.js';
import { objectiveOf } from './objective.js';
import { trainingStep } from './step.js';
import { contrastStep } from './unsupervised/contrast-method.js';
import { buildGAMOptimiser, gamStep } from './unsupervised/gam-method.js';

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
 * @param identities rows of the classifier; without labels the clusters that a run begins with, of GCL the pictures
 * @throws GpuError where a tensor is larger than the adapter binds, naming it
 */
export function recipeNeeds(recipe: AnyRecipe, identities: number, gpu: Gpu = currentGpu()): Needs {
  if (isGCL(recipe)) return gclNeeds(recipe, identities, gpu);
  let parameters = 0;
  const { clips, input, evaluation: test } = recipe;
  const picture = [3, input.height, input.width];
  const batch = (...shape: number[]) => empty(currentGpu(), [...shape, ...picture], 'float32', 'images');
  const training = plan(() => {
    const { model, step, images } = stepOf(recipe, identities);
    parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
    model.train();
    const frames = clips ? [clips.frames] : [];
    scope(() => void step(batch(images, ...frames), empty(currentGpu(), [images], 'int32', 'labels')));
  }, gpu);
  const evaluation = plan(() => {
    const model = buildModel(recipe, identities);
    model.eval();
    scope(() => void noGrad(() => model.forward(batch(test.batch))));
  }, gpu);
  return { parameters, training, evaluation };
}

/** A training step of a recipe, and how many images or clips it takes. */
interface CountedStep {
  readonly model: RetrievalModel;
  readonly images: number;
  step(images: Tensor, labels: Tensor): unknown;
}

function stepOf(recipe: Recipe | UnsupervisedRecipe, identities: number): CountedStep {
  if (!isUnsupervised(recipe)) {
    const model = buildModel(recipe, identities);
    const optimiser = buildOptimiser(recipe, model);
    const scaler = recipe.precision === 'float16' ? new GradScaler() : undefined;
    const images = recipe.sampler.identities * recipe.sampler.images;
    const parts = { recipe, model, objective: objectiveOf(recipe, model), optimiser, scaler };
    return { model, images, step: (x, labels) => trainingStep(parts, x, labels) };
  }
  const table = (width: number) => empty(currentGpu(), [identities, width], 'float32', 'memory');
  if (recipe.method === 'gam') {
    const model = new GAM(recipe.model);
    const step = gamStep({ recipe, model });
    const memory = table(recipe.model.embedDim);
    const optimiser = buildGAMOptimiser(recipe, model, 0);
    return { model, images: 2 * recipe.batch, step: (x, labels) => step(x, labels, memory, optimiser) };
  }
  const model = buildModel(recipe, identities) as Encoder;
  const step = contrastStep({ recipe, model });
  const memory = table(model.base.outputs);
  const optimiser = buildOptimiser(recipe, model);
  const images = recipe.sampler.identities * recipe.sampler.images;
  return { model, images, step: (x, labels) => step(x, labels, memory, optimiser) };
}

import { Adam, AdamW, type GroupOptions, type Optimiser, SGD } from '../../engine/optim/index.js';
import { APNet } from '../models/apnet.js';
import { Baseline } from '../models/baseline.js';
import { Encoder } from '../models/encoder.js';
import { FGReID } from '../models/fgreid/fgreid.js';
import { GAM } from '../models/gam.js';
import { buildIdentityEncoder } from '../models/gcl/build.js';
import type { ReidModel, RetrievalModel } from '../models/model.js';
import { RGA } from '../models/rga.js';
import { apnetOptionsOf, fgreidOptionsOf, resnetOptionsOf, rgaOptionsOf } from '../recipes/model-spec.js';
import type { AnyRecipe, Recipe } from '../recipes/recipe.js';

/** Builds the model that a recipe names, for a training set of so many identities; without labels there are none to know. */
export function buildModel(recipe: Pick<Recipe, 'model' | 'input'>, identities: number): ReidModel;
export function buildModel(recipe: Pick<AnyRecipe, 'model' | 'input'>, identities: number): RetrievalModel;
export function buildModel({ model, input }: Pick<AnyRecipe, 'model' | 'input'>, identities: number): RetrievalModel {
  switch (model.kind) {
    case 'gam':
      return new GAM(model);
    case 'gcl':
      return buildIdentityEncoder(resnetOptionsOf(model), model);
    case 'encoder':
      return new Encoder({ backbone: resnetOptionsOf(model), pool: model.pool });
    case 'rga':
      return new RGA(rgaOptionsOf(model, input), identities);
    case 'apnet':
      return new APNet(apnetOptionsOf(model, input), identities);
    case 'fgreid':
      return new FGReID(fgreidOptionsOf(model), identities);
    default: // Runs that were saved before there were kinds have none.
      return new Baseline(resnetOptionsOf(model), identities);
  }
}

/** Builds the optimiser that a recipe names, over every parameter that is not frozen. */
export function buildOptimiser(
  { optimiser }: Pick<AnyRecipe, 'optimiser'>,
  model: RetrievalModel,
): Optimiser<GroupOptions> {
  const { kind, lr, weightDecay, momentum } = optimiser;
  const parameters = model.parameters().filter((parameter) => parameter.requiresGrad);
  if (kind === 'sgd') return new SGD(parameters, { lr, momentum, weightDecay }) as unknown as Optimiser<GroupOptions>;
  const Kind = kind === 'adamw' ? AdamW : Adam;
  return new Kind(parameters, { lr, weightDecay }) as unknown as Optimiser<GroupOptions>;
}

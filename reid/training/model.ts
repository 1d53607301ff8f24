import { Adam, AdamW, type GroupOptions, type Optimiser, SGD } from '../../engine/optim/index.js';
import { APNet } from '../models/apnet.js';
import { Baseline } from '../models/baseline.js';
import type { ReidModel } from '../models/model.js';
import { RGA } from '../models/rga.js';
import { apnetOptionsOf, resnetOptionsOf, rgaOptionsOf } from '../recipes/model-spec.js';
import type { Recipe } from '../recipes/recipe.js';

/** Builds the model that a recipe names, for a training set of so many identities. */
export function buildModel({ model, input }: Pick<Recipe, 'model' | 'input'>, identities: number): ReidModel {
  switch (model.kind) {
    case 'rga':
      return new RGA(rgaOptionsOf(model, input), identities);
    case 'apnet':
      return new APNet(apnetOptionsOf(model, input), identities);
    default: // Runs that were saved before there were kinds have none.
      return new Baseline(resnetOptionsOf(model), identities);
  }
}

/** Builds the optimiser that a recipe names, over every parameter that is not frozen. */
export function buildOptimiser({ optimiser }: Recipe, model: ReidModel): Optimiser<GroupOptions> {
  const { kind, lr, weightDecay, momentum } = optimiser;
  const parameters = model.parameters().filter((parameter) => parameter.requiresGrad);
  if (kind === 'sgd') return new SGD(parameters, { lr, momentum, weightDecay }) as unknown as Optimiser<GroupOptions>;
  const Kind = kind === 'adamw' ? AdamW : Adam;
  return new Kind(parameters, { lr, weightDecay }) as unknown as Optimiser<GroupOptions>;
}

import { Adam, AdamW, type GroupOptions, type Optimiser, SGD } from '../../engine/optim/index.js';
import type { ResNetDepth } from '../models/backbones/resnet.js';
import { Baseline } from '../models/baseline.js';
import type { Recipe } from '../recipes/recipe.js';

/** Builds the model that a recipe names, for a training set of so many identities. */
export function buildModel({ model }: Recipe, identities: number): Baseline {
  const { backbone, width, stem, stemStride, lastStride } = model;
  const depth = Number(backbone.replace('resnet', '')) as ResNetDepth;
  return new Baseline({ depth, width, stem, stemStride, lastStride }, identities);
}

/** Builds the optimiser that a recipe names, over every parameter that is not frozen. */
export function buildOptimiser({ optimiser }: Recipe, model: Baseline): Optimiser<GroupOptions> {
  const { kind, lr, weightDecay, momentum } = optimiser;
  const parameters = model.parameters().filter((parameter) => parameter.requiresGrad);
  if (kind === 'sgd') return new SGD(parameters, { lr, momentum, weightDecay }) as unknown as Optimiser<GroupOptions>;
  const Kind = kind === 'adamw' ? AdamW : Adam;
  return new Kind(parameters, { lr, weightDecay }) as unknown as Optimiser<GroupOptions>;
}

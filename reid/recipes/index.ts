import { nearestName } from '../../datasets/nearest.js';
import { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
import { baseline, baselineR50, baselineTiny } from './baseline.js';
import { clusterContrast, clusterContrastSmall } from './cluster-contrast.js';
import { gam, gamImageNet, gamLate, gamSmall } from './gam.js';
import type { AnyRecipe } from './recipe.js';
import { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';

export { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
export { baseline, baselineR50, baselineTiny } from './baseline.js';
export { clusterContrast, clusterContrastSmall } from './cluster-contrast.js';
export { type FittedRecipe, fitRecipe } from './fit.js';
export { gam, gamImageNet, gamLate, gamSmall } from './gam.js';
export type { APNetSpec, BaselineSpec, EncoderSpec, GAMSpec, ModelSpec, RGASpec } from './model-spec.js';
export { overrideRecipe, RecipeError } from './override.js';
export { type AnyRecipe, isUnsupervised, type Recipe, type RecipeBase } from './recipe.js';
export { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';
export type { ContrastRecipe, GAMRecipe, UnsupervisedRecipe } from './unsupervised.js';

import { RecipeError } from './override.js';

/** Every recipe by name. */
export const recipes: ReadonlyMap<string, AnyRecipe> = new Map(
  [
    ...[baseline, baselineTiny, baselineR50],
    ...[rgaSmall, rga, rgaMarket1501, rgaMSMT17],
    ...[apnetSmall, apnet, apnetDuke, apnetMSMT17],
    ...[gamSmall, gam, gamLate, gamImageNet],
    ...[clusterContrastSmall, clusterContrast],
  ].map((recipe: AnyRecipe) => [recipe.name, recipe]),
);

/** A recipe by its name; an unknown one is an error that names the nearest. */
export function recipeCalled(name: string): AnyRecipe {
  const recipe = recipes.get(name);
  if (!recipe) throw new RecipeError(`There is no recipe "${name}". ${nearestName(name, [...recipes.keys()])}`);
  return recipe;
}

import { nearestName } from '../../datasets/nearest.js';
import { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
import { baseline, baselineR50, baselineTiny } from './baseline.js';
import type { Recipe } from './recipe.js';
import { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';

export { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
export { baseline, baselineR50, baselineTiny } from './baseline.js';
export { type FittedRecipe, fitRecipe } from './fit.js';
export type { APNetSpec, BaselineSpec, ModelSpec, RGASpec } from './model-spec.js';
export { overrideRecipe, RecipeError } from './override.js';
export type { Recipe } from './recipe.js';
export { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';

import { RecipeError } from './override.js';

/** Every recipe by name. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [
    ...[baseline, baselineTiny, baselineR50],
    ...[rgaSmall, rga, rgaMarket1501, rgaMSMT17],
    ...[apnetSmall, apnet, apnetDuke, apnetMSMT17],
  ].map((recipe) => [recipe.name, recipe]),
);

/** A recipe by its name; an unknown one is an error that names the nearest. */
export function recipeCalled(name: string): Recipe {
  const recipe = recipes.get(name);
  if (!recipe) throw new RecipeError(`There is no recipe "${name}". ${nearestName(name, [...recipes.keys()])}`);
  return recipe;
}

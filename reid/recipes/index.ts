import { nearestName } from '../../datasets/nearest.js';
import { baseline, baselineR50, baselineTiny } from './baseline.js';
import type { Recipe } from './recipe.js';

export { baseline, baselineR50, baselineTiny } from './baseline.js';
export { type FittedRecipe, fitRecipe } from './fit.js';
export { overrideRecipe, RecipeError } from './override.js';
export type { Recipe } from './recipe.js';

import { RecipeError } from './override.js';

/** Every recipe by name. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [baseline, baselineTiny, baselineR50].map((recipe) => [recipe.name, recipe]),
);

/** A recipe by its name; an unknown one is an error that names the nearest. */
export function recipeCalled(name: string): Recipe {
  const recipe = recipes.get(name);
  if (!recipe) throw new RecipeError(`There is no recipe "${name}". ${nearestName(name, [...recipes.keys()])}`);
  return recipe;
}

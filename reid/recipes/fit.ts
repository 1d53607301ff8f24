import type { Recipe } from './recipe.js';

/** A recipe that suits a training set of so many identities, and what was changed for that, in words. */
export interface FittedRecipe<R extends Recipe = Recipe> {
  readonly recipe: R;
  readonly note?: string;
}

/** Takes fewer identities to a batch where the training set has fewer than the recipe wants. */
export function fitRecipe<R extends Recipe>(recipe: R, identities: number): FittedRecipe<R> {
  const wanted = recipe.sampler.identities;
  if (wanted <= identities) return { recipe };
  const note = `The training set has ${identities} identities: a batch takes these ${identities}, not ${wanted}.`;
  return { recipe: { ...recipe, sampler: { ...recipe.sampler, identities } }, note };
}

import { nearestName } from '../../datasets/nearest.js';
import { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
import { baseline, baselineR50, baselineTiny } from './baseline.js';
import { clusterContrast, clusterContrastSmall } from './cluster-contrast.js';
import {
  fgreidImage,
  fgreidImageSmall,
  fgreidVehicle,
  fgreidVehicleSmall,
  fgreidVideo,
  fgreidVideoSmall,
} from './fgreid.js';
import { gam, gamImageNet, gamLate, gamSmall } from './gam.js';
import { gcl, gclSmall, gclStage1, gclStage1JVTC, gclStage2, gclStage3 } from './gcl.js';
import type { AnyRecipe } from './recipe.js';
import { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';

export { apnet, apnetDuke, apnetMSMT17, apnetSmall } from './apnet.js';
export { baseline, baselineR50, baselineTiny } from './baseline.js';
export { clusterContrast, clusterContrastSmall } from './cluster-contrast.js';
export {
  fgreidImage,
  fgreidImageSmall,
  fgreidVehicle,
  fgreidVehicleSmall,
  fgreidVideo,
  fgreidVideoSmall,
} from './fgreid.js';
export { type FittedRecipe, fitRecipe } from './fit.js';
export { gam, gamImageNet, gamLate, gamSmall } from './gam.js';
export { type GCLRecipe, gcl, gclSmall, gclStage1, gclStage1JVTC, gclStage2, gclStage3 } from './gcl.js';
export type {
  APNetSpec,
  BaselineSpec,
  EncoderSpec,
  FGReIDSpec,
  GAMSpec,
  GCLSpec,
  ModelSpec,
  RGASpec,
} from './model-spec.js';
export { overrideRecipe, RecipeError } from './override.js';
export {
  type AnyRecipe,
  type ClipSpec,
  type FGReIDRecipe,
  type IdentityRecipe,
  isFGReID,
  isGCL,
  isUnsupervised,
  type Recipe,
  type RecipeBase,
} from './recipe.js';
export { rga, rgaMarket1501, rgaMSMT17, rgaSmall } from './rga.js';
export type { ContrastRecipe, GAMRecipe, UnsupervisedRecipe } from './unsupervised.js';

import { RecipeError } from './override.js';

/** Every recipe by name. */
export const recipes: ReadonlyMap<string, AnyRecipe> = new Map(
  [
    ...[baseline, baselineTiny, baselineR50],
    ...[rgaSmall, rga, rgaMarket1501, rgaMSMT17],
    ...[apnetSmall, apnet, apnetDuke, apnetMSMT17],
    ...[fgreidImageSmall, fgreidVideoSmall, fgreidVehicleSmall],
    ...[fgreidImage, fgreidVideo, fgreidVehicle],
    ...[gamSmall, gam, gamLate, gamImageNet],
    ...[clusterContrastSmall, clusterContrast],
    ...[gclSmall, gcl, gclStage1, gclStage1JVTC, gclStage2, gclStage3],
  ].map((recipe: AnyRecipe) => [recipe.name, recipe]),
);

/** A recipe by its name; an unknown one is an error that names the nearest. */
export function recipeCalled(name: string): AnyRecipe {
  const recipe = recipes.get(name);
  if (!recipe) throw new RecipeError(`There is no recipe "${name}". ${nearestName(name, [...recipes.keys()])}`);
  return recipe;
}

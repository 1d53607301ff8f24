import { createSynthetic, ImageStore } from '../../../datasets/index.js';
import { manualSeed } from '../../../engine/index.js';
import { baseline, overrideRecipe, type Recipe } from '../../../reid/recipes/index.js';
import { buildModel } from '../../../reid/training/model.js';
import { type StepReport, Trainer } from '../../../reid/training/trainer.js';
import { CHANGES } from '../../cli/tiny.js';
import { gpu } from '../../engine/device.js';

/** A few drawn people, for every test of training. */
export const dataset = createSynthetic({
  identities: 6,
  testIdentities: 4,
  images: 2,
  cameras: 3,
  distractors: 0,
  height: 32,
  width: 16,
});

/** `baseline`, tiny, and changed further. */
export const tinyRecipe = (...changes: readonly string[]): Recipe => overrideRecipe(baseline, [...CHANGES, ...changes]);

/** A trainer with a model of its own; the same seed makes the same one. */
export function tinyTrainer(recipe: Recipe, seed: number): Trainer {
  manualSeed(seed);
  const { height, width } = recipe.input;
  const store = new ImageStore(dataset, { height, width, workers: 0 });
  return new Trainer({ gpu, dataset, recipe, seed, model: buildModel(recipe, dataset.identities), store });
}

/** Makes the next `count` steps. */
export async function steps(trainer: Trainer, count: number): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of trainer) if (reports.push(report) >= count) break;
  return reports;
}

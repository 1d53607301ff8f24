import { ImageStore, type ReidDataset } from '../../../datasets/index.js';
import { manualSeed } from '../../../engine/index.js';
import { type FGReIDRecipe, fgreidImageSmall, fgreidVideoSmall, overrideRecipe } from '../../../reid/recipes/index.js';
import { buildModel } from '../../../reid/training/model.js';
import { Trainer } from '../../../reid/training/trainer.js';
import { gpu } from '../../engine/device.js';
import { walkers } from './walkers.js';

const CHANGES = [
  'model.width=4',
  'model.channels=8',
  'model.inner=4',
  'input.height=32',
  'input.width=16',
  'augment.enlarge.pad=1',
  'sampler.identities=3',
  'sampler.images=2',
  'epochs=3',
];

/** FGReID of pictures or of clips, tiny, and changed further. */
export const tinyFGReID = (arch: 'image' | 'video', ...changes: readonly string[]): FGReIDRecipe =>
  overrideRecipe(arch === 'image' ? fgreidImageSmall : fgreidVideoSmall, [
    ...CHANGES,
    ...(arch === 'video' ? ['clips.frames=2'] : []),
    ...changes,
  ]);

/** A trainer with a model of its own; the same seed makes the same one. */
export function fgreidTrainer(recipe: FGReIDRecipe, seed: number, dataset: ReidDataset = walkers): Trainer {
  manualSeed(seed);
  const { height, width, resize: filter } = recipe.input;
  const store = new ImageStore(dataset, { height, width, filter, workers: 0 });
  return new Trainer({ gpu, dataset, recipe, seed, model: buildModel(recipe, dataset.identities), store });
}

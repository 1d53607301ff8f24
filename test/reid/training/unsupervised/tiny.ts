import { ImageStore, type Picture, type UnlabelledDataset, withoutLabels } from '../../../../datasets/index.js';
import { manualSeed } from '../../../../engine/index.js';
import { RandomStream } from '../../../../random/philox.js';
import {
  clusterContrastSmall,
  gamSmall,
  overrideRecipe,
  type UnsupervisedRecipe,
} from '../../../../reid/recipes/index.js';
import { buildModel } from '../../../../reid/training/model.js';
import { type UnsupervisedEvent, UnsupervisedTrainer } from '../../../../reid/training/unsupervised/trainer.js';
import { gpu } from '../../../engine/device.js';
import { dataset } from '../tiny.js';

const SIZE = ['input.height=32', 'input.width=16', 'evaluation.every=1'];

/** `gam-small`, tiny: some steps, each a second or less on software Vulkan. */
export const tinyGAM = (...changes: readonly string[]) =>
  overrideRecipe(gamSmall, [
    ...SIZE,
    'model.width=8',
    'model.embedDim=16',
    'batch=12',
    'epochs=2',
    'later.epochs=1',
    'clustering.mergePercent=0.25',
    'augment.erase=null',
    ...changes,
  ]);

/** `cluster-contrast-small`, tiny; its first clusters come from a net that knows nothing. */
export const tinyContrast = (...changes: readonly string[]) =>
  overrideRecipe(clusterContrastSmall, [
    ...SIZE,
    'model.width=4',
    'model.stemStride=2',
    'sampler.identities=3',
    'sampler.images=2',
    'clustering.k1=6',
    'clustering.k2=3',
    'clustering.minSamples=2',
    'clustering.outliers=drop',
    'epochs=3',
    ...changes,
  ]);

/** 36 drawn pictures of 6 people, without their names. */
export const unlabelled = withoutLabels(dataset, 1);

/** A trainer with a model of its own; the same seed makes the same one. */
export function tinyUnsupervised(
  recipe: UnsupervisedRecipe,
  seed = 1,
  pictures: UnlabelledDataset = unlabelled,
): UnsupervisedTrainer {
  manualSeed(seed);
  const { height, width } = recipe.input;
  const store = new ImageStore(pictures, { height, width, workers: 0 });
  return new UnsupervisedTrainer({ gpu, dataset: pictures, recipe, seed, model: buildModel(recipe, 0), store });
}

/** Everything that happens until `stop` holds. */
export async function eventsUntil(
  trainer: UnsupervisedTrainer,
  stop: (event: UnsupervisedEvent, seen: number) => boolean = () => false,
): Promise<UnsupervisedEvent[]> {
  const events: UnsupervisedEvent[] = [];
  for await (const event of trainer) if (stop(event, events.push(event))) break;
  return events;
}

/** Pictures that are drawn from their names: `identities` people, each `images` times, as four bands of colours of their own. */
export function bands(
  identities: number,
  images: number,
  sorted = false,
): UnlabelledDataset & { identityOf(p: Picture): number } {
  const [height, width] = [32, 16];
  const names = Array.from({ length: identities * images }, (_, i) => ({ path: `band/${i}` }));
  const pictures = sorted ? names : new RandomStream(5, 'bands').shuffle([...names]);
  const identityOf = ({ path }: Picture) => Math.floor(Number(path.slice(5)) / images);
  const read = async (picture: Picture) => {
    const person = new RandomStream(7, 'bands', identityOf(picture));
    const shot = new RandomStream(9, 'shot', Number(picture.path.slice(5)));
    const colours = Array.from({ length: 12 }, () => person.range(20, 235));
    const [light, shift] = [shot.range(0.92, 1.08), shot.integer(3) - 1];
    const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
      const band = Math.min(3, Math.max(0, Math.floor((Math.floor(i / (3 * width)) + shift) / 8)));
      return Math.min(255, Math.max(0, light * colours[3 * band + (i % 3)]! + shot.range(-8, 8)));
    });
    return { height, width, data };
  };
  return { name: 'bands of colour', pictures, onDisk: false, read, identityOf };
}

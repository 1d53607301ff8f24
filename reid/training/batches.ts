import {
  ClipLoader,
  groupTracklets,
  type ImageStore,
  identitySampler,
  Loader,
  type LoaderState,
  type ReidDataset,
  type Sampler,
  stratifiedSampler,
  trainTransform,
} from '../../datasets/index.js';
import { isFGReID, type Recipe } from '../recipes/recipe.js';

/** A batch to train on: pictures `[N, 3, H, W]` or clips `[N, T, 3, H, W]`, and N labels. */
export interface TrainingBatch {
  readonly images: Float32Array;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
  /** Of its pictures, those of clips one by one. */
  readonly indices: Int32Array;
  readonly epoch: number;
  readonly index: number;
  readonly count: number;
}

/** Where batches come from, epoch by epoch: a `Loader`, or a `ClipLoader`. */
export interface TrainingBatches extends AsyncIterable<TrainingBatch> {
  state: LoaderState;
  readonly batchCount: number;
  close(): Promise<void>;
}

/** What batches are made of. */
export interface BatchSource {
  readonly dataset: ReidDataset;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly store?: ImageStore;
}

function samplerOf(recipe: Recipe, labels: readonly number[], seed: number): Sampler {
  if (!isFGReID(recipe)) return identitySampler({ labels, ...recipe.sampler, seed });
  const { identities, images, shuffleIds: shuffle } = recipe.sampler;
  if (!recipe.clips) return stratifiedSampler({ labels, identities, images, seed, shuffle });
  return identitySampler({ labels, identities, images, seed, cover: 'identities', shortage: 'replacement' });
}

/**
 * The batches that a recipe trains on: pictures, or clips of tracklets.
 *
 * @throws DatasetError when there are fewer identities than a batch needs
 */
export function trainingBatches({ dataset, recipe, seed, store }: BatchSource): TrainingBatches {
  const transform = trainTransform({ erase: undefined, ...recipe.input, ...recipe.augment });
  const { train } = dataset;
  const labelsOf = (list: readonly { readonly identity: number }[]) => list.map(({ identity }) => identity);
  if (!recipe.clips) {
    return new Loader(dataset, train, { sampler: samplerOf(recipe, labelsOf(train), seed), transform, seed, store });
  }
  const sampler = samplerOf(recipe, labelsOf(groupTracklets(train)), seed);
  return new ClipLoader(dataset, train, { frames: recipe.clips.frames, sampler, transform, seed, store });
}

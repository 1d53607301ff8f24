import {
  type ImageRecord,
  ImageStore,
  Loader,
  type Picture,
  type PictureSource,
  type ReidDataset,
  sequentialSampler,
  testTransform,
} from '../../datasets/index.js';
import { type Gpu, noGrad, scope, type Tensor, tensor } from '../../engine/index.js';
import { add } from '../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../engine/ops/distance.js';
import { flip } from '../../engine/ops/rearrange.js';
import type { RecipeBase } from '../recipes/recipe.js';
import type { Progress } from './progress.js';
import { DivergedError } from './trainer.js';

/** Features of a list of pictures, row by row. */
export interface Features {
  readonly data: Float32Array;
  readonly count: number;
  readonly dimension: number;
}

/** Anything that turns images [N, 3, H, W], or clips [N, T, 3, H, W], into features [N, C]. */
export type FeatureModel = (images: Tensor) => Tensor;

export interface ExtractOptions {
  readonly gpu: Gpu;
  readonly dataset: PictureSource;
  readonly recipe: Pick<RecipeBase, 'input' | 'evaluation'>;
  readonly store?: ImageStore;
  readonly progress?: Progress;
  /** With `evaluation.flip`, what becomes of a picture's feature and its mirror image's: the `sum` (default), or that at length 1. */
  readonly mirrored?: 'sum' | 'unit';
}

/** A model's features of images or clips, with those of the mirrored ones where the recipe says so. */
export function featuresOf(
  model: FeatureModel,
  input: Tensor,
  { recipe, mirrored = 'sum' }: Pick<ExtractOptions, 'recipe' | 'mirrored'>,
): Tensor {
  const features = model(input);
  if (!recipe.evaluation.flip) return features;
  const both = add(features, model(flip(input, [input.rank - 1])));
  return mirrored === 'unit' ? l2Normalize(both) : both;
}

/**
 * The features of pictures, in order, without gradients. With the recipe's `evaluation.flip` those of the mirrored picture are
 * added (cosine distance does not see the factor).
 *
 * @throws DivergedError naming the picture when a feature is not finite
 */
export async function extractFeatures(
  model: FeatureModel,
  records: readonly Picture[],
  { gpu, dataset, recipe, store, progress, mirrored }: ExtractOptions,
): Promise<Features> {
  const loader = new Loader(dataset, records, {
    sampler: sequentialSampler(records.length, recipe.evaluation.batch),
    transform: testTransform(recipe.input),
    store,
  });
  let data = new Float32Array(0);
  let dimension = 0;
  let done = 0;
  try {
    for await (const { images, shape } of loader) {
      const rows = await scope(
        () =>
          noGrad(async () => {
            const features = featuresOf(model, tensor(images, shape, { gpu }), { recipe, mirrored });
            dimension = features.shape[1]!;
            return features.read();
          }),
        gpu,
      );
      if (data.length === 0) data = new Float32Array(records.length * dimension);
      needFinite(rows as Float32Array, (at) => records[done + Math.floor(at / dimension)]!.path);
      data.set(rows as Float32Array, done * dimension);
      done += shape[0];
      progress?.update(done, records.length);
    }
  } finally {
    await loader.close();
  }
  return { data, count: records.length, dimension };
}

/** @throws DivergedError naming what the first number that is not finite is of */
export function needFinite(rows: Float32Array, nameOf: (position: number) => string): void {
  const bad = rows.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new DivergedError(
    `The features of ${nameOf(bad)} are not finite: the model is broken, or was trained with too high a learning rate.`,
  );
}

/** Size at which raw pixels are compared. */
const RAW = { height: 64, width: 32 };

/** The pictures themselves as features, small: what a model must beat. */
export async function rawPixels(dataset: ReidDataset, records: readonly ImageRecord[]): Promise<Features> {
  const dimension = 3 * RAW.height * RAW.width;
  const data = new Float32Array(records.length * dimension);
  const store = new ImageStore(dataset, { ...RAW, cacheBytes: 0 });
  const loader = new Loader(dataset, records, { transform: testTransform(RAW), store });
  let at = 0;
  try {
    for await (const { images } of loader) {
      data.set(images, at);
      at += images.length;
    }
  } finally {
    await store.close();
  }
  return { data, count: records.length, dimension };
}

/** Lengths are taken to be at least this. */
const SHORTEST = 1e-12;

/** Features over their lengths: each row a unit vector, or 0 where it was 0. */
export function normalisedFeatures({ data, count, dimension }: Features): Features {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += dimension) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += data[i]! * data[i]!;
    const scale = 1 / Math.max(Math.sqrt(squares), SHORTEST);
    for (let i = start; i < start + dimension; i++) out[i] = data[i]! * scale;
  }
  return { data: out, count, dimension };
}

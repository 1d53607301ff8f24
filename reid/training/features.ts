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

/** Anything that turns images [N, 3, H, W] into features [N, C]. */
export type FeatureModel = (images: Tensor) => Tensor;

export interface ExtractOptions {
  readonly gpu: Gpu;
  readonly dataset: PictureSource;
  readonly recipe: Pick<RecipeBase, 'input' | 'evaluation'>;
  readonly store?: ImageStore;
  readonly progress?: Progress;
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
  { gpu, dataset, recipe, store, progress }: ExtractOptions,
): Promise<Features> {
  const { height, width, mean, std } = recipe.input;
  const loader = new Loader(dataset, records, {
    sampler: sequentialSampler(records.length, recipe.evaluation.batch),
    transform: testTransform({ height, width, mean, std }),
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
            const input = tensor(images, shape, { gpu });
            const features = model(input);
            const both = recipe.evaluation.flip ? add(features, model(flip(input, [3]))) : features;
            dimension = both.shape[1]!;
            return both.read();
          }),
        gpu,
      );
      if (data.length === 0) data = new Float32Array(records.length * dimension);
      const bad = rows.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new DivergedError(
          `The features of ${records[done + Math.floor(bad / dimension)]!.path} are not finite: the model is broken, or was trained with too high a learning rate.`,
        );
      }
      data.set(rows as Float32Array, done * dimension);
      done += shape[0];
      progress?.update(done, records.length);
    }
  } finally {
    await loader.close();
  }
  return { data, count: records.length, dimension };
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

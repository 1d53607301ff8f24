import {
  createTransform,
  type ImageStore,
  type Picture,
  type PictureSource,
  testTransform,
} from '../../datasets/index.js';
import type { ResizeFilter } from '../../datasets/resize.js';
import { extractFeatures, type Features } from '../../reid/training/features.js';
import { type GalleryModel, PIXELS } from './gallery-index.js';
import { PageError } from './job.js';
import { alone, gpuOf } from './machine.js';
import { modelOf, type OpenModel } from './models.js';

/** Makes features of pictures. */
export interface Describer {
  readonly model: GalleryModel;
  /** The pictures that it sees. */
  readonly size: { readonly height: number; readonly width: number; readonly filter: ResizeFilter };
  /** Pictures that are best given at a time. */
  readonly batch: number;
  /** Runs `work` with all that features take. */
  using<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** @param store of the same size */
  features(pictures: readonly Picture[], source: PictureSource, store: ImageStore): Promise<Features>;
}

const digests = new WeakMap<OpenModel, Promise<string>>();

const hex = (bytes: ArrayBuffer, length: number): string =>
  Array.from(new Uint8Array(bytes).subarray(0, length), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A digest of what decides a model's features: weights, input, mirror images. */
async function digestOf({ model, recipe }: OpenModel): Promise<string> {
  const { height, width, resize = 'bilinear', mean, std } = recipe.input;
  const facts = { model: recipe.model, height, width, resize, mean, std, flip: recipe.evaluation.flip };
  const lines = [JSON.stringify(facts)];
  for (const [name, { shape, data }] of await model.stateArrays()) {
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    lines.push(`${name} ${shape} ${hex(await crypto.subtle.digest('SHA-256', bytes), 32)}`);
  }
  return hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n'))), 8);
}

/** The pictures' own pixels, as `evaluate` compares them with a model: weak, and there without any model or GPU. */
const RAW = { height: 64, width: 32, filter: 'bilinear' } as const;

export const PIXEL_MODEL: GalleryModel = {
  key: PIXELS,
  title: 'the pictures’ own colours',
  recipe: 'raw pixels 64×32',
  dimension: 3 * RAW.height * RAW.width,
  distance: 'euclidean',
  flip: false,
};

const pixels: Describer = {
  model: PIXEL_MODEL,
  size: RAW,
  batch: 32,
  using: (_, work) => work(),
  features: async (pictures, _, store) => {
    const { dimension } = PIXEL_MODEL;
    const data = new Float32Array(pictures.length * dimension);
    const transform = createTransform(testTransform(RAW));
    for (const [row, picture] of pictures.entries()) {
      transform.write(await store.get(picture), 0, data, row * dimension);
    }
    return { data, count: pictures.length, dimension };
  },
};

/**
 * What makes features by a model that is open, or (`pixels`) without one.
 *
 * @throws PageError for models of video
 */
export async function describerOf(id: string): Promise<Describer> {
  if (id === PIXELS) return pixels;
  const open = modelOf(id);
  const { recipe, title, model } = open;
  if (recipe.clips) {
    throw new PageError(`${title} looks at clips of video, not at single pictures: choose a model of pictures.`);
  }
  let digest = digests.get(open);
  if (!digest) {
    digest = digestOf(open);
    digests.set(open, digest);
    digest.catch(() => digests.delete(open));
  }
  const { height, width, resize = 'bilinear' } = recipe.input;
  const { distance, flip, batch } = recipe.evaluation;
  return {
    model: { key: await digest, title, recipe: recipe.name, dimension: 0, distance, flip },
    size: { height, width, filter: resize },
    batch: Math.min(batch, 32),
    using: alone,
    features: async (pictures, dataset, store) => {
      const gpu = await gpuOf();
      // As modelFeatures: FGReID's are compared by their differences, where the factor of the sum would count.
      const mirrored = recipe.model.kind === 'fgreid' ? 'unit' : 'sum';
      return extractFeatures((x) => model.forward(x), pictures, { gpu, dataset, recipe, store, mirrored });
    },
  };
}

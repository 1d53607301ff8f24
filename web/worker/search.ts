import { decodeImage, type Image, type PictureSource } from '../../datasets/index.js';
import { type DistanceKind, distanceRows } from '../../reid/metrics/distances.js';
import { describerOf } from './gallery-describer.js';
import { originalOf } from './gallery-incoming.js';
import { BatchDecoder } from './gallery-pictures.js';
import { galleryOf } from './gallery-store.js';
import { type Handler, PageError } from './job.js';

/** A part of a picture, in fractions of its width and height. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What is looked for: a picture of the gallery or a file, or a part of one. */
export type SearchFor = { readonly id: number; readonly crop?: Crop } | { readonly file: File; readonly crop?: Crop };

/** Every picture of the gallery, the nearest first. */
export interface Found {
  readonly ids: Int32Array;
  readonly distances: Float32Array;
  readonly distance: DistanceKind;
}

/** The pixels of a part. @throws PageError where it is smaller than a pixel */
export function cropImage({ width, height, data }: Image, crop: Crop): Image {
  const left = Math.min(width - 1, Math.max(0, Math.round(crop.left * width)));
  const top = Math.min(height - 1, Math.max(0, Math.round(crop.top * height)));
  const columns = Math.min(width, Math.round((crop.left + crop.width) * width)) - left;
  const rows = Math.min(height, Math.round((crop.top + crop.height) * height)) - top;
  if (columns < 1 || rows < 1) throw new PageError('The part to look for is smaller than a pixel: draw it larger.');
  const out = new Uint8Array(3 * columns * rows);
  for (let y = 0; y < rows; y++) {
    const from = 3 * ((top + y) * width + left);
    out.set(data.subarray(from, from + 3 * columns), 3 * columns * y);
  }
  return { width: columns, height: rows, data: out };
}

/** Sorts a gallery by its distance to one feature. */
const search: Handler<
  { readonly gallery: string; readonly query: SearchFor; readonly model: string | undefined },
  Found
> = async ({ gallery: name, query, model }) => {
  const gallery = await galleryOf(name);
  const { items } = gallery;
  const { data, dimension } = await gallery.features();
  if (items.length === 0) throw new PageError(`The gallery ${name} is empty: add pictures first.`);
  const own = 'id' in query ? items.findIndex(({ id }) => id === query.id) : -1;
  if ('id' in query && own < 0) throw new PageError('This picture is not in the gallery any more.');
  const { distance } = gallery.model;
  const feature =
    own >= 0 && !query.crop
      ? data.slice(own * dimension, (own + 1) * dimension)
      : await featureOf(query, model, { key: gallery.model.key, title: gallery.model.title, path: items[own]?.path });
  const row = distanceRows(distance, { data: feature, dimension }, { data, dimension })(0, 1);
  const order = [...items.keys()].filter((i) => i !== own || query.crop).sort((a, b) => row[a]! - row[b]! || a - b);
  return {
    ids: Int32Array.from(order, (i) => items[i]!.id),
    distances: Float32Array.from(order, (i) => row[i]!),
    distance,
  };
};

/** The feature of a picture that is not in the gallery, made as those that are. */
async function featureOf(
  query: SearchFor,
  model: string | undefined,
  gallery: { readonly key: string; readonly title: string; readonly path?: string },
): Promise<Float32Array> {
  const describer = model === undefined ? undefined : await describerOf(model);
  if (describer?.model.key !== gallery.key) {
    throw new PageError(
      `The features of this gallery were made by ${gallery.title}. Open that model to look for a picture from outside, or compute the gallery anew.`,
    );
  }
  const picture = { path: 'file' in query ? query.file.name : gallery.path! };
  const read = async (): Promise<Image> => {
    const whole = await readWhole(query, gallery.path);
    return query.crop ? cropImage(whole, query.crop) : whole;
  };
  const source: PictureSource = { onDisk: false, read };
  const decoder = new BatchDecoder(source, describer);
  try {
    return await describer.using('searching', async () => {
      const { broken } = await decoder.decode([{ source, picture }], false);
      if (broken[0]) throw new PageError(broken[0].words);
      return (await describer.features([picture], source, decoder.store)).data;
    });
  } finally {
    await decoder.close();
  }
}

async function readWhole(query: SearchFor, path: string | undefined): Promise<Image> {
  if ('file' in query) return decodeImage(new Uint8Array(await query.file.arrayBuffer()), query.file.name);
  const original = path === undefined ? undefined : originalOf(path);
  if (original) return original.source.read(original.picture);
  throw new PageError(
    `Of ${path ?? 'this picture'} only the small picture is kept, which is too small to look for a part of. Choose its file above.`,
  );
}

export const searchCalls = { search };

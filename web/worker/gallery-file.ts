import { toFloat32 } from '../../engine/io/arrays.js';
import { openSafetensors, writeSafetensors } from '../../engine/io/safetensors.js';
import type { ByteSource } from '../../engine/io/source.js';
import { checkIndex, type GalleryIndex, numbersOf } from './gallery-index.js';
import { PageError } from './job.js';

/** A gallery as one file holds it. */
export interface GalleryContent {
  readonly index: GalleryIndex;
  /** [pictures, numbers] */
  readonly features: Float32Array;
  /** Small pictures, one behind the other. */
  readonly thumbs: Uint8Array;
}

/**
 * A gallery as one safetensors file: `features`, `identity` and `camera` as `cli/extract.js` writes them, small pictures (JPEG, one
 * behind the other) in `thumbnails`, and all else in its metadata.
 */
export function writeGalleryFile({ index, features, thumbs }: GalleryContent): AsyncIterable<Uint8Array> {
  const { model, items } = index;
  const column = (names: readonly (string | undefined)[], first: number) =>
    ({ dtype: 'int32', shape: [items.length], data: numbersOf(names, first) }) as const;
  const arrays = [
    ['features', { dtype: 'float32', shape: [items.length, model.dimension], data: features }],
    [
      'identity',
      column(
        items.map(({ identity }) => identity),
        1,
      ),
    ],
    [
      'camera',
      column(
        items.map(({ camera }) => camera),
        0,
      ),
    ],
    ['thumbnails', { dtype: 'uint8', shape: [thumbs.length], data: thumbs }],
  ] as const;
  const { title, recipe, flip } = model;
  return writeSafetensors(arrays, {
    checkpoint: title,
    recipe,
    splits: 'gallery',
    flip: String(flip),
    normalised: 'false',
    gallery: JSON.stringify(index),
  });
}

/**
 * Reads what `writeGalleryFile` wrote.
 *
 * @throws FormatError for a damaged file, PageError for one that is no gallery, in words
 */
export async function readGalleryFile(source: ByteSource): Promise<GalleryContent> {
  const { entries, metadata, read } = await openSafetensors(source);
  if (metadata.gallery === undefined) {
    const checkpoint = metadata.format?.includes('checkpoint');
    throw new PageError(
      checkpoint
        ? `${source.name} is a checkpoint of a model, not a gallery: open it as the model.`
        : `${source.name} is no gallery of this page. Choose a file that “Export” wrote; features alone have no pictures to show.`,
    );
  }
  const damaged = (what: string) =>
    new PageError(`${source.name} is damaged: ${what}. Export it again where it came from, or copy it again.`);
  let value: unknown;
  try {
    value = JSON.parse(metadata.gallery);
  } catch {
    throw damaged('its list of pictures cannot be read');
  }
  const index = checkIndex(value);
  if (!index) throw damaged('its list of pictures is not whole');
  const { items, model } = index;
  const [features, thumbs] = [entries.get('features'), entries.get('thumbnails')];
  if (!features || !thumbs) throw damaged('features or small pictures are missing');
  if (features.shape[0] !== items.length || features.shape[1] !== model.dimension) {
    throw damaged(`it lists ${items.length} pictures of ${model.dimension} numbers and holds [${features.shape}]`);
  }
  if (items.some(({ thumb: [offset, bytes] }) => offset + bytes > thumbs.byteLength)) {
    throw damaged('small pictures are cut short');
  }
  const data = toFloat32(await read('features'), source.name);
  if (!data.every(Number.isFinite)) throw damaged('a feature is not a finite number');
  return { index, features: data, thumbs: (await read('thumbnails')).data as Uint8Array };
}

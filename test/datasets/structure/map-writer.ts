import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Picture } from '../../../datasets/dataset.js';
import { encodePng, type Image } from '../../../datasets/image.js';
import { ATLAS, folderOfView } from '../../../datasets/structure/map-names.js';
import { imageOfMap, type MapSize, type StructureProvider } from '../../../datasets/structure/provider.js';

export interface WriteMapsOptions {
  /** The folder of the split to write to. */
  readonly split: 'train' | 'test';
  /** Size of a picture's maps: its own. */
  sizeOf(picture: Picture): Promise<MapSize>;
  /** One file with all views side by side for each picture, in place of one a view. */
  readonly atlas?: boolean;
}

function sideBySide(images: readonly Image[]): Image {
  const { width, height } = images[0]!;
  const data = new Uint8Array(width * images.length * height * 3);
  for (const [i, image] of images.entries()) {
    for (let y = 0; y < height; y++) {
      data.set(image.data.subarray(y * width * 3, (y + 1) * width * 3), (y * images.length + i) * width * 3);
    }
  }
  return { width: width * images.length, height, data };
}

/**
 * Writes the maps of pictures as PNG in the released layout, for `mesh:DIR`, other programs, or to look at.
 *
 * @param folder made if need be
 *
 * @example
 *   await writeMaps(toyStructure(), dataset.train, 'data/toy-mesh', { split: 'train', sizeOf: async () => ({ height: 128, width: 64 }) });
 */
export async function writeMaps(
  structure: StructureProvider,
  pictures: readonly Picture[],
  folder: string,
  { split, sizeOf, atlas = false }: WriteMapsOptions,
): Promise<void> {
  const write = async (place: string, image: Image): Promise<void> => {
    const file = join(resolve(folder), split, place);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await encodePng(image));
  };
  for (const picture of pictures) {
    const size = await sizeOf(picture);
    const name = picture.path
      .replaceAll('\\', '/')
      .split('/')
      .at(-1)!
      .replace(/\.(jpe?g|png)$/i, '');
    const images: Image[] = [];
    for (let view = 0; view < structure.views; view++) {
      images.push(imageOfMap(await structure.structure(picture, view, size), size));
    }
    if (atlas) await write(`${ATLAS}/${name}.png`, sideBySide(images));
    else for (const [view, image] of images.entries()) await write(`${folderOfView(view)}/${name}.png`, image);
  }
}

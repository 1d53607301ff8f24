import { RandomStream } from '../random/philox.js';
import type { ImageRecord, Picture, PictureSource, ReidDataset } from './dataset.js';

/**
 * Pictures of which nobody knows whom they show: the type holds no identity, so that nothing that trains on it can reach one.
 */
export interface UnlabelledDataset extends PictureSource {
  /** For people: what it is and where it came from. */
  readonly name: string;
  /** In the order in which they are numbered, which says nothing of who is seen. */
  readonly pictures: readonly Picture[];
  /** The camera of each picture, from 0 on, where the source says it: not whom it shows. */
  readonly cameras?: Int32Array;
  readonly notes?: readonly string[];
}

/** In an order drawn by the seed: in the order of their names, pictures of one identity are neighbours, and ties would tell. */
export const shuffledPictures = (pictures: readonly Picture[], seed: number): Picture[] =>
  new RandomStream(seed, 'unlabelled').shuffle(pictures.map(({ path }) => ({ path })));

/**
 * The training pictures of a data set without their labels, in an order drawn by the seed.
 *
 * @example
 *   const pictures = withoutLabels(createSynthetic(), 1);
 *   pictures.pictures[0]; // { path }
 */
export function withoutLabels(dataset: ReidDataset, seed: number): UnlabelledDataset {
  const records = new Map<string, ImageRecord>(dataset.train.map((record) => [record.path, record]));
  const pictures = shuffledPictures(dataset.train, seed);
  return {
    name: dataset.name,
    pictures,
    cameras: Int32Array.from(pictures, ({ path }) => records.get(path)!.camera),
    onDisk: dataset.onDisk,
    read: (picture) => dataset.read(records.get(picture.path)!),
  };
}

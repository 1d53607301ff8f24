import type { Picture, PictureSource, ReidDataset } from '../dataset.js';
import { DatasetError } from '../error.js';
import type { UnlabelledDataset } from '../unlabelled.js';
import type { MapSize } from './provider.js';

/** What structure is opened for: a dataset, or pictures without labels. */
export type PictureSet = ReidDataset | UnlabelledDataset;

/** The pictures that a generator is trained on. */
export function trainedPictures(dataset: PictureSet): readonly Picture[] {
  return 'train' in dataset ? dataset.train : dataset.pictures;
}

/** Reads a picture of a dataset by its path. */
export function readerOf(dataset: PictureSet): PictureSource['read'] {
  if (!('train' in dataset)) return dataset.read;
  const records = new Map(
    [...dataset.train, ...dataset.query, ...dataset.gallery].map((record) => [record.path, record]),
  );
  return async ({ path }) => {
    const record = records.get(path);
    if (!record) throw new DatasetError(`${path} is not a picture of ${dataset.name}.`);
    return dataset.read(record);
  };
}

/** Sizes of photographs, each looked up once. */
export function rememberSizes(measure: (picture: Picture) => Promise<MapSize>): (picture: Picture) => Promise<MapSize> {
  const known = new Map<string, Promise<MapSize>>();
  return (picture) => {
    const found = known.get(picture.path) ?? measure(picture);
    known.set(picture.path, found);
    return found;
  };
}

/**
 * What a file says of pictures, by names that may be whole paths or only their ends, with or without the last extension.
 *
 * @example
 *   nameFinder(new Map([['0001_c1.jpg', 7]]))({ path: '/data/market/query/0001_c1.jpg' }); // 7
 */
export function nameFinder<T>(byName: ReadonlyMap<string, T>): (picture: Picture) => T | undefined {
  const plain = (name: string): string => name.replaceAll('\\', '/').replace(/^\.\//, '');
  const bare = (name: string): string => name.replace(/\.[A-Za-z]{2,4}$/, '');
  const names = new Map<string, T>();
  for (const [name, value] of byName) names.set(bare(plain(name)), value);
  return ({ path }) => {
    let rest = bare(plain(path));
    for (;;) {
      const found = names.get(rest);
      if (found !== undefined) return found;
      const slash = rest.indexOf('/');
      if (slash < 0) return undefined;
      rest = rest.slice(slash + 1);
    }
  };
}

import type { ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { entriesOf, listPictures, needFolder, sayContents } from './files.js';
import { openDataset } from './open.node.js';
import { splitOf } from './pattern.js';
import { shuffledPictures, type UnlabelledDataset, withoutLabels } from './unlabelled.js';

/** Pictures to train on without labels. */
export interface OpenedPictures {
  readonly pictures: UnlabelledDataset;
  /** The data set that they are the training set of, where its kind says whom they show. */
  readonly labelled?: ReidDataset;
}

/**
 * Opens what is trained on without labels: all pictures in and below a folder (`folder:DIR`), whatever its folders are called, or the
 * training pictures of any data set, whose labels stay outside. A folder with a `train` folder is such a data set.
 *
 * @param seed of the order in which pictures are numbered
 * @throws DatasetError naming what is missing
 */
export async function openUnlabelled(spec: string, seed: number): Promise<OpenedPictures> {
  const folder = /^folder:([^?]+)$/.exec(spec.trim())?.[1];
  if (folder !== undefined && !(await hasSplits(folder))) return { pictures: await picturesBelow(folder, seed) };
  const labelled = await openDataset(spec);
  return { pictures: withoutLabels(labelled, seed), labelled };
}

async function hasSplits(folder: string): Promise<boolean> {
  const entries = await entriesOf(await needFolder(folder));
  return entries.some((entry) => !entry.isFile() && splitOf(entry.name) === 'train');
}

async function picturesBelow(folder: string, seed: number): Promise<UnlabelledDataset> {
  const root = await needFolder(folder);
  const files = await listPictures(root, true);
  if (files.length === 0) {
    throw new DatasetError(`${root} holds no JPEG or PNG pictures: ${await sayContents(root)}.`);
  }
  return {
    name: `pictures in ${root}`,
    pictures: shuffledPictures(
      files.map((file) => ({ path: `${root}/${file}` })),
      seed,
    ),
    onDisk: true,
    notes: ['Names of files and folders are not read: nothing is known of who is seen.'],
    read: ({ path }) => decodeFile(path),
  };
}

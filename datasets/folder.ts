import type { ReidDataset } from './dataset.js';
import { DatasetError } from './error.js';
import { entriesOf, listPictures, needFolder, sayContents } from './files.js';
import { counted } from './finding.js';
import { compilePattern } from './name-pattern.js';
import { readByPattern, splitOf } from './pattern.js';
import { emptyTracklets, sayEmptyTracklets } from './tracklet-folders.js';

export interface FolderOptions {
  /** Pattern of the file names, such as `*_c{camera}_*`; it says which part is the camera. */
  readonly name?: string;
  /** Camera rule, see `compileCamera`; by default `{camera}` if the pattern has it, otherwise every picture has its own. */
  readonly camera?: string;
  /** Identities (folders) to train and to test on, for a folder without split folders. */
  readonly train?: string;
  readonly test?: string;
  /** `yes`: a folder per tracklet below that of the identity, `anna/walk1/001.jpg`. */
  readonly tracklets?: 'yes' | 'no';
  /** `skip` leaves out tracklets without a frame, and says so in a note. */
  readonly missing?: 'skip';
}

/**
 * Reads one folder per identity: `DIR/anna/1.jpg`, or `DIR/train/anna/1.jpg` with `train`, `query`, `gallery` or `test`
 * above; with `tracklets` a folder of frames for each tracklet below that. Without split folders, the first half of the identities in natural order is for training, unless `train` or
 * `test` choose them. A `test` folder is cut into query and gallery by the rule of `splitTest`.
 *
 * The camera is read from the file name if `name` has a `{camera}`. Without cameras every picture counts as taken by a
 * camera of its own, so that evaluation leaves nothing out as "same camera".
 *
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   await openFolder('my-photos', { name: '*_c{camera}_*' });
 */
export async function openFolder(folder: string, options: FolderOptions = {}): Promise<ReidDataset> {
  const root = await needFolder(folder);
  const inner = (await entriesOf(root)).filter((entry) => !entry.isFile());
  if (inner.length === 0) {
    const loose = (await listPictures(root)).length;
    throw new DatasetError(
      loose > 0
        ? `${root} holds ${loose} pictures and no folders. Make one folder per identity, or use pattern:${folder}?name=...`
        : `${root} holds no folder of pictures: ${await sayContents(root)}. Put one folder of pictures per identity into it.`,
    );
  }
  const splits = inner.filter((entry) => splitOf(entry.name) !== undefined);
  if (splits.length > 0 && !splits.some((entry) => splitOf(entry.name) === 'train')) {
    const names = splits.map((entry) => entry.name).join(', ');
    throw new DatasetError(`${root} has ${names} and no folder train. Add train, or take the split folders away.`);
  }
  const file = options.name ?? '*';
  if (file.includes('/') || file.includes('{id}')) {
    throw new DatasetError(
      `name=${file}: in folder: it describes the file name alone; the folder is the identity. For more use pattern:.`,
    );
  }
  const above = splits.length > 0 ? '{split}/{id}' : '{id}';
  const tracked = options.tracklets === 'yes';
  const name = tracked ? `${above}/{tracklet}/${file}` : `${above}/${file}`;
  compilePattern(name);
  if (!tracked) {
    await refuseTracklets(root, folder, splits.length > 0 ? 2 : 1);
    return readByPattern(root, { ...options, name }, 'folder per identity');
  }
  const empty = await emptyTracklets(root, splits.length > 0 ? 3 : 2);
  const skip = options.missing === 'skip' || empty.length === 0;
  const problems = skip ? [] : [sayEmptyTracklets(empty, true)];
  const dataset = await readByPattern(root, { ...options, name }, 'folder per tracklet', problems);
  if (!skip || empty.length === 0) return dataset;
  return {
    ...dataset,
    notes: [...dataset.notes!, `${counted(empty.length, 'tracklet')} without a frame left out, first ${empty[0]}`],
  };
}

/** Frames one folder deeper than pictures of identities would be: somebody forgot to say that they are tracklets. */
async function refuseTracklets(root: string, folder: string, depth: number): Promise<void> {
  const files = await listPictures(root, true);
  const deeper = files.filter((file) => file.split('/').length === depth + 2);
  if (deeper.length * 2 <= files.length) return;
  throw new DatasetError(
    `${root} has folders of pictures in the folders of its identities (${deeper[0]}). If each of them is a tracklet, write ` +
      `folder:${folder}?tracklets=yes; otherwise move the pictures up.`,
  );
}

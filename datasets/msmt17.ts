import { join } from '#files';
import type { ImageRecord, ReidDataset } from './dataset.js';
import { decodeFile, readTextOf } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { isFolder, sayContents } from './files.js';
import { existing } from './listed-files.js';
import { labelled } from './numbered.js';
import { findRoot } from './root.js';

export interface Msmt17Options {
  /** Train on `list_val.txt` too: 32,621 pictures, as published figures do. `no`: 30,248. */
  readonly val?: 'yes' | 'no';
}

/** Folders of the two versions; in the second, faces are blurred. */
const VERSIONS = [
  { version: 'V1', train: 'train', test: 'test' },
  { version: 'V2', train: 'mask_train_v2', test: 'mask_test_v2' },
] as const;

// Identity, picture, camera, date, time of day, frame, detection.
const NAME = /^\d{4}_\d{3}_(\d{2})_\d{4}(?:morning|noon|afternoon)_\d{4}_\d+\.jpg$/;

const CAMERAS = 15;

/** The pictures of a list; identities are numbered from 1, so that 0 stays the number of distractors. */
async function readList(root: string, list: string, folder: string, part: string): Promise<ImageRecord[]> {
  const file = join(root, list);
  let text: string;
  try {
    text = await readTextOf(file);
  } catch {
    throw new DatasetError(`${root} has no ${list}; ${await sayContents(root)}. Unpack the whole dataset.`);
  }
  const records: ImageRecord[] = [];
  for (const [i, written] of text.split('\n').entries()) {
    const line = written.trim();
    if (line === '') continue;
    const [, path, identity] = /^(\S+) +(\d{1,6})$/.exec(line) ?? [];
    const camera = Number(NAME.exec(path?.slice(path.lastIndexOf('/') + 1) ?? '')?.[1]);
    if (path === undefined || !(camera >= 1 && camera <= CAMERAS)) {
      throw new DatasetError(
        `${file}, line ${i + 1}: "${line.slice(0, 80)}" is not a picture of MSMT17 and its identity ` +
          '(0000/0000_000_01_0303morning_0015_0.jpg 0). Copy the list again.',
      );
    }
    // Numbers start again in the test lists, so the names say which they are of.
    const identityName = `${part}/${identity!.padStart(4, '0')}`;
    records.push({ path: join(folder, path), identity: Number(identity) + 1, camera: camera - 1, identityName });
  }
  if (records.length === 0) throw new DatasetError(`${file} is empty. Copy it again.`);
  return records;
}

/**
 * Reads MSMT17, version 1 or 2 (the same pictures, with faces blurred). Its lists say what belongs where; training takes
 * `list_train.txt` and `list_val.txt`, unless told otherwise. Identity 0 of its test lists is a person, here number 1.
 *
 * Wei, Zhang, Gao, Tian, "Person Transfer GAN to Bridge Domain Gap for Person Re-Identification", CVPR 2018.
 *
 * @param folder that of the lists, or the one above it
 * @throws DatasetError naming the folder or the line that is wrong
 *
 * @example
 *   const dataset = await openMsmt17('data/MSMT17_V2');
 */
export async function openMsmt17(folder: string, { val = 'yes' }: Msmt17Options = {}): Promise<ReidDataset> {
  const any = ['list_train.txt', 'list_query.txt', 'mask_train_v2', 'mask_test_v2'];
  const holds = 'list_train.txt, list_val.txt, list_query.txt, list_gallery.txt and the pictures';
  const root = await findRoot(folder, { title: 'MSMT17', any, holds });
  let found: (typeof VERSIONS)[number] | undefined;
  for (const version of VERSIONS) {
    if ((await isFolder(join(root, version.train))) && (await isFolder(join(root, version.test)))) found ??= version;
  }
  if (!found) {
    throw new DatasetError(
      `${root} has neither train and test nor mask_train_v2 and mask_test_v2; ${await sayContents(root)}. Unpack the pictures too.`,
    );
  }
  const [train, test] = [join(root, found.train), join(root, found.test)];
  const trained = await readList(root, 'list_train.txt', train, 'train');
  const validation = val === 'yes' ? await readList(root, 'list_val.txt', train, 'train') : [];
  const { query, gallery, problems, ...listed } = await existing({
    train: [...trained, ...validation],
    query: await readList(root, 'list_query.txt', test, 'test'),
    gallery: await readList(root, 'list_gallery.txt', test, 'test'),
  });
  return {
    ...labelled(listed.train),
    name: `MSMT17 ${found.version}, ${root}`,
    query,
    gallery,
    problems,
    cameras: CAMERAS,
    onDisk: true,
    notes: [
      val === 'yes'
        ? `train: list_train.txt and list_val.txt, ${trained.length} + ${validation.length} pictures (val=no leaves the second out)`
        : `train: list_train.txt alone, ${trained.length} pictures; published figures take list_val.txt too`,
    ],
    facts: DATASET_FACTS[val === 'yes' ? 'msmt17' : 'msmt17-train'],
    // Without list_val.txt, its pictures lie there for nothing: they are no stray files.
    folders: val === 'yes' ? [train, test] : [test],
    read: ({ path }) => decodeFile(path),
  };
}

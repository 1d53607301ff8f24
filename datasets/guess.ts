import { basename, factsOf, join } from '#files';
import { entriesOf, isFolder, isPicture, listPictures } from './files.js';
import { splitOf } from './pattern.js';

/** What lies in the folder of a known dataset, and the kind that it is. The first that fits is taken. */
const MARKS: readonly (readonly [string, string])[] = [
  ['cuhk-03.mat', 'cuhk03'],
  ['cuhk03_release', 'cuhk03'],
  ['images_detected', 'cuhk03'],
  ['list_train.txt', 'msmt17'],
  ['campus', 'cuhk01'],
  ['single_shot', 'prid2011'],
  ['multi_shot', 'prid2011-video'],
  ['image_train', 'veri'],
  ['train_test_split', 'vehicleid'],
  ['vric_train.txt', 'vric'],
  ['bbox_train', 'mars'],
  ['i-LIDS-VID', 'ilidsvid'],
];

/** Names in `bounding_box_train`, and whose they are. */
const TRAIN_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(-1|\d{4})_c[1-6]s\d_\d{6}_\d{2}\.jpg/, 'market1501'],
  [/^\d{4}_c[1-8]_f\d{7}\.jpg$/, 'duke'],
  [/^(-1|\d{1,9})_c\d/, 'market'],
];

/** The kind of dataset in a folder. */
async function kindOf(folder: string): Promise<string | undefined> {
  const entries = await entriesOf(folder);
  const names = new Set(entries.map(({ name }) => name));
  for (const [mark, kind] of MARKS) if (names.has(mark)) return kind;
  if (names.has('bounding_box_train')) {
    const first = (await listPictures(join(folder, 'bounding_box_train')))[0] ?? '';
    return TRAIN_NAMES.find(([name]) => name.test(first))?.[1];
  }
  return undefined;
}

/** True for a folder of folders that hold pictures: one for each identity, in a folder `train` where the splits have folders. */
async function isFolderPerIdentity(folder: string): Promise<boolean> {
  const train = (await entriesOf(folder)).find((entry) => !entry.isFile() && splitOf(entry.name) === 'train');
  if (train && (await holdsPictures(join(folder, train.name)))) return true;
  return holdsPictures(folder);
}

/** True when one of the first folders in a folder holds pictures itself. */
async function holdsPictures(folder: string): Promise<boolean> {
  for (const { name } of (await entriesOf(folder)).slice(0, 20)) {
    if ((await isFolder(join(folder, name))) && (await entriesOf(join(folder, name))).some((e) => isPicture(e.name)))
      return true;
  }
  return false;
}

/**
 * Guesses how a dataset should be written of which only the path was given.
 *
 * @returns `market1501:PATH`, or undefined when it looks like nothing known
 */
export async function guessSpec(path: string): Promise<string | undefined> {
  const found = await factsOf(path).catch(() => undefined);
  if (found?.isFile() && basename(path) === 'cuhk-03.mat') return `cuhk03:${path}`;
  if (found?.isFile()) return /\.(csv|tsv|jsonl|ndjson|json)$/i.test(path) ? `table:${path}` : undefined;
  if (!found?.isDirectory()) return undefined;
  const here = await kindOf(path);
  if (here) return `${here}:${path}`;
  for (const { name } of (await entriesOf(path)).slice(0, 20)) {
    const inner = join(path, name);
    if (!(await isFolder(inner))) continue;
    const kind = await kindOf(inner);
    if (kind) return `${kind}:${inner}`;
  }
  if (await isFolderPerIdentity(path)) return `folder:${path}`;
  // Archives are often unpacked into a folder of their own.
  const inner = (await entriesOf(path)).filter((entry) => !entry.isFile());
  const loose = (await listPictures(path)).length > 0;
  return inner.length === 1 && !loose ? guessSpec(join(path, inner[0]!.name)) : undefined;
}

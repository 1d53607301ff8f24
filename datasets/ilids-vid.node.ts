import { dirname, join } from 'node:path';
import type { ReidDataset } from './dataset.js';
import { readBytes } from './decode-file.js';
import type { IdentitySplit } from './drawn-splits.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { exists } from './files.js';
import { matlabNumbers } from './matlab-numbers.node.js';
import { findRoot } from './root.js';
import { type FoundSplit, findSplit } from './splits-file.node.js';
import { readViews, splitViews, type TwoViews } from './two-view-video.node.js';

export interface IlidsVidOptions {
  /** 0..9. */
  readonly split?: number;
  /** Draws splits by this seed in place of the published ones. */
  readonly seed?: number;
  /** JSON file of splits, or for those that are drawn. */
  readonly splits?: string;
}

const SPLITS_FILE = 'train_test_splits_ilidsvid.mat';
const SPLITS_FOLDER = 'train-test people splits';
const DRAWS = 10;

/** One row of `ls_set`: positions in the sorted list of people, from 1; the first half is tested on. */
function publishedSplit(bytes: Uint8Array, file: string, people: readonly string[], index: number): IdentitySplit {
  const { rows, columns, at } = matlabNumbers(bytes, file, 'ls_set');
  if (columns !== people.length) {
    throw new DatasetError(
      `${file} splits ${columns} people, and ${people.length} are in both cameras. Unpack the pictures again, or draw splits: seed=1.`,
    );
  }
  if (index >= rows) throw new DatasetError(`${file} has ${rows} splits; there is no number ${index}.`);
  const order = Array.from({ length: columns }, (_, i) => at(index, i));
  const wrong = order.find((place, i) => !people[place - 1] || order.indexOf(place) !== i);
  if (wrong !== undefined) {
    throw new DatasetError(`${file}: split ${index} is no order of 1 to ${columns}: see ${wrong}. Copy it again.`);
  }
  const half = Math.floor(columns / 2);
  const chosen = (from: number, to: number): string[] =>
    order
      .slice(from, to)
      .sort((a, b) => a - b)
      .map((place) => people[place - 1]!);
  return { test: chosen(0, half), train: chosen(half, columns) };
}

async function findFile(sequences: string): Promise<string | undefined> {
  for (const folder of [dirname(sequences), dirname(dirname(sequences))]) {
    for (const file of [join(folder, SPLITS_FOLDER, SPLITS_FILE), join(folder, SPLITS_FILE)]) {
      if (await exists(file)) return file;
    }
  }
  return undefined;
}

async function chooseSplit(
  sequences: string,
  people: readonly string[],
  options: IlidsVidOptions,
): Promise<FoundSplit> {
  const { split: index = 0, seed, splits } = options;
  const file = seed === undefined && splits === undefined ? await findFile(sequences) : undefined;
  if (file !== undefined) {
    return { split: publishedSplit(await readBytes(file), file, people, index), note: `split ${index} of ${file}` };
  }
  const train = Math.ceil(people.length / 2);
  return findSplit({ dataset: 'ilids-vid', identities: people, train, count: DRAWS, index, seed, file: splits });
}

/**
 * Reads iLIDS-VID: 300 people, a tracklet of each in two cameras. Its authors' ten halves are used if their file is there,
 * otherwise they are drawn. Queries are camera 1, the gallery camera 2.
 *
 * Wang, Gong, Zhu, Wang, "Person Re-Identification by Video Ranking", ECCV 2014.
 *
 * @param folder that of `i-LIDS-VID`, `i-LIDS-VID` itself, or the one above both
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   const dataset = await openIlidsVid('data/iLIDS-VID', { split: 3 });
 */
export async function openIlidsVid(folder: string, options: IlidsVidOptions = {}): Promise<ReidDataset> {
  const holds = 'i-LIDS-VID/sequences';
  const root = await findRoot(folder, { title: 'iLIDS-VID', any: ['i-LIDS-VID', 'sequences'], holds });
  const inner = (await exists(join(root, 'sequences'))) ? root : join(root, 'i-LIDS-VID');
  const layout: TwoViews = {
    title: 'iLIDS-VID',
    root: join(inner, 'sequences'),
    views: ['cam1', 'cam2'],
    person: /^person(\d+)$/,
    frame: /^cam[12]_person\d+_(\d+)\.png$/,
    example: 'person001/cam1_person001_00317.png',
  };
  const found = await readViews(layout);
  const { split, note } = await chooseSplit(layout.root, found.both, options);
  const name = `iLIDS-VID, split ${options.split ?? 0}, ${root}`;
  return splitViews(layout, found, split, { name, note, facts: DATASET_FACTS['ilids-vid'] });
}

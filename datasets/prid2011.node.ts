import { join } from 'node:path';
import type { ImageRecord, ReidDataset, SkippedFile } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { isFolder, listPictures, sayContents } from './files.js';
import { labelled } from './numbered.js';
import { findRoot } from './root.js';
import { findSplit } from './splits-file.node.js';

export interface Prid2011Options {
  /** `drawn` (default): ten draws of 100 people to train on. `official`: nobody to train on, all of a view in the gallery. */
  readonly protocol?: 'drawn' | 'official';
  /** Of `official`: the view of the queries, `a` by default. */
  readonly query?: 'a' | 'b';
  /** Of `drawn`: 0..9. */
  readonly split?: number;
  /** Of the draws, 1 by default. */
  readonly seed?: number;
  /** JSON file in which the draws are kept. */
  readonly splits?: string;
}

const NAME = /^person_(\d{4})\.png$/;

/** People 1 to 200 are in both views. Above, the same number means another person in the other view. */
const IN_BOTH = 200;

const TRAINED = 100;
const DRAWS = 10;

/** The pictures of a view; its people above 200 get numbers of their own. */
async function readView(root: string, camera: number, skipped: SkippedFile[]): Promise<ImageRecord[]> {
  const view = 'ab'[camera]!;
  const folder = join(root, `cam_${view}`);
  if (!(await isFolder(folder))) {
    throw new DatasetError(`${root} has no folder cam_${view}; ${await sayContents(root)}. Unpack the whole dataset.`);
  }
  const records: ImageRecord[] = [];
  for (const file of await listPictures(folder)) {
    const path = join(folder, file);
    const number = Number(NAME.exec(file)?.[1]);
    if (!(number >= 1)) skipped.push({ path, reason: 'not named as in PRID-2011 (person_0001.png)' });
    else if (number <= IN_BOTH)
      records.push({ path, identity: number, camera, identityName: String(number).padStart(4, '0') });
    else records.push({ path, identity: number, camera, identityName: `${number}${view}` });
  }
  if (records.length === 0) {
    throw new DatasetError(
      `${folder} holds no person_0001.png and so on; ${await sayContents(folder)}. Copy it again.`,
    );
  }
  return records;
}

const isInBoth = ({ identity }: ImageRecord): boolean => identity <= IN_BOTH;

/**
 * Reads the single-shot part of PRID-2011: one picture of a person in a view, 200 people in both. Queries are view A and
 * the gallery view B, with the 549 people that only B shows.
 *
 * Hirzer, Beleznai, Roth, Bischof, "Person Re-Identification by Descriptive and Discriminative Classification", SCIA 2011.
 *
 * @param folder that of `single_shot`, or the one above it
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   const dataset = await openPrid2011('data/prid_2011', { split: 3 });
 */
export async function openPrid2011(folder: string, options: Prid2011Options = {}): Promise<ReidDataset> {
  const { protocol = 'drawn', query = 'a', split = 0, seed, splits } = options;
  const marks = { title: 'PRID-2011', any: ['single_shot'], holds: 'single_shot' };
  const root = join(await findRoot(folder, marks), 'single_shot');
  const skipped: SkippedFile[] = [];
  const [a, b] = [await readView(root, 0, skipped), await readView(root, 1, skipped)];
  const common = {
    cameras: 2,
    onDisk: true,
    folders: [join(root, 'cam_a'), join(root, 'cam_b')],
    skipped,
    read: ({ path }: ImageRecord) => decodeFile(path),
  };
  if (protocol === 'official') {
    const [from, to] = query === 'a' ? [a, b] : [b, a];
    return {
      ...common,
      name: `PRID-2011, single-shot, queries of view ${query.toUpperCase()}, ${root}`,
      train: [],
      query: from.filter(isInBoth),
      gallery: to,
      identities: 0,
      facts: DATASET_FACTS[`prid2011-${query}`],
    };
  }
  const inB = new Set(b.filter(isInBoth).map(({ identityName }) => identityName));
  const identities = a.filter((record) => isInBoth(record) && inB.has(record.identityName)).map((r) => r.identityName);
  if (identities.length <= TRAINED) {
    throw new DatasetError(
      `${root}: ${identities.length} people are in both views, and more than ${TRAINED} are needed. Copy it again.`,
    );
  }
  const request = { dataset: 'prid2011', identities, train: TRAINED, count: DRAWS, index: split, seed, file: splits };
  const found = await findSplit(request);
  const chosen = new Set(found.split.train);
  const tested = new Set(found.split.test);
  return {
    ...common,
    ...labelled([...a, ...b].filter(({ identityName }) => chosen.has(identityName))),
    name: `PRID-2011, single-shot, split ${split}, ${root}`,
    query: a.filter(({ identityName }) => tested.has(identityName)),
    gallery: b.filter((record) => tested.has(record.identityName) || !isInBoth(record)),
    notes: [`draw: ${found.note}; published figures are averages over all splits`],
    facts: DATASET_FACTS.prid2011,
  };
}

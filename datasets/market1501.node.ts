import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.node.js';
import { DatasetError } from './error.js';
import { isFolder, listPictures, needFolder, sayContents } from './files.node.js';

/** Identity, camera, sequence, frame, detection; some releases double the suffix. */
const NAME = /^(-1|\d{4})_c([1-6])s(\d)_(\d{6})_(\d{2})\.jpg(\.jpg)?$/;

const FOLDERS = { train: 'bounding_box_train', query: 'query', gallery: 'bounding_box_test' } as const;

const CAMERAS = 6;

/** The folder that holds the three splits: `folder` itself, or the one folder inside it that does. */
async function findRoot(folder: string): Promise<string> {
  const full = await needFolder(folder);
  for (const name of Object.values(FOLDERS)) if (await isFolder(join(full, name))) return full;
  const inner: string[] = [];
  for (const entry of await readdir(full)) if (await isFolder(join(full, entry, FOLDERS.train))) inner.push(entry);
  if (inner.length === 1) return join(full, inner[0]!);
  const problem =
    inner.length > 1 ? `${inner.length} datasets are in it: ${inner.sort().join(', ')}` : await sayContents(full);
  throw new DatasetError(
    `${full} has no folder ${FOLDERS.train}; ${problem}. ` +
      `Give the folder that holds ${Object.values(FOLDERS).join(', ')}, or the one above it.`,
  );
}

interface RawRecord {
  readonly path: string;
  readonly number: number;
  readonly name: string;
  readonly camera: number;
}

async function readSplit(root: string, folder: string, notes: string[]): Promise<RawRecord[]> {
  const full = join(root, folder);
  if (!(await isFolder(full))) {
    throw new DatasetError(`${root} has no folder ${folder}; ${await sayContents(root)}. Unpack the whole dataset.`);
  }
  const records: RawRecord[] = [];
  const strange: string[] = [];
  for (const file of await listPictures(full)) {
    const match = NAME.exec(file);
    if (!match) strange.push(file);
    else
      records.push({ path: join(full, file), number: Number(match[1]), name: match[1]!, camera: Number(match[2]) - 1 });
  }
  if (records.length === 0) {
    const seen = strange.length > 0 ? `none of its ${strange.length} pictures (${strange[0]}, ...)` : 'nothing in it';
    throw new DatasetError(
      `${full}: ${seen} is named as in Market-1501 (0002_c1s1_000451_03.jpg: identity, camera, sequence, frame, box). ` +
        `For other names use pattern:${root}?name=... or folder:${root}.`,
    );
  }
  if (strange.length > 0)
    notes.push(`${folder}: left out ${strange.length} pictures with other names, first ${strange[0]}`);
  return records;
}

/**
 * Reads a dataset in Market-1501's layout and names: the folder with `bounding_box_train`, `query` and
 * `bounding_box_test`, or the folder above it. Junk (-1) stays in the gallery's list, and evaluation removes it; 0 is a
 * distractor. Training identities become 0..N-1 by ascending number.
 *
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   const dataset = await openMarket1501('data/Market-1501-v15.09.15');
 */
export async function openMarket1501(folder: string): Promise<ReidDataset> {
  const root = await findRoot(folder);
  const notes: string[] = [];
  const [train, query, gallery] = [
    await readSplit(root, FOLDERS.train, notes),
    await readSplit(root, FOLDERS.query, notes),
    await readSplit(root, FOLDERS.gallery, notes),
  ];
  const people = train.filter(({ number }) => number !== JUNK && number !== DISTRACTOR);
  if (people.length < train.length) {
    notes.push(`${FOLDERS.train}: left out ${train.length - people.length} images of identity -1 or 0`);
  }
  const numbers = [...new Set(people.map(({ number }) => number))].sort((a, b) => a - b);
  const labels = new Map(numbers.map((number, label) => [number, label]));
  const record = ({ path, number, name, camera }: RawRecord): ImageRecord => ({
    path,
    identity: number,
    camera,
    identityName: name,
  });
  return {
    name: `Market-1501 layout, ${root}`,
    train: people.map((raw) => ({ ...record(raw), identity: labels.get(raw.number)! })),
    query: query.map(record),
    gallery: gallery.map(record),
    identities: numbers.length,
    cameras: CAMERAS,
    onDisk: true,
    notes,
    read: ({ path }) => decodeFile(path),
  };
}

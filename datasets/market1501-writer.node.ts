import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ImageRecord, JUNK, type ReidDataset, SPLITS } from './dataset.js';
import { DatasetError } from './error.js';
import { encodeJpeg } from './image.js';

const FOLDERS = { train: 'bounding_box_train', query: 'query', gallery: 'bounding_box_test' } as const;

/** Four digits hold this many people. */
const LARGEST = 9999;

/** Market-1501's names have one digit for the camera, and readers accept 1..6. */
const CAMERAS = 6;

/**
 * A number for each training identity: its own where the names are numbers that no test identity has, otherwise numbers
 * after the test identities'.
 */
function trainNumbers(dataset: ReidDataset): Map<number, number> {
  const test = new Set([...dataset.query, ...dataset.gallery].map(({ identity }) => identity));
  const names = new Map(dataset.train.map(({ identity, identityName }) => [identity, identityName]));
  const own = new Map([...names].map(([label, name]) => [label, /^\d+$/.test(name) ? Number(name) : 0]));
  const usable = [...own.values()].every((number) => number >= 1 && number <= LARGEST && !test.has(number));
  if (usable && new Set(own.values()).size === own.size) return own;
  const offset = [...test].reduce((a, b) => Math.max(a, b), 0) + 1;
  return new Map([...names.keys()].map((label) => [label, offset + label]));
}

const digits = (value: number, count: number): string => String(value).padStart(count, '0');

const person = (number: number): string => (number === JUNK ? '-1' : digits(number, 4));

/**
 * Writes any dataset in Market-1501's layout and names, as JPEG, so that other programs read it.
 *
 * @param folder made if need be; it must be empty
 * @param quality JPEG quality, 1..100
 * @throws DatasetError when the folder is not empty, or the dataset has more than 6 cameras or numbers above 9999
 *
 * @example
 *   await writeMarket1501(createSynthetic({ seed: 1 }), 'data/drawn-people');
 */
export async function writeMarket1501(dataset: ReidDataset, folder: string, quality = 95): Promise<void> {
  if (dataset.cameras > CAMERAS) {
    throw new DatasetError(
      `${dataset.name} has ${dataset.cameras} cameras; Market-1501's names have room for ${CAMERAS}.`,
    );
  }
  const numbers = trainNumbers(dataset);
  const numberOf = (split: (typeof SPLITS)[number], { identity }: ImageRecord): number =>
    split === 'train' ? numbers.get(identity)! : identity;
  for (const split of SPLITS) {
    for (const record of dataset[split]) {
      const number = numberOf(split, record);
      if (number > LARGEST || number < JUNK) {
        throw new DatasetError(`${record.path} has identity ${number}; Market-1501's names hold -1 to ${LARGEST}.`);
      }
    }
  }
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  if ((await readdir(root)).length > 0) {
    throw new DatasetError(`${root} is not empty. Give a new folder, so that nothing is mixed or overwritten.`);
  }
  let frame = 0;
  for (const split of SPLITS) {
    const inner = join(root, FOLDERS[split]);
    await mkdir(inner);
    for (const record of dataset[split]) {
      frame++;
      // Query boxes are numbered 00 (drawn by hand, in Market-1501's terms), the others 01.
      const box = split === 'query' ? '00' : '01';
      const name = `${person(numberOf(split, record))}_c${record.camera + 1}s1_${digits(frame, 6)}_${box}.jpg`;
      await writeFile(join(inner, name), await encodeJpeg(await dataset.read(record), quality));
    }
  }
}

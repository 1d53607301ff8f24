import { join, resolve } from 'node:path';
import type { ImageRecord, ReidDataset, SkippedFile } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { isFolder, listPictures, sayContents } from './files.js';
import { labelled } from './numbered.js';
import { findRoot } from './root.js';
import { findSplit } from './splits-file.node.js';

export interface Cuhk01Options {
  /** How many identities to train on: 485 (default, half of them), 486 or 871. */
  readonly train?: 485 | 486 | 871;
  /** 0..19: ten draws, each with queries of view A (even) and of view B (odd). */
  readonly split?: number;
  /** Of the draws, 1 by default. */
  readonly seed?: number;
  /** JSON file in which the draws are kept. */
  readonly splits?: string;
}

const NAME = /^(\d{4})(\d{3})\.png$/;
const EXAMPLE = '0001001.png: identity, shot';

const DRAWS = 10;

/**
 * Reads CUHK01, `campus/*.png`. It comes without splits: ten halves of the identities are drawn, and each is evaluated from
 * view A to B and back, which makes 20 splits to average over. Shots 1 and 2 are view A (camera 0), 3 and 4 view B.
 * It shares people with CUHK02.
 *
 * Li, Zhao, Wang, "Human Reidentification with Transferred Metric Learning", ACCV 2012.
 *
 * @param folder that of `campus`, the one above it, or `campus` itself
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   const dataset = await openCuhk01('data/CUHK01', { split: 1, splits: 'data/cuhk01-splits.json' });
 */
export async function openCuhk01(folder: string, options: Cuhk01Options = {}): Promise<ReidDataset> {
  const { train: trained = 485, split = 0, seed, splits } = options;
  const here = (await isFolder(folder)) && (await listPictures(folder)).some((name) => NAME.test(name));
  const root = here
    ? resolve(folder)
    : join(await findRoot(folder, { title: 'CUHK01', any: ['campus'], holds: 'campus' }), 'campus');
  const records: (ImageRecord & { readonly shot: number })[] = [];
  const skipped: SkippedFile[] = [];
  for (const file of await listPictures(root)) {
    const match = NAME.exec(file);
    const shot = Number(match?.[2]);
    const path = join(root, file);
    if (!match || shot < 1 || shot > 4) skipped.push({ path, reason: `not named as in CUHK01 (${EXAMPLE})` });
    else records.push({ path, identity: Number(match[1]), camera: shot <= 2 ? 0 : 1, identityName: match[1]!, shot });
  }
  const identities = [...new Set(records.map(({ identityName }) => identityName))].sort();
  if (identities.length <= trained) {
    throw new DatasetError(
      `${root} has ${identities.length} identities (${await sayContents(root)}); to train on ${trained}, CUHK01 has 971 (${EXAMPLE}). Copy it again.`,
    );
  }
  const found = await findSplit({
    dataset: `cuhk01-${trained}`,
    identities,
    train: trained,
    count: DRAWS,
    index: Math.floor(split / 2),
    seed,
    file: splits,
  });
  const chosen = new Set(found.split.train);
  const tested = new Set(found.split.test);
  const queryView = split % 2;
  const plain = records.map(({ shot: _, ...record }): ImageRecord => record);
  const test = plain.filter(({ identityName }) => tested.has(identityName));
  return {
    ...labelled(plain.filter(({ identityName }) => chosen.has(identityName))),
    name: `CUHK01, split ${split}, ${root}`,
    query: test.filter(({ camera }) => camera === queryView),
    gallery: test.filter(({ camera }) => camera !== queryView),
    cameras: 2,
    onDisk: true,
    notes: [
      `queries of view ${'AB'[queryView]}; draw: ${found.note}; published figures are averages over all splits`,
      ...(skipped.length > 0 ? [`left out ${skipped.length} pictures with other names`] : []),
    ],
    facts: DATASET_FACTS[`cuhk01-${trained}`],
    folders: [root],
    skipped,
    read: ({ path }) => decodeFile(path),
  };
}

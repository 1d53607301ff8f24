import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ReidDataset } from './dataset.js';
import { parseSplits } from './drawn-splits.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { exists } from './files.js';
import { findRoot } from './root.js';
import { type FoundSplit, findSplit } from './splits-file.node.js';
import { type FoundViews, readViews, splitViews, type TwoViews } from './two-view-video.node.js';

export interface Prid2011VideoOptions {
  /** 0..9. */
  readonly split?: number;
  /** Of the draws, where there is no file of splits; 1 by default. */
  readonly seed?: number;
  /** JSON file of splits; by default `splits_prid2011.json` beside the pictures. */
  readonly splits?: string;
}

const SPLITS_FILE = 'splits_prid2011.json';
const DRAWS = 10;

/** People 1 to 200 are in both views; above, the same number means another person in the other one. */
const IN_BOTH = 200;

/** Sequences up to this length are left out of draws. */
const SHORT = 21;

async function chooseSplit(root: string, found: FoundViews, options: Prid2011VideoOptions): Promise<FoundSplit> {
  const { split: index = 0, seed, splits } = options;
  const both = found.both.filter((name) => Number(name.slice(-4)) <= IN_BOTH);
  const given = splits === undefined ? undefined : resolve(splits);
  const candidates = [root, dirname(root), dirname(dirname(root))].map((folder) => join(folder, SPLITS_FILE));
  for (const file of given === undefined ? (seed === undefined ? candidates : []) : [given]) {
    if (!(await exists(file))) continue;
    const saved = parseSplits(await readFile(file, 'utf8'), file);
    const split = saved.splits[index];
    if (!split) throw new DatasetError(`${file} has ${saved.splits.length} splits; there is no number ${index}.`);
    const stranger = [...split.train, ...split.test].find((name) => !both.includes(name));
    if (stranger !== undefined) {
      throw new DatasetError(`${file}: split ${index} has ${stranger}, who is not in both views of ${root}.`);
    }
    return { split, note: `split ${index} of ${file}` };
  }
  const long = both.filter((name) => found.frames.every((people) => people.get(name)!.length > SHORT));
  if (long.length < 2) {
    throw new DatasetError(
      `${root}: ${long.length} people have more than ${SHORT} frames in both views, so there is nothing to split. Unpack it again.`,
    );
  }
  const train = Math.floor(long.length / 2);
  const request = { dataset: 'prid2011-video', identities: long, train, count: DRAWS, index, seed, file: splits };
  const drawn = await findSplit(request);
  return { ...drawn, note: `${drawn.note}, of ${long.length} people with more than ${SHORT} frames in both views` };
}

/**
 * Reads the multi-shot part of PRID-2011: a tracklet of a person in a view. Queries are view A, the gallery view B. The list of
 * splits that most publications use, `splits_prid2011.json`, is read if it is there; otherwise ten halves of the people with
 * more than 21 frames in both views are drawn.
 *
 * Hirzer, Beleznai, Roth, Bischof, "Person Re-Identification by Descriptive and Discriminative Classification", SCIA 2011.
 *
 * @param folder that of `multi_shot`, or the one above it
 * @throws DatasetError naming the folder and what it lacks
 */
export async function openPrid2011Video(folder: string, options: Prid2011VideoOptions = {}): Promise<ReidDataset> {
  const marks = { title: 'PRID-2011, multi-shot', any: ['multi_shot'], holds: 'multi_shot' };
  const root = join(await findRoot(folder, marks), 'multi_shot');
  const layout: TwoViews = {
    title: marks.title,
    root,
    views: ['cam_a', 'cam_b'],
    person: /^person_(\d{4})$/,
    frame: /^(\d{4,})\.png$/,
    example: 'person_0001/0001.png',
  };
  const found = await readViews(layout);
  const { split, note } = await chooseSplit(root, found, options);
  const name = `${marks.title}, split ${options.split ?? 0}, ${root}`;
  return splitViews(layout, found, split, { name, note, facts: DATASET_FACTS['prid2011-video'] });
}

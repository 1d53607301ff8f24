import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { drawSplits, type IdentitySplit, parseSplits } from './drawn-splits.js';
import { DatasetError } from './error.js';
import { needFolder } from './files.js';

/** What splits are wanted, and where they are kept. */
export interface SplitRequest {
  /** The dataset, as in the file. */
  readonly dataset: string;
  /** In ascending order. */
  readonly identities: readonly string[];
  readonly train: number;
  readonly count: number;
  /** Which one, from 0. */
  readonly index: number;
  /** Undefined: that of the file, or 1. */
  readonly seed?: number;
  /** A file to read them from; if it is not there, what is drawn is written into it. */
  readonly file?: string;
}

/** A split, and a sentence about where it came from. */
export interface FoundSplit {
  readonly split: IdentitySplit;
  readonly note: string;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new DatasetError(`splits=${file} cannot be read: ${message}.`, { cause: error });
  }
}

/**
 * Reads a split from a file, or draws all of them and keeps them there.
 *
 * @throws DatasetError when the file holds other splits than those asked for
 */
export async function findSplit(request: SplitRequest): Promise<FoundSplit> {
  const { dataset, identities, train, count, index, seed, file } = request;
  const full = file === undefined ? undefined : resolve(file);
  const text = full === undefined ? undefined : await readIfThere(full);
  if (text === undefined) {
    const splits = drawSplits(identities, train, count, seed ?? 1, dataset);
    if (full !== undefined) {
      await needFolder(dirname(full));
      await writeFile(full, `${JSON.stringify({ dataset, seed: seed ?? 1, splits })}\n`);
    }
    const kept = full === undefined ? '' : `, kept in ${full}`;
    return { split: splits[index]!, note: `split ${index} of ${count}, drawn with seed ${seed ?? 1}${kept}` };
  }
  const saved = parseSplits(text, full!);
  const split = saved.splits[index];
  if (!split) throw new DatasetError(`${full} has ${saved.splits.length} splits; there is no number ${index}.`);
  if (seed !== undefined && saved.seed !== undefined && saved.seed !== seed) {
    throw new DatasetError(
      `${full} was drawn with seed ${saved.seed}, and seed=${seed} is asked for. Name another file.`,
    );
  }
  const known = new Set(identities);
  const stranger = [...split.train, ...split.test].find((identity) => !known.has(identity));
  if (stranger !== undefined) {
    throw new DatasetError(
      `${full}: split ${index} has ${stranger}, which ${dataset} here has not. Name another file.`,
    );
  }
  if (split.train.length !== train) {
    throw new DatasetError(
      `${full}: split ${index} has ${split.train.length} identities to train, and ${train} are asked for. Name another file.`,
    );
  }
  return { split, note: `split ${index} of ${saved.splits.length}, from ${full}` };
}

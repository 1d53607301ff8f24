import { RandomStream } from '../random/philox.js';
import { DatasetError } from './error.js';

/** Identities to train and to test on, as their source writes them. */
export interface IdentitySplit {
  readonly train: readonly string[];
  readonly test: readonly string[];
}

/**
 * Draws splits of identities for datasets that come without. A function of its arguments alone: the same on every machine.
 *
 * @param identities in ascending order, so that the draw does not depend on the order of files
 * @param train how many of them to train on; the others are for testing
 * @param purpose names the stream of random numbers: `cuhk01`
 */
export function drawSplits(
  identities: readonly string[],
  train: number,
  count: number,
  seed: number,
  purpose: string,
): IdentitySplit[] {
  return Array.from({ length: count }, (_, index) => {
    const random = new RandomStream(seed, `splits of ${purpose}`, index);
    const order = random.shuffle(identities.map((_, place) => place));
    const chosen = new Set(order.slice(0, train));
    return {
      train: identities.filter((_, place) => chosen.has(place)),
      test: identities.filter((_, place) => !chosen.has(place)),
    };
  });
}

/** Splits as they are kept in a file. */
export interface SplitsFile {
  readonly dataset: string;
  /** Undefined for splits that others drew. */
  readonly seed?: number;
  readonly splits: readonly IdentitySplit[];
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/**
 * Reads a file of splits: what `drawSplits` gave, with its seed, or just an array of `{ "train": [...], "test": [...] }`.
 *
 * @param name of the file, for the error
 * @throws DatasetError saying what is wrong in it
 */
export function parseSplits(text: string, name: string): SplitsFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${name} is not JSON: ${(error as Error).message}. Delete it, and new splits are drawn.`);
  }
  const { dataset, seed, splits } = (Array.isArray(value) ? { splits: value } : (value ?? {})) as Record<
    string,
    unknown
  >;
  if (!Array.isArray(splits) || splits.length === 0) {
    throw new DatasetError(`${name} has no splits. Write {"splits": [{"train": ["0001", ...], "test": [...]}, ...]}.`);
  }
  splits.forEach((split: unknown, i) => {
    const { train, test } = (split ?? {}) as Record<string, unknown>;
    if (!isNames(train) || !isNames(test)) {
      throw new DatasetError(`${name}: split ${i} lacks train or test, arrays of identities as text.`);
    }
    const tested = new Set(test);
    const twice = train.find((identity) => tested.has(identity));
    if (twice !== undefined) throw new DatasetError(`${name}: split ${i} has ${twice} in train and in test.`);
  });
  return {
    dataset: typeof dataset === 'string' ? dataset : '',
    seed: typeof seed === 'number' ? seed : undefined,
    splits: splits as IdentitySplit[],
  };
}

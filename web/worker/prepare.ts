import { DatasetError, type ImageRecord, ImageStore, type ReidDataset, SPLITS } from '../../datasets/index.js';
import type { ResizeFilter } from '../../datasets/resize.js';
import { timeLeft, whole } from '../words.js';
import { Pace } from './pace.js';
import { type DatasetShelf, type ShelfSize, shelfOfDataset } from './shelf.js';

/** Pictures of a data set made small, and which of them cannot be read. */
export interface Prepared {
  readonly store: ImageStore;
  /** Where the small copies lie; undefined where there is no shelf, or not all of them found room. */
  readonly shelf?: DatasetShelf;
  readonly size: ShelfSize;
  /** What is wrong with each that cannot be read. */
  readonly broken: ReadonlyMap<string, string>;
}

/** How far it is. */
export interface Preparing {
  readonly done: number;
  readonly total: number;
  /** The same in words, with speed and time left. */
  readonly words: string;
}

/** Pictures asked for at a time, for each decoder: one in work, and some that are read meanwhile. */
const AHEAD = 4;

/** Milliseconds between two tellings, and between two writings of the list of what is done. */
const TELL_EVERY = 100;
const LIST_EVERY = 5_000;

/**
 * How many workers decode: one for each core and for each GiB, since photographs of twelve megapixels take about 200 MB meanwhile; at
 * most eight.
 */
export function decoders(): number {
  const { hardwareConcurrency, deviceMemory = 4 } = navigator as Navigator & { readonly deviceMemory?: number };
  return Math.max(1, Math.min(hardwareConcurrency, 8, Math.floor(deviceMemory)));
}

function wordsOf(done: number, total: number, perSecond: number): string {
  const far = `Making pictures small: ${whole(done)} of ${whole(total)}`;
  if (perSecond <= 0 || done === total) return far;
  const pace = perSecond < 10 ? perSecond.toPrecision(2) : whole(perSecond);
  return `${far}, ${pace} a second, about ${timeLeft((total - done) / perSecond)} left`;
}

/**
 * Decodes every picture once, by the project's own decoder, in several workers, and keeps small copies on the shelf, or in memory where
 * there is none. What lies on the shelf is not decoded again. Drawn pictures are made when they are needed.
 *
 * @throws AbortError; what was made until then is kept
 */
export async function prepare(
  dataset: ReidDataset,
  input: { readonly height: number; readonly width: number; readonly resize?: ResizeFilter },
  tell: (far: Preparing) => void,
  signal?: AbortSignal,
): Promise<Prepared> {
  const size: ShelfSize = { height: input.height, width: input.width, filter: input.resize ?? 'bilinear' };
  const broken = new Map<string, string>();
  if (!dataset.onDisk) return { store: new ImageStore(dataset, size), size, broken };
  const shelf = await shelfOfDataset(dataset, size);
  const records = new Map<string, ImageRecord>();
  for (const split of SPLITS) for (const record of dataset[split]) records.set(record.path, record);
  const waiting = [...records.values()].filter(({ path }) => !shelf?.has(path));
  const workers = decoders();
  const store = new ImageStore(dataset, { ...size, shelf, workers });
  const total = records.size;
  let done = total - waiting.length;
  let [told, listed] = [Number.NEGATIVE_INFINITY, performance.now()];
  const pace = new Pace();
  pace.mark(done);
  const lane = async (): Promise<void> => {
    for (let record = waiting.shift(); record && !signal?.aborted; record = waiting.shift()) {
      await store.get(record).catch((error: Error) => {
        if (!(error instanceof DatasetError)) throw error;
        broken.set(record!.path, error.message);
      });
      pace.mark(++done);
      const now = performance.now();
      if (now - listed > LIST_EVERY) {
        listed = now;
        await shelf?.flush();
      }
      if (now - told < TELL_EVERY && done < total) continue;
      told = now;
      tell({ done, total, words: wordsOf(done, total, pace.perSecond) });
    }
  };
  try {
    await Promise.all(Array.from({ length: AHEAD * workers }, lane));
    await shelf?.flush();
    signal?.throwIfAborted();
  } catch (error) {
    await store.close();
    throw error;
  }
  if (!shelf || ![...records.keys()].every((path) => shelf.has(path) || broken.has(path)))
    return { store, size, broken };
  // Decoders, each with memory for a photograph, are not needed any more.
  await store.close();
  return { store: new ImageStore(dataset, { ...size, shelf }), shelf, size, broken };
}

import { DatasetError, type ImageRecord, ImageStore, type ReidDataset, SPLITS } from '../../datasets/index.js';
import type { ResizeFilter } from '../../datasets/resize.js';
import { type ShelfSize, shelfName, shelfOf } from './shelf.js';

/** Pictures of a data set made small, and which of them cannot be read. */
export interface Prepared {
  readonly store: ImageStore;
  /** Where the small copies lie; undefined where there is no shelf, or not all of them found room. */
  readonly shelf?: string;
  readonly size: ShelfSize;
  /** What is wrong with each that cannot be read. */
  readonly broken: ReadonlyMap<string, string>;
}

/** Pictures asked for at a time: enough for every decoder. */
const AHEAD = 16;

/**
 * Decodes every picture once, by the project's own decoder, and keeps small copies in memory and on the shelf. Drawn pictures are made
 * when they are needed.
 *
 * @param onProgress pictures done, of how many
 */
export async function prepare(
  dataset: ReidDataset,
  input: { readonly height: number; readonly width: number; readonly resize?: ResizeFilter },
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Prepared> {
  const size: ShelfSize = { height: input.height, width: input.width, filter: input.resize ?? 'bilinear' };
  const name = dataset.onDisk ? await shelfName(dataset) : undefined;
  const shelf = name && (await shelfOf(name, size));
  const store = new ImageStore(dataset, { ...size, shelf: shelf || undefined });
  const broken = new Map<string, string>();
  if (!dataset.onDisk) return { store, size, broken };
  const records = new Map<string, ImageRecord>();
  for (const split of SPLITS) for (const record of dataset[split]) records.set(record.path, record);
  const waiting = [...records.values()];
  const total = waiting.length;
  let done = 0;
  let told = Number.NEGATIVE_INFINITY;
  const lane = async (): Promise<void> => {
    for (let record = waiting.shift(); record && !signal?.aborted; record = waiting.shift()) {
      await store.get(record).catch((error: Error) => {
        if (!(error instanceof DatasetError)) throw error;
        broken.set(record!.path, error.message);
      });
      done++;
      if (performance.now() - told < 100 && done < total) continue;
      told = performance.now();
      onProgress(done, total);
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, lane));
  if (shelf) await shelf.flush();
  const whole = shelf && [...records.keys()].every((path) => shelf.has(path) || broken.has(path));
  return { store, shelf: whole ? name : undefined, size, broken };
}

import { type ImageRecord, type ReidDataset, SPLITS } from './dataset.js';
import { DatasetError } from './error.js';
import type { Inspection } from './inspect.js';
import { hashOf } from './inspect-file.js';
import { defaultWorkers, WorkerPool } from './worker-pool.node.js';

export interface InspectOptions {
  /**
   * Look at every pixel (default); otherwise at each file's beginning, end and size, which takes a fraction of the time, and
   * at nothing that is no file.
   */
  readonly decode?: boolean;
  /** Threads, see `defaultWorkers`. */
  readonly workers?: number;
  /** Ends the work; what was found by then is the result. */
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}

/** Questions under way at a time, for each thread. */
const AHEAD = 4;

/** Longest stretch in the main thread before signals and progress get a turn, in milliseconds. */
const SLICE_MS = 50;

/** Every picture of a dataset once, whatever splits it is in. */
function distinct(dataset: ReidDataset): ImageRecord[] {
  const records = new Map<string, ImageRecord>();
  for (const split of SPLITS) for (const record of dataset[split]) records.set(record.path, record);
  return [...records.values()];
}

/** True when a record is a file, in a joined dataset too that has drawn pictures beside it. */
const isFile = ({ onDisk, sources }: ReidDataset, { source }: ImageRecord): boolean =>
  source === undefined ? onDisk : sources![source]!.onDisk;

async function inspectHere(dataset: ReidDataset, record: ImageRecord): Promise<Inspection> {
  const { path } = record;
  try {
    const { width, height, data } = await dataset.read(record);
    return { path, width, height, bytes: data.length, hash: `${width} x ${height} ${await hashOf(data)}` };
  } catch (error) {
    if (error instanceof DatasetError) return { path, width: 0, height: 0, bytes: 0, problem: error.message };
    throw error;
  }
}

/**
 * Looks at every picture of a dataset, in worker threads where they are files.
 *
 * @returns what was found, in the order of the pictures; fewer than there are when `signal` ended the work
 *
 * @example
 *   const found = await inspectPictures(dataset, { progress: (done, total) => console.log(done, total) });
 */
export async function inspectPictures(dataset: ReidDataset, options: InspectOptions = {}): Promise<Inspection[]> {
  const { decode = true, workers = defaultWorkers(), signal, progress } = options;
  const records = distinct(dataset).filter((record) => decode || isFile(dataset, record));
  const found: (Inspection | undefined)[] = new Array(records.length);
  const body = new URL('./inspect-worker.node.js', import.meta.url);
  const pool = new WorkerPool<{ decode: boolean }, Inspection>(workers, body);
  // A thread that dies of a picture says so of that picture, and another thread goes on.
  const inspectThere = (path: string): Promise<Inspection> =>
    pool.ask(path, { decode }).catch((error: Error) => {
      return { path, bytes: 0, width: 0, height: 0, problem: error.message };
    });
  let next = 0;
  let done = 0;
  let sliceStart = performance.now();
  const lane = async (): Promise<void> => {
    while (next < records.length && !signal?.aborted) {
      const index = next++;
      const record = records[index]!;
      if (isFile(dataset, record)) found[index] = await inspectThere(record.path);
      else {
        if (performance.now() - sliceStart > SLICE_MS) {
          await new Promise((resume) => setImmediate(resume));
          sliceStart = performance.now();
        }
        found[index] = await inspectHere(dataset, record);
      }
      progress?.(++done, records.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: workers * AHEAD }, lane));
  } finally {
    await pool.close();
  }
  return found.filter((inspection) => inspection !== undefined);
}

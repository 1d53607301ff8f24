import type { ImageDecoders } from './decoders.js';
import { DatasetError } from './error.js';
import { mountedFile } from './file-system.browser.js';
import { decodeImage } from './image.js';
import { type ResizeFilter, resizeImage } from './resize.js';

/** Requests that run at once for each decoder: one in work, one read ahead. */
const DEPTH = 4;

/** What a decoding worker is asked. */
export interface DecoderAsked {
  readonly id: number;
  readonly file: Blob;
  /** For errors. */
  readonly path: string;
  readonly height: number;
  readonly width: number;
  readonly filter: ResizeFilter;
}

/** What it answers. */
export type DecoderTold =
  | { readonly id: number; readonly pixels: Uint8Array }
  | { readonly id: number; readonly error: string; readonly aboutData: boolean };

let startWorker: (() => Worker) | undefined;

/** Has pictures decoded in workers, which call `answerDecoding`. Without, they are decoded in the page itself. */
export function decodeInWorkers(start: () => Worker): void {
  startWorker = start;
}

/** One worker a core, at most 4: who waits for them does little meanwhile. */
export function defaultWorkers(): number {
  return startWorker ? Math.max(1, Math.min(navigator.hardwareConcurrency, 4)) : 1;
}

async function fileAt(path: string): Promise<Blob> {
  const mounted = await mountedFile(path);
  if (mounted) return mounted;
  const response = await fetch(path).catch((error: Error) => {
    throw new DatasetError(`${path} cannot be fetched: ${error.message}. Check the dataset's address.`);
  });
  if (!response.ok) {
    throw new DatasetError(`${path} cannot be fetched: HTTP ${response.status}. Check the dataset's address.`);
  }
  return response.blob();
}

async function decodeBlob({ file, path, height, width, filter }: Omit<DecoderAsked, 'id'>): Promise<Uint8Array> {
  const bytes = await file.arrayBuffer().catch((error: Error) => {
    throw new DatasetError(`${path} cannot be opened: ${error.message} Choose the folder again.`);
  });
  const image = await decodeImage(new Uint8Array(bytes), path);
  return resizeImage(image, width, height, filter).data;
}

/** Makes a worker answer the requests of `createDecoders`. */
export function answerDecoding(): void {
  self.addEventListener('message', async ({ data }: MessageEvent<DecoderAsked>) => {
    const { id } = data;
    let told: DecoderTold;
    try {
      const pixels = await decodeBlob(data);
      told = { id, pixels: pixels.byteLength === pixels.buffer.byteLength ? pixels : pixels.slice() };
    } catch (error) {
      const { message } = error instanceof Error ? error : new Error(String(error));
      told = { id, error: message, aboutData: error instanceof DatasetError };
    }
    postMessage(told, { transfer: 'pixels' in told ? [told.pixels.buffer as ArrayBuffer] : [] });
  });
}

interface Lane {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve(pixels: Uint8Array): void; reject(error: Error): void }>;
}

/** Workers that decode; each is started with the first request that finds the others busy. */
class DecoderPool {
  readonly #count: number;
  readonly #start: () => Worker;
  readonly #lanes: Lane[] = [];
  #next = 0;

  constructor(count: number, start: () => Worker) {
    this.#count = count;
    this.#start = start;
  }

  decode(asked: Omit<DecoderAsked, 'id'>): Promise<Uint8Array> {
    const lane = this.#lane();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      lane.waiting.set(id, { resolve, reject });
      lane.worker.postMessage({ ...asked, id } satisfies DecoderAsked);
    });
  }

  close(): void {
    for (const lane of this.#lanes.splice(0)) {
      lane.worker.terminate();
      for (const { reject } of lane.waiting.values()) reject(new Error('The loader was closed.'));
    }
  }

  #lane(): Lane {
    const free = this.#lanes.find(({ waiting }) => waiting.size === 0);
    if (free) return free;
    if (this.#lanes.length >= this.#count)
      return this.#lanes.reduce((a, b) => (a.waiting.size <= b.waiting.size ? a : b));
    const lane: Lane = { worker: this.#start(), waiting: new Map() };
    lane.worker.addEventListener('message', ({ data }: MessageEvent<DecoderTold>) => {
      const request = lane.waiting.get(data.id);
      lane.waiting.delete(data.id);
      if ('pixels' in data) request?.resolve(data.pixels);
      else request?.reject(data.aboutData ? new DatasetError(data.error) : new Error(data.error));
    });
    lane.worker.addEventListener('error', ({ message }) => {
      this.#lanes.splice(this.#lanes.indexOf(lane), 1);
      for (const { reject } of lane.waiting.values()) reject(new Error(`A decoding worker stopped: ${message}`));
    });
    this.#lanes.push(lane);
    return lane;
  }
}

/** Decodes chosen files (`mountFolder`), or fetches pictures by URL, a few at a time. */
export function createDecoders(workers = defaultWorkers()): ImageDecoders {
  let closed = false;
  let running = 0;
  const waiting: (() => void)[] = [];
  const pool = startWorker && workers > 0 ? new DecoderPool(workers, startWorker) : undefined;
  const depth = DEPTH * Math.max(workers, 1);

  const decode = async (
    path: string,
    height: number,
    width: number,
    filter: ResizeFilter = 'bilinear',
  ): Promise<Uint8Array> => {
    if (running >= depth) await new Promise<void>((resume) => waiting.push(resume));
    running++;
    try {
      if (closed) throw new Error(`The loader was closed before ${path} was decoded`);
      const asked = { file: await fileAt(path), path, height, width, filter };
      return await (pool ? pool.decode(asked) : decodeBlob(asked));
    } finally {
      running--;
      waiting.shift()?.();
    }
  };

  return {
    decode,
    async close() {
      closed = true;
      pool?.close();
    },
  };
}

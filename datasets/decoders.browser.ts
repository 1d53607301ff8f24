import type { ImageDecoders } from './decoders.js';
import { DatasetError } from './error.js';
import { decodeImage } from './image.js';
import { type ResizeFilter, resizeImage } from './resize.js';

/** Requests that run at once: enough to hide the network, few enough to leave the page responsive. */
const DEPTH = 4;

/** A browser decodes in the page itself. */
export function defaultWorkers(): number {
  return 1;
}

/** Fetches pictures by URL and decodes them in the page, a few at a time. */
export function createDecoders(_workers = defaultWorkers()): ImageDecoders {
  let closed = false;
  let running = 0;
  const waiting: (() => void)[] = [];

  const decode = async (
    path: string,
    height: number,
    width: number,
    filter: ResizeFilter = 'bilinear',
  ): Promise<Uint8Array> => {
    if (running >= DEPTH) await new Promise<void>((resume) => waiting.push(resume));
    running++;
    try {
      if (closed) throw new Error(`The loader was closed before ${path} was decoded`);
      const response = await fetch(path).catch((error: Error) => {
        throw new DatasetError(`${path} cannot be fetched: ${error.message}. Check the dataset's address.`);
      });
      if (!response.ok) {
        throw new DatasetError(`${path} cannot be fetched: HTTP ${response.status}. Check the dataset's address.`);
      }
      const image = await decodeImage(new Uint8Array(await response.arrayBuffer()), path);
      return resizeImage(image, width, height, filter).data;
    } finally {
      running--;
      waiting.shift()?.();
    }
  };

  return {
    decode,
    async close() {
      closed = true;
    },
  };
}

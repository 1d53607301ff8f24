import { decodeFile } from './decode-file.js';
import type { ImageDecoders } from './decoders.js';
import { type ResizeFilter, resizeImage } from './resize.js';
import { defaultWorkers, WorkerPool } from './worker-pool.node.js';

export { defaultWorkers };

/** The size in pixels that a worker is asked for. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
  readonly filter: ResizeFilter;
}

/**
 * A pool of worker threads. They start with the first picture, and while nothing is asked of them they do not keep the
 * process alive, closed or not.
 *
 * @param workers number of threads; 0 decodes in the calling thread
 */
export function createDecoders(workers = defaultWorkers()): ImageDecoders {
  if (!(Number.isInteger(workers) && workers >= 0)) {
    throw new RangeError(`The number of decoding workers must be a whole number, 0 or more; got ${workers}`);
  }
  if (workers === 0) {
    return {
      decode: async (path, height, width, filter = 'bilinear') =>
        resizeImage(await decodeFile(path), width, height, filter).data,
      close: async () => undefined,
    };
  }
  const pool = new WorkerPool<PictureSize, Uint8Array>(workers, new URL('./decoder-worker.node.js', import.meta.url));
  return {
    decode: (path, height, width, filter = 'bilinear') => pool.ask(path, { height, width, filter }),
    close: () => pool.close(),
  };
}

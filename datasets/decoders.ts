import type { ResizeFilter } from './resize.js';

/**
 * Reads, decodes and resizes picture files away from the main thread where the host can. Made by `createDecoders` of
 * `#image-decoders`: worker threads in Node, `fetch` in a browser.
 */
export interface ImageDecoders {
  /**
   * The picture at `path` as 8-bit RGB, `[height, width, 3]`, resized with the filter (bilinear by default).
   *
   * @throws DatasetError naming the file
   */
  decode(path: string, height: number, width: number, filter?: ResizeFilter): Promise<Uint8Array>;
  /** Ends the workers. Requests that still wait are rejected. */
  close(): Promise<void>;
}

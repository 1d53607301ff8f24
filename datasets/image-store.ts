import { createDecoders, defaultWorkers } from '#image-decoders';
import type { Picture, PictureSource } from './dataset.js';
import type { ImageDecoders } from './decoders.js';
import { type ResizeFilter, resizeImage } from './resize.js';

export interface ImageStoreOptions {
  /** Size of the stored pictures in pixels. */
  readonly height: number;
  readonly width: number;
  /** How pictures get that size, `bilinear` by default. */
  readonly filter?: ResizeFilter;
  /** Decoding threads (Node); by default the number of cores less one, at least 1 and at most 4. 0: none. */
  readonly workers?: number;
  /** Most bytes of decoded pictures to keep, 512 MiB by default. */
  readonly cacheBytes?: number;
  /** Where small pictures outlive the store. */
  readonly shelf?: PictureShelf;
}

/** Keeps decoded and resized pictures from one day to the next. */
export interface PictureShelf {
  /** `[height, width, 3]`, or undefined where the picture was never put there. */
  get(path: string): Promise<Uint8Array | undefined>;
  put(path: string, pixels: Uint8Array): Promise<void>;
}

/** Longest stretch of drawing or decoding in the main thread before other work gets a turn, in milliseconds. */
const SLICE_MS = 12;

/**
 * Pictures of a dataset, decoded and resized, as 8-bit RGB. What was decoded once is kept as long as there is room, so
 * later epochs read memory only. When the room is used up the store keeps what it has: an epoch visits every picture
 * once, and then any other rule would throw pictures away just before they are needed again.
 */
export class ImageStore {
  readonly height: number;
  readonly width: number;
  readonly filter: ResizeFilter;
  readonly #dataset: PictureSource;
  readonly #room: number;
  readonly #decoders: ImageDecoders;
  readonly #shelf: PictureShelf | undefined;
  readonly #kept = new Map<string, Uint8Array>();
  readonly #coming = new Map<string, Promise<Uint8Array>>();
  #bytes = 0;
  #decoded = 0;
  #line: Promise<unknown> = Promise.resolve();
  #sliceStart = 0;

  constructor(dataset: PictureSource, options: ImageStoreOptions) {
    this.height = options.height;
    this.width = options.width;
    this.filter = options.filter ?? 'bilinear';
    this.#dataset = dataset;
    this.#room = options.cacheBytes ?? 512 * 2 ** 20;
    this.#decoders = createDecoders(options.workers ?? defaultWorkers());
    this.#shelf = options.shelf;
  }

  /** Bytes of pictures that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many pictures were decoded or drawn so far (a picture that did not fit is counted each time). */
  get decoded(): number {
    return this.#decoded;
  }

  /**
   * The picture of a record: `[height, width, 3]`. Shared: not to be written to.
   *
   * @throws DatasetError naming the file when it cannot be read
   */
  get(record: Picture): Promise<Uint8Array> {
    const kept = this.#kept.get(record.path);
    if (kept) return Promise.resolve(kept);
    const coming = this.#coming.get(record.path);
    if (coming) return coming;
    const promise = this.#fetch(record).finally(() => this.#coming.delete(record.path));
    this.#coming.set(record.path, promise);
    return promise;
  }

  /** Ends the decoding threads and forgets the pictures. */
  async close(): Promise<void> {
    this.#kept.clear();
    this.#bytes = 0;
    await this.#decoders.close();
  }

  async #fetch(record: Picture): Promise<Uint8Array> {
    const shelved = await this.#shelf?.get(record.path);
    const pixels = shelved ?? (await this.#make(record));
    if (!shelved) await this.#shelf?.put(record.path, pixels);
    if (this.#bytes + pixels.byteLength <= this.#room) {
      this.#bytes += pixels.byteLength;
      this.#kept.set(record.path, pixels);
    }
    return pixels;
  }

  async #make(record: Picture): Promise<Uint8Array> {
    const pixels = this.#dataset.onDisk
      ? await this.#decoders.decode(record.path, this.height, this.width, this.filter)
      : await this.#readHere(record);
    this.#decoded++;
    return pixels;
  }

  /** Reads in this thread, one picture after the other in the order asked for, with pauses for other work. */
  #readHere(record: Picture): Promise<Uint8Array> {
    const read = async (): Promise<Uint8Array> => {
      if (performance.now() - this.#sliceStart > SLICE_MS) {
        await new Promise((resume) => setTimeout(resume, 0));
        this.#sliceStart = performance.now();
      }
      return resizeImage(await this.#dataset.read(record), this.width, this.height, this.filter).data;
    };
    const result = this.#line.then(read);
    this.#line = result.catch(() => undefined);
    return result;
  }
}

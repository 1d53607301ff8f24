import { mountedFile } from '../../datasets/file-system.browser.js';
import { DatasetError, ImageStore, type Picture, type PictureShelf } from '../../datasets/index.js';
import { bitmapOf } from './data.js';
import type { Describer } from './gallery-describer.js';
import { type Original, plainWords } from './gallery-incoming.js';
import { decoders } from './prepare.js';

/** Small pictures are no larger than this. */
const THUMB = { height: 192, width: 256 } as const;
const QUALITY = 0.8;

/** A picture as the browser draws it, at its own size. @throws DatasetError */
export async function bitmapOfOriginal({ source, picture }: Original): Promise<ImageBitmap> {
  const file = source.onDisk ? await mountedFile(picture.path) : undefined;
  const drawn = file && (await createImageBitmap(file).catch(() => undefined));
  return drawn ?? bitmapOf(await source.read(picture));
}

/** A bitmap as a JPEG that fits into the size of small pictures. */
async function thumbOf(bitmap: ImageBitmap): Promise<Uint8Array> {
  const scale = Math.min(1, THUMB.height / bitmap.height, THUMB.width / bitmap.width);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width!, height!);
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width!, height!);
  bitmap.close();
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  return new Uint8Array(await blob.arrayBuffer());
}

/** Pictures of one batch: kept until the next, so that each is decoded once and memory does not grow. */
class BatchShelf implements PictureShelf {
  readonly #pixels = new Map<string, Uint8Array>();

  get = async (path: string): Promise<Uint8Array | undefined> => this.#pixels.get(path);

  put = async (path: string, pixels: Uint8Array): Promise<void> => {
    this.#pixels.set(path, pixels);
  };

  forget(paths: readonly string[]): void {
    for (const path of paths) this.#pixels.delete(path);
  }
}

/** Pictures of a batch that could be read, with their small pictures, and what is wrong with the others. */
export interface DecodedBatch<T extends Original> {
  readonly good: readonly { readonly original: T; readonly thumb?: Uint8Array }[];
  readonly broken: readonly { readonly original: T; readonly words: string }[];
}

/** Decodes pictures of one source batch by batch, by the project's own decoder, at the size that a model sees. */
export class BatchDecoder {
  readonly store: ImageStore;
  readonly #shelf = new BatchShelf();

  constructor(source: Original['source'], { size }: Pick<Describer, 'size'>) {
    this.store = new ImageStore(source, { ...size, cacheBytes: 0, shelf: this.#shelf, workers: decoders() });
  }

  /** @param thumbs whether small pictures are made, too */
  async decode<T extends Original>(batch: readonly T[], thumbs: boolean): Promise<DecodedBatch<T>> {
    const broken: { original: T; words: string }[] = [];
    // Small pictures one after the other: photographs are large while they are drawn. Others are decoded meanwhile.
    let line: Promise<unknown> = Promise.resolve();
    const made = await Promise.all(
      batch.map(async (original): Promise<{ original: T; thumb?: Uint8Array } | undefined> => {
        try {
          const pixels = await this.store.get(original.picture);
          if (!thumbs) return { original };
          const thumb = line.then(() => this.#thumb(original, pixels));
          line = thumb.catch(() => undefined);
          return { original, thumb: await thumb };
        } catch (error) {
          if (!(error instanceof DatasetError)) throw error;
          broken.push({ original, words: plainWords(error.message) });
          return undefined;
        }
      }),
    );
    return { good: made.filter((one) => one !== undefined), broken };
  }

  /** The browser's own drawing is only for the eyes; where it cannot, the pixels that the model sees. */
  async #thumb(original: Original, data: Uint8Array): Promise<Uint8Array> {
    const { height, width } = this.store;
    return thumbOf(await bitmapOfOriginal(original).catch(() => bitmapOf({ height, width, data })));
  }

  /** Lets go of a batch. */
  forget(batch: readonly { readonly picture: Picture }[]): void {
    this.#shelf.forget(batch.map(({ picture }) => picture.path));
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

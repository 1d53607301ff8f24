import { mountedFile } from '../../datasets/file-system.browser.js';
import { DatasetError, type ImageRecord, type PictureShelf, type ReidDataset } from '../../datasets/index.js';
import type { ResizeFilter } from '../../datasets/resize.js';
import { type OpenFile, openStored, store, storedJson } from './storage.js';

/** Size of the pictures on a shelf. */
export interface ShelfSize {
  readonly height: number;
  readonly width: number;
  readonly filter: ResizeFilter;
}

/** The folder of all shelves. */
export const SHELVES = 'pictures';

const every = <T>(dataset: Pick<ReidDataset, 'train' | 'query' | 'gallery'>, of: (record: ImageRecord) => T): T[] =>
  [...dataset.train, ...dataset.query, ...dataset.gallery].map(of);

/** A name for a data set's files that two different ones do not share: from their paths, sizes and dates. */
export async function shelfName(dataset: ReidDataset): Promise<string> {
  const lines = await Promise.all(
    every(dataset, async ({ path }) => {
      const file = await mountedFile(path);
      return `${path}|${file?.size ?? ''}|${file instanceof File ? file.lastModified : ''}`;
    }),
  );
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode([...new Set(lines)].sort().join('\n')));
  return Array.from(new Uint8Array(digest).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Pictures put away between two writings of the list of what is there. */
const LIST_EVERY = 200;

/**
 * Small copies of a data set's pictures in the page's storage: a photograph is decoded once, and a run goes on after a reload without its
 * folder. One file of pixels, and a list of whose they are.
 */
export class Shelf implements PictureShelf {
  readonly size: ShelfSize;
  readonly #path: string;
  readonly #file: OpenFile;
  readonly #slots: Map<string, number>;
  #unlisted = 0;

  private constructor(path: string, size: ShelfSize, file: OpenFile, slots: Map<string, number>) {
    this.#path = path;
    this.size = size;
    this.#file = file;
    this.#slots = slots;
  }

  /** @throws StorageError when it is open in another tab */
  static async open(name: string, size: ShelfSize): Promise<Shelf> {
    const path = `${SHELVES}/${name}-${size.width}x${size.height}-${size.filter}`;
    const file = await openStored(`${path}/pixels.bin`);
    const listed = (await storedJson<string[]>(`${path}/list.json`)) ?? [];
    const whole = Math.floor(file.getSize() / (3 * size.height * size.width));
    return new Shelf(path, size, file, new Map(listed.slice(0, whole).map((picture, slot) => [picture, slot])));
  }

  get count(): number {
    return this.#slots.size;
  }

  has(path: string): boolean {
    return this.#slots.has(path);
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    const slot = this.#slots.get(path);
    if (slot === undefined) return undefined;
    const pixels = new Uint8Array(3 * this.size.height * this.size.width);
    return this.#file.read(pixels, { at: slot * pixels.length }) === pixels.length ? pixels : undefined;
  }

  /** A full disk only means that the picture is decoded again another time. */
  async put(path: string, pixels: Uint8Array): Promise<void> {
    if (this.#slots.has(path)) return;
    const slot = this.#slots.size;
    try {
      if (this.#file.write(pixels, { at: slot * pixels.length }) !== pixels.length) return;
    } catch {
      return;
    }
    this.#slots.set(path, slot);
    if (++this.#unlisted >= LIST_EVERY) await this.flush();
  }

  /** Makes what was put away last. */
  async flush(): Promise<void> {
    if (this.#unlisted === 0) return;
    this.#unlisted = 0;
    this.#file.flush();
    await store(`${this.#path}/list.json`, JSON.stringify([...this.#slots.keys()])).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.flush();
    this.#file.close();
  }
}

const open = new Map<string, Promise<Shelf>>();

/** The shelf of a data set and a size, opened once; undefined where the browser gives no storage, or another tab has it. */
export async function shelfOf(name: string, size: ShelfSize): Promise<Shelf | undefined> {
  const key = `${name} ${size.width} ${size.height} ${size.filter}`;
  let shelf = open.get(key);
  if (!shelf) {
    shelf = Shelf.open(name, size);
    open.set(key, shelf);
  }
  try {
    return await shelf;
  } catch {
    open.delete(key);
    return undefined;
  }
}

/** Closes every shelf, so that their files can be deleted. */
export async function closeShelves(): Promise<void> {
  const all = [...open.values()];
  open.clear();
  for (const shelf of all) await shelf.then((one) => one.close()).catch(() => undefined);
}

/** A data set as it is written down with a run whose pictures are on a shelf. */
export interface ShelvedData {
  readonly shelf: string;
  readonly size: ShelfSize;
  readonly dataset: Pick<ReidDataset, 'name' | 'train' | 'query' | 'gallery' | 'identities' | 'cameras' | 'notes'>;
}

/** What to write down of a data set. */
export const shelvedData = (shelf: string, size: ShelfSize, dataset: ReidDataset): ShelvedData => {
  const { name, train, query, gallery, identities, cameras, notes } = dataset;
  return { shelf, size, dataset: { name, train, query, gallery, identities, cameras, notes } };
};

/** The data set of a run after a reload: its small copies are all that is known of its pictures. */
export function fromShelf({ dataset, shelf, size }: ShelvedData): ReidDataset {
  return {
    ...dataset,
    onDisk: false,
    read: async ({ path }) => {
      const data = await (await shelfOf(shelf, size))?.get(path);
      if (!data) throw new DatasetError(`The small copy of ${path} is not there any more. Choose the folder again.`);
      return { width: size.width, height: size.height, data };
    },
  };
}

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

/**
 * Small copies of the pictures of a chosen folder, in the page's storage: a photograph is decoded once, whatever data set it is in, and
 * a run goes on after a reload without its folder. One file of pixels, and a list of whose they are: a picture is known by its path and
 * a stamp, its file's size and date.
 */
class Shelf {
  readonly size: ShelfSize;
  readonly #path: string;
  readonly #file: OpenFile;
  readonly #slots: Map<string, number>;
  #isListed = true;

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

  has(picture: string): boolean {
    return this.#slots.has(picture);
  }

  /** Undefined where it never was there, or was deleted. */
  get(picture: string): Uint8Array | undefined {
    const slot = this.#slots.get(picture);
    if (slot === undefined) return undefined;
    const pixels = new Uint8Array(3 * this.size.height * this.size.width);
    try {
      return this.#file.read(pixels, { at: slot * pixels.length }) === pixels.length ? pixels : undefined;
    } catch {
      return undefined;
    }
  }

  /** A full disk, or a shelf that was deleted, only means that the picture is decoded again another time. */
  put(picture: string, pixels: Uint8Array): void {
    if (this.#slots.has(picture)) return;
    const slot = this.#slots.size;
    try {
      if (this.#file.write(pixels, { at: slot * pixels.length }) !== pixels.length) return;
    } catch {
      return;
    }
    this.#slots.set(picture, slot);
    this.#isListed = false;
  }

  /** Makes what was put away last. */
  async flush(): Promise<void> {
    if (this.#isListed) return;
    this.#isListed = true;
    this.#file.flush();
    await store(`${this.#path}/list.json`, JSON.stringify([...this.#slots.keys()])).catch(() => undefined);
  }

  /** What it held is not given any more. */
  close(): void {
    this.#isListed = true;
    this.#slots.clear();
    this.#file.close();
  }
}

const open = new Map<string, Promise<Shelf>>();

/** A shelf, opened once; undefined where the browser gives no storage, or another tab has it. */
async function shelfOf(name: string, size: ShelfSize): Promise<Shelf | undefined> {
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

/** The pictures of a data set on a shelf, by their paths. */
export interface DatasetShelf extends PictureShelf {
  readonly name: string;
  readonly stamps: ReadonlyMap<string, string>;
  has(path: string): boolean;
  flush(): Promise<void>;
}

type Splits = Pick<ReidDataset, 'train' | 'query' | 'gallery'>;

const recordsOf = ({ train, query, gallery }: Splits): ImageRecord[] => [...train, ...query, ...gallery];

/** The file of each picture, by its size and date. */
async function stampsOf(dataset: Splits): Promise<Map<string, string>> {
  const paths = [...new Set(recordsOf(dataset).map(({ path }) => path))];
  const stamps = await Promise.all(
    paths.map(async (path) => {
      const file = await mountedFile(path);
      return [path, `${file?.size ?? ''}|${file instanceof File ? file.lastModified : ''}`] as const;
    }),
  );
  return new Map(stamps);
}

/** A name for a folder that is the name of a file everywhere. */
async function shelfName(folder: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(folder));
  return Array.from(new Uint8Array(digest).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function part(shelf: Shelf, name: string, stamps: ReadonlyMap<string, string>): DatasetShelf {
  const keyOf = (path: string): string => `${path}|${stamps.get(path)}`;
  return {
    name,
    stamps,
    has: (path) => shelf.has(keyOf(path)),
    get: async (path) => shelf.get(keyOf(path)),
    put: async (path, pixels) => shelf.put(keyOf(path), pixels),
    flush: () => shelf.flush(),
  };
}

/** The shelf of a data set of chosen files; undefined where the browser gives no storage, or another tab has it. */
export async function shelfOfDataset(dataset: Splits, size: ShelfSize): Promise<DatasetShelf | undefined> {
  const [first] = recordsOf(dataset);
  if (!first) return undefined;
  // All lie below one folder, which is what was chosen.
  const name = await shelfName(first.path.split('/')[0]!);
  const shelf = await shelfOf(name, size);
  return shelf && part(shelf, name, await stampsOf(dataset));
}

/** A data set as it is written down with a run whose pictures are on a shelf. */
export interface ShelvedData {
  readonly shelf: string;
  readonly size: ShelfSize;
  readonly dataset: Splits & Pick<ReidDataset, 'name' | 'identities' | 'cameras' | 'notes'>;
  /** Those of the pictures of train, query and gallery, one after the other. */
  readonly stamps: readonly string[];
}

/** What to write down of a data set. */
export const shelvedData = (
  { name: shelf, stamps }: DatasetShelf,
  size: ShelfSize,
  dataset: ReidDataset,
): ShelvedData => {
  const { name, train, query, gallery, identities, cameras, notes } = dataset;
  return {
    shelf,
    size,
    dataset: { name, train, query, gallery, identities, cameras, notes },
    stamps: recordsOf(dataset).map(({ path }) => stamps.get(path) ?? ''),
  };
};

/** The data set of a run after a reload: its small copies are all that is known of its pictures. */
export function fromShelf({ dataset, shelf: name, size, stamps = [] }: ShelvedData): ReidDataset {
  const known = new Map(recordsOf(dataset).map(({ path }, i) => [path, stamps[i] ?? '']));
  return {
    ...dataset,
    onDisk: false,
    read: async ({ path }) => {
      const shelf = await shelfOf(name, size);
      const data = shelf && (await part(shelf, name, known).get(path));
      if (!data) throw new DatasetError(`The small copy of ${path} is not there any more. Choose the folder again.`);
      return { width: size.width, height: size.height, data };
    },
  };
}

import type { Features } from '../../reid/training/features.js';
import type { GalleryContent } from './gallery-file.js';
import { checkIndex, GALLERY_FORMAT, type GalleryIndex, type GalleryItem, type GalleryModel } from './gallery-index.js';
import { PageError } from './job.js';
import {
  isStored,
  type OpenFile,
  openStored,
  removeStored,
  StorageError,
  storageUse,
  store,
  storedBytes,
  storedFile,
  storedJson,
  storedNames,
} from './storage.js';

/** The folder of all galleries. */
const GALLERIES = 'galleries';
const INDEX = 'gallery.json';

const fileOf = (gallery: string, file: string): string => `${GALLERIES}/${gallery}/${file}`;

/** A name that may be a folder's. @throws PageError */
export function checkGalleryName(name: string): string {
  const trimmed = name.trim();
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,60}$/u.test(trimmed)) return trimmed;
  throw new PageError(
    `A gallery cannot be called “${name}”: use letters, digits, spaces, points and hyphens, at most 61 of them, a letter or digit first.`,
  );
}

/** A picture that comes in. */
export interface NewItem extends Omit<GalleryItem, 'id' | 'thumb'> {
  /** Its small picture, a JPEG. */
  readonly thumb: Uint8Array;
}

/** Opens a file in place for as long as `work` takes; a full disk is told in words. */
async function inPlace(path: string, work: (file: OpenFile) => void): Promise<void> {
  const file = await openStored(path);
  try {
    work(file);
    file.flush();
  } catch (error) {
    const { used, allowed } = await storageUse();
    const mega = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    throw new StorageError(
      `The storage that the browser gives this page is full (${mega(used)} of ${mega(allowed)} used). Delete runs, galleries or small copies of pictures, or free space on the disk, and add the rest again.`,
      { cause: error },
    );
  } finally {
    file.close();
  }
}

function writeWhole(file: OpenFile, bytes: Uint8Array, at: number): void {
  if (file.write(bytes, { at }) !== bytes.length) throw new Error('not all bytes were written');
}

const bytesOf = (numbers: Float32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

const endOf = (items: readonly GalleryItem[]): number =>
  items.reduce((end, { thumb: [offset, bytes] }) => Math.max(end, offset + bytes), 0);

/** The name of a file that takes another's place: `features-2.bin` after `features-1.bin`. */
const nextName = (name: string): string => name.replace(/\d+/, (number) => String(Number(number) + 1));

/**
 * A gallery in the page's storage: a list of pictures, their features and small pictures. What is in the list is whole: rows behind its
 * end are left from something that was cut short, and are written over.
 */
export class Gallery {
  readonly name: string;
  #index: GalleryIndex;
  #rows: Float32Array | undefined;

  private constructor(name: string, index: GalleryIndex) {
    this.name = name;
    this.#index = index;
  }

  get index(): GalleryIndex {
    return this.#index;
  }

  get items(): readonly GalleryItem[] {
    return this.#index.items;
  }

  get model(): GalleryModel {
    return this.#index.model;
  }

  /** @throws PageError where there is none of that name, or it is damaged */
  static async open(name: string): Promise<Gallery> {
    const index = checkIndex(await storedJson(fileOf(name, INDEX)));
    if (index) return new Gallery(name, index);
    throw new PageError(
      (await isStored(fileOf(name, INDEX)))
        ? `The gallery ${name} is damaged: its list of pictures cannot be read. Delete it, and import or make it again.`
        : `There is no gallery ${name} any more: it was deleted, perhaps in another tab.`,
    );
  }

  /** @throws PageError where the name is taken */
  static async create(name: string, model: GalleryModel): Promise<Gallery> {
    const checked = checkGalleryName(name);
    if (await isStored(fileOf(checked, INDEX))) {
      throw new PageError(`There is a gallery called ${checked} already. Take another name, or open that one.`);
    }
    const gallery = new Gallery(checked, {
      format: GALLERY_FORMAT,
      model,
      features: 'features-1.bin',
      thumbs: 'thumbs-1.bin',
      next: 1,
      items: [],
    });
    await gallery.commit();
    return gallery;
  }

  /** A gallery with the content of a file. */
  static async fill(name: string, { index, features, thumbs }: GalleryContent): Promise<Gallery> {
    const gallery = await Gallery.create(name, index.model);
    await store(fileOf(gallery.name, gallery.index.features), bytesOf(features));
    await store(fileOf(gallery.name, gallery.index.thumbs), thumbs);
    gallery.#index = { ...gallery.#index, items: index.items, next: index.next };
    await gallery.commit();
    return gallery;
  }

  /** While it is empty, any model may fill it. */
  takeModel(model: GalleryModel): void {
    this.#index = { ...this.#index, model };
  }

  /** Writes the list down. */
  async commit(): Promise<void> {
    await store(fileOf(this.name, INDEX), JSON.stringify(this.#index));
  }

  /** The features of all pictures, row by row. */
  async features(): Promise<Features> {
    const { items, model, features } = this.#index;
    const { dimension } = model;
    const length = items.length * dimension;
    if (length > 0 && (this.#rows?.length ?? 0) < length) {
      const file = await storedFile(fileOf(this.name, features));
      if (file.size < 4 * length) {
        throw new PageError(`The gallery ${this.name} is damaged: its features are cut short. Compute them anew.`);
      }
      this.#rows = new Float32Array(await file.slice(0, 4 * length).arrayBuffer());
    }
    return { data: this.#rows?.subarray(0, length) ?? new Float32Array(0), count: items.length, dimension };
  }

  /** The small pictures, JPEGs, one behind the other. */
  async thumbs(): Promise<Blob> {
    const { items, thumbs } = this.#index;
    if (items.length === 0) return new Blob([]);
    return (await storedFile(fileOf(this.name, thumbs))).slice(0, endOf(items));
  }

  /** Some small pictures, in the order asked for; of pictures that were removed, empty ones. */
  async thumbsOf(ids: readonly number[]): Promise<Blob[]> {
    const all = await this.thumbs();
    const items = new Map(this.items.map((item) => [item.id, item]));
    return ids.map((id) => {
      const [offset, bytes] = items.get(id)?.thumb ?? [0, 0];
      return all.slice(offset, offset + bytes, 'image/jpeg');
    });
  }

  /** Adds pictures with their features; they count once `commit` has written the list. */
  async append(added: readonly NewItem[], { data, dimension }: Features): Promise<void> {
    const { items, model, features, thumbs, next } = this.#index;
    if (items.length > 0 && model.dimension !== dimension) {
      throw new PageError(`The gallery has features of ${model.dimension} numbers, and these have ${dimension}.`);
    }
    const [row, first] = [4 * items.length * dimension, endOf(items)];
    const placed: GalleryItem[] = [];
    try {
      await inPlace(fileOf(this.name, features), (file) => writeWhole(file, bytesOf(data), row));
      await inPlace(fileOf(this.name, thumbs), (file) => {
        let end = first;
        for (const [i, { thumb, ...item }] of added.entries()) {
          writeWhole(file, thumb, end);
          placed.push({ ...item, id: next + i, thumb: [end, thumb.length] });
          end += thumb.length;
        }
      });
    } catch (error) {
      // Room for the list of what is there already.
      await inPlace(fileOf(this.name, features), (file) => file.truncate(row)).catch(() => undefined);
      await inPlace(fileOf(this.name, thumbs), (file) => file.truncate(first)).catch(() => undefined);
      throw error;
    }
    this.#rows = undefined;
    this.#index = {
      ...this.#index,
      model: { ...model, dimension },
      next: next + added.length,
      items: [...items, ...placed],
    };
  }

  /** Removes pictures: what stays is written anew, then takes the place of what was. */
  async remove(ids: readonly number[]): Promise<void> {
    const gone = new Set(ids);
    const before = this.#index;
    const rows = [...before.items.keys()].filter((row) => !gone.has(before.items[row]!.id));
    const all = await this.features();
    const kept = new Float32Array(rows.length * all.dimension);
    for (const [i, row] of rows.entries()) {
      kept.set(all.data.subarray(row * all.dimension, (row + 1) * all.dimension), i * all.dimension);
    }
    const blob = await this.thumbs();
    let end = 0;
    const items = rows.map((row): GalleryItem => {
      const item = before.items[row]!;
      const thumb = [end, item.thumb[1]] as const;
      end += item.thumb[1];
      return { ...item, thumb };
    });
    const parts = spans(rows.map((row) => before.items[row]!.thumb)).map(([from, to]) => blob.slice(from, to));
    const names = { features: nextName(before.features), thumbs: nextName(before.thumbs) };
    await store(fileOf(this.name, names.features), bytesOf(kept));
    await store(fileOf(this.name, names.thumbs), new Blob(parts));
    this.#index = { ...before, ...names, items };
    this.#rows = undefined;
    await this.commit();
    await removeStored(fileOf(this.name, before.features));
    await removeStored(fileOf(this.name, before.thumbs));
  }

  /** Puts features of another model in place of those that are there. */
  async renew(model: GalleryModel, { data, dimension }: Features): Promise<void> {
    const before = this.#index;
    const features = nextName(before.features);
    await store(fileOf(this.name, features), bytesOf(data));
    this.#index = { ...before, model: { ...model, dimension }, features };
    this.#rows = undefined;
    await this.commit();
    await removeStored(fileOf(this.name, before.features));
  }

  bytes(): Promise<number> {
    return storedBytes(`${GALLERIES}/${this.name}`);
  }

  /** Reads something that belongs to the gallery. */
  read<T>(file: string): Promise<T | undefined> {
    return storedJson<T>(fileOf(this.name, file));
  }

  /** Writes something that belongs to the gallery. */
  write(file: string, value: unknown): Promise<void> {
    return store(fileOf(this.name, file), JSON.stringify(value));
  }
}

/** Places of a file, first byte and length, as spans from a byte to a byte: those that lie side by side are one. */
export function spans(
  places: Iterable<readonly [offset: number, bytes: number]>,
): (readonly [from: number, to: number])[] {
  const found: [number, number][] = [];
  for (const [offset, bytes] of places) {
    const last = found.at(-1);
    if (last && last[1] === offset) last[1] += bytes;
    else found.push([offset, offset + bytes]);
  }
  return found;
}

/** Names of all galleries. */
export const galleryNames = (): Promise<string[]> => storedNames(GALLERIES);

export const deleteGalleryFiles = (name: string): Promise<void> => removeStored(`${GALLERIES}/${name}`);

let newest: { readonly gallery: Gallery; readonly modified: number } | undefined;

/** A gallery to be read: the one in memory, as long as nobody has changed it, in this tab or another. */
export async function galleryOf(name: string): Promise<Gallery> {
  const modified = await storedFile(fileOf(name, INDEX)).then(
    (file) => file.lastModified,
    () => -1,
  );
  if (newest?.gallery.name === name && newest.modified === modified) return newest.gallery;
  newest = { gallery: await Gallery.open(name), modified };
  return newest.gallery;
}

/**
 * Changes a gallery; nobody else does meanwhile.
 *
 * @throws PageError while something else changes it, here or in another tab
 */
export const changing = <T>(name: string, work: (gallery: Gallery) => Promise<T>): Promise<T> =>
  locked(name, async () => work(await Gallery.open(name)));

/** Deletes a gallery, a damaged one too. @throws PageError while something else changes it */
export const deleteGallery = (name: string): Promise<void> => locked(name, () => deleteGalleryFiles(name));

async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`gallery ${name}`, { ifAvailable: true }, async (lock) => {
    if (!lock) {
      throw new PageError(`The gallery ${name} is being changed, here or in another tab. Let that end, and try again.`);
    }
    try {
      return await work();
    } finally {
      newest = undefined;
    }
  });
}

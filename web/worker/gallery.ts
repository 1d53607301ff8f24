import { blobSource } from '../../engine/io/source.js';
import { describerOf, PIXEL_MODEL } from './gallery-describer.js';
import { readGalleryFile, writeGalleryFile } from './gallery-file.js';
import { originalOf } from './gallery-incoming.js';
import { type GalleryItem, type GalleryModel, galleryTable, groupTable } from './gallery-index.js';
import { bitmapOfOriginal } from './gallery-pictures.js';
import {
  changing,
  checkGalleryName,
  deleteGallery,
  deleteGalleryFiles,
  Gallery,
  galleryNames,
  galleryOf,
} from './gallery-store.js';
import type { Handler } from './job.js';
import { type StorageUse, storageUse } from './storage.js';

/** A picture as the page knows it. */
export type GalleryPicture = Omit<GalleryItem, 'thumb'>;

/** What the page knows of a gallery. */
export interface GalleryFacts {
  readonly name: string;
  readonly model: GalleryModel;
  readonly pictures: readonly GalleryPicture[];
  readonly bytes: number;
  readonly storage: StorageUse;
}

async function factsOfGallery(gallery: Gallery): Promise<GalleryFacts> {
  return {
    name: gallery.name,
    model: gallery.model,
    pictures: gallery.items.map(({ thumb: _, ...picture }) => picture),
    bytes: await gallery.bytes(),
    storage: await storageUse(),
  };
}

/** Names of the galleries that this browser keeps. */
const listGalleries: Handler<void, string[]> = () => galleryNames();

const openGallery: Handler<{ readonly gallery: string }, GalleryFacts> = async ({ gallery }) =>
  factsOfGallery(await galleryOf(gallery));

/** Makes an empty gallery; what makes its features may change until the first picture is in it. */
const createGallery: Handler<{ readonly name: string }, GalleryFacts> = async ({ name }) => {
  // The browser may ask a person whether it should keep what is stored; most decide by themselves.
  await navigator.storage.persist?.().catch(() => false);
  return factsOfGallery(await Gallery.create(name, PIXEL_MODEL));
};

const removeGallery: Handler<{ readonly gallery: string }, void> = ({ gallery }) => deleteGallery(gallery);

const removeFromGallery: Handler<{ readonly gallery: string; readonly ids: readonly number[] }, GalleryFacts> = ({
  gallery: name,
  ids,
}) =>
  changing(name, async (gallery) => {
    await gallery.remove(ids);
    return factsOfGallery(gallery);
  });

/** Small pictures, JPEGs, in the order asked for. */
const galleryThumbs: Handler<{ readonly gallery: string; readonly ids: readonly number[] }, Blob[]> = async ({
  gallery,
  ids,
}) => {
  const blobs = await (await galleryOf(gallery)).thumbsOf(ids);
  // In memory: the file that they are slices of may be written to.
  return Promise.all(blobs.map(async (blob) => new Blob([await blob.arrayBuffer()], { type: 'image/jpeg' })));
};

/** A picture to be looked at: as it is where its file is at hand, small otherwise. */
const galleryPicture: Handler<
  { readonly gallery: string; readonly id: number },
  { readonly bitmap: ImageBitmap; readonly whole: boolean }
> = async ({ gallery: name, id }) => {
  const gallery = await galleryOf(name);
  const original = originalOf(gallery.items.find((item) => item.id === id)?.path ?? '');
  const bitmap = original && (await bitmapOfOriginal(original).catch(() => undefined));
  if (bitmap) return { bitmap, whole: true };
  const [thumb] = await gallery.thumbsOf([id]);
  return { bitmap: await createImageBitmap(thumb!), whole: false };
};

/** What a model's features are called, to be compared with a gallery's. */
const modelKey: Handler<{ readonly model: string }, GalleryModel> = async ({ model }) =>
  (await describerOf(model)).model;

/** A gallery as one file, and its table. */
const exportGallery: Handler<{ readonly gallery: string }, Blob> = async ({ gallery: name }) => {
  const gallery = await galleryOf(name);
  const { data } = await gallery.features();
  const thumbs = new Uint8Array(await (await gallery.thumbs()).arrayBuffer());
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeGalleryFile({ index: gallery.index, features: data, thumbs })) chunks.push(chunk);
  return new Blob(chunks as Uint8Array<ArrayBuffer>[]);
};

const exportTable: Handler<{ readonly gallery: string }, Blob> = async ({ gallery }) =>
  new Blob([galleryTable((await galleryOf(gallery)).items)], { type: 'text/csv' });

/** Takes a gallery in that `exportGallery` wrote; its name is free, or gets a number. */
const importGallery: Handler<{ readonly file: File }, GalleryFacts> = async ({ file }) => {
  const content = await readGalleryFile(blobSource(file));
  const taken = new Set(await galleryNames());
  const plain = file.name.replace(/\.\w+$/, '').replace(/[^\p{L}\p{N} ._-]/gu, '-');
  const wanted = checkGalleryName(/^[\p{L}\p{N}]/u.test(plain) ? plain.slice(0, 50) : 'gallery');
  let free = wanted;
  for (let i = 2; taken.has(free); i++) free = `${wanted} ${i}`;
  try {
    return await factsOfGallery(await Gallery.fill(free, content));
  } catch (error) {
    await deleteGalleryFiles(free);
    throw error;
  }
};

/** Groups that a gallery's pictures were put into, by their numbers; what is not named is in none. */
export interface KeptGroups {
  readonly groups: readonly (readonly [id: number, group: number])[];
}

const GROUPS = 'groups.json';

const keepGroups: Handler<{ readonly gallery: string } & KeptGroups, void> = async ({ gallery, groups }) =>
  (await galleryOf(gallery)).write(GROUPS, { groups });

const keptGroups: Handler<{ readonly gallery: string }, KeptGroups | undefined> = async ({ gallery }) =>
  (await galleryOf(gallery)).read<KeptGroups>(GROUPS);

/** The table of groups as `cli/cluster.js` writes it. */
const exportGroups: Handler<{ readonly gallery: string } & KeptGroups, Blob> = async ({ gallery: name, groups }) => {
  const { items } = await galleryOf(name);
  const group = new Map(groups);
  const text = groupTable(
    items,
    items.map(({ id }) => group.get(id) ?? -1),
  );
  return new Blob([text], { type: 'text/csv' });
};

export const galleryCalls = {
  listGalleries,
  openGallery,
  createGallery,
  removeGallery,
  removeFromGallery,
  galleryThumbs,
  galleryPicture,
  modelKey,
  exportGallery,
  exportTable,
  importGallery,
  keepGroups,
  keptGroups,
  exportGroups,
};

import { decodeFile } from '../../datasets/decode-file.js';
import { mountFolder } from '../../datasets/file-system.browser.js';
import { isPicture } from '../../datasets/files.js';
import { DISTRACTOR, type ImageRecord, JUNK, type Picture, type PictureSource, SPLITS } from '../../datasets/index.js';
import { dataOf } from './data.js';
import { type GalleryItem, nameFor } from './gallery-index.js';
import { filesHanded, type HandedFolder } from './handed-files.js';
import { PageError } from './job.js';

/** Where pictures for a gallery come from: chosen files by their paths, a folder, or the data set that is open. */
export type IncomingFrom = HandedFolder | { readonly data: string };

/** A picture at its own size: what reads it, and its name there. */
export interface Original {
  readonly source: PictureSource;
  readonly picture: Picture;
}

/** A picture on its way into a gallery. */
export interface Incoming extends Original {
  readonly item: Pick<GalleryItem, 'path' | 'camera' | 'identity' | 'bytes'>;
}

/** Pictures that were chosen since the page was opened, by their names in galleries. */
const originals = new Map<string, Original>();

/** The picture at its own size, where its file is at hand. */
export const originalOf = (path: string): Original | undefined => originals.get(path);

/** Distinguishes folders of the same name. */
let mounts = 0;

/** The name that a person knows the picture of an error by. */
export const plainWords = (message: string): string => message.replaceAll(/~\d+\//g, '');

/**
 * How cameras are known: `camera` is one for all, `folders` says that the folder of each picture is its camera.
 */
export type Cameras = { readonly camera: string } | { readonly folders: true } | undefined;

function cameraOf(path: string, cameras: Cameras): string | undefined {
  if (!cameras) return undefined;
  if ('camera' in cameras) return cameras.camera;
  return path.split('/').at(-2);
}

/**
 * The pictures that were chosen, and how many files are none.
 *
 * @param items what the gallery holds
 * @throws PageError where there is no picture among them
 */
export async function incoming(
  from: IncomingFrom,
  cameras: Cameras,
  items: readonly GalleryItem[],
): Promise<{ readonly pictures: readonly Incoming[]; readonly others: number }> {
  const there = new Map(items.map(({ path, bytes }) => [path, bytes]));
  const found = 'data' in from ? ofData(from.data) : ofFiles(from, cameras, there);
  for (const one of found.pictures) originals.set(one.item.path, one);
  return found;
}

function ofFiles(folder: HandedFolder, cameras: Cameras, there: ReadonlyMap<string, number | undefined>) {
  const { name } = folder;
  const list = filesHanded(folder);
  const pictures = list.filter(([path]) => isPicture(path));
  if (pictures.length === 0) {
    throw new PageError(
      list.length === 0
        ? `${name} is empty: there is nothing to add.`
        : `None of the ${list.length} files of ${name} is a JPEG or PNG picture (.jpg, .jpeg, .png). Convert the pictures, or choose another folder.`,
    );
  }
  const mount = `~${++mounts}`;
  mountFolder(
    mount,
    pictures.map(([path, file]) => [`${name}/${path}`, file] as const),
  );
  const source: PictureSource = { onDisk: true, read: ({ path }) => decodeFile(path) };
  return {
    others: list.length - pictures.length,
    pictures: pictures.map(([inner, file]): Incoming => {
      const full = `${name}/${inner}`;
      const bytes = file.size;
      const item = { path: nameFor(full, bytes, there), camera: cameraOf(full, cameras), bytes };
      return { source, picture: { path: `${mount}/${full}` }, item };
    }),
  };
}

function ofData(data: string) {
  const { dataset } = dataOf(data);
  const records = new Map<string, { readonly record: ImageRecord; readonly known: boolean }>();
  for (const split of SPLITS) {
    for (const record of dataset[split]) {
      const known = split === 'train' || (record.identity !== JUNK && record.identity !== DISTRACTOR);
      records.set(record.path, { record, known });
    }
  }
  return {
    others: 0,
    pictures: [...records.values()].map(({ record: picture, known }): Incoming => {
      const { path, camera, identityName } = picture;
      return {
        source: dataset,
        picture,
        item: { path, camera: String(camera + 1), ...(known ? { identity: identityName } : {}) },
      };
    }),
  };
}

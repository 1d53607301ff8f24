import { basename, factsOf, join, listFolder, resolve } from '#files';
import { DatasetError } from './error.js';
import type { FolderEntry } from './file-system.js';
import { compareNatural } from './natural-order.js';

const PICTURE = /\.(jpe?g|png)$/i;
const PACKED = /\.(zip|tar|tgz|gz|7z|rar)$/i;

/** What systems leave in folders by themselves; nobody wants to hear of it. */
const CLUTTER = /^(\..*|Thumbs\.db|desktop\.ini|__MACOSX)$/i;

/** True for names that systems leave behind: dot files, `Thumbs.db`, and the like. */
export const isClutter = (name: string): boolean => CLUTTER.test(name);

/** True for the names of JPEG and PNG files. */
export const isPicture = (name: string): boolean => PICTURE.test(name);

/** True for a folder that exists. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await factsOf(path)).isDirectory();
  } catch {
    return false;
  }
}

/** True for anything that exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await factsOf(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder at `path`, absolute.
 *
 * @throws DatasetError when it is missing, or is a file
 */
export async function needFolder(path: string): Promise<string> {
  const full = resolve(path);
  try {
    if ((await factsOf(full)).isDirectory()) return full;
  } catch {
    throw new DatasetError(`There is no folder ${full}. Check the path (it is read from the folder you run in).`);
  }
  throw new DatasetError(`${full} is a file; a folder is needed here.`);
}

/**
 * What lies in a folder, without clutter.
 *
 * @throws DatasetError when it cannot be looked into
 */
export async function entriesOf(folder: string): Promise<FolderEntry[]> {
  try {
    return (await listFolder(folder)).filter(({ name }) => !isClutter(name));
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    const reason = code === 'EACCES' ? 'no permission to read it' : message;
    throw new DatasetError(`The folder ${folder} cannot be listed: ${reason}.`, { cause: error });
  }
}

/** What a folder holds, as paths relative to the folder where the walk began, with `/`. */
export interface FolderContents {
  /** `''` for the folder itself. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Goes through a folder and those in it, in natural order; links are followed, each folder once. Clutter is passed over.
 *
 * @param deep also go into sub-folders
 */
export async function* walkFolders(root: string, deep = true): AsyncGenerator<FolderContents> {
  const visited = new Set<string>();
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    // A folder that holds a link to one above it would otherwise be walked for ever.
    const { place } = await factsOf(join(root, folder));
    if (place !== undefined && visited.has(place)) continue;
    if (place !== undefined) visited.add(place);
    const files: string[] = [];
    const folders: string[] = [];
    for (const entry of await entriesOf(join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // A link says nothing of what it points to; datasets are often links to another disk.
      const kind = entry.isSymbolicLink() ? await factsOf(join(root, path)).catch(() => undefined) : entry;
      if (kind?.isDirectory()) folders.push(path);
      else if (kind?.isFile()) files.push(path);
    }
    folders.sort(compareNatural);
    yield { folder, files: files.sort(compareNatural), folders };
    if (deep) for (const inner of folders.reverse()) waiting.push(inner);
  }
}

/**
 * JPEG and PNG files in a folder, as paths relative to it with `/`, sorted. Dot files, `Thumbs.db` and everything that
 * is not a picture are passed over.
 *
 * @param deep also look into sub-folders
 */
export async function listPictures(folder: string, deep = false): Promise<string[]> {
  const found: string[] = [];
  for await (const { files } of walkFolders(folder, deep))
    for (const file of files) if (isPicture(file)) found.push(file);
  return found.sort(compareNatural);
}

/** What a folder holds, in few words, for an error about something that it does not hold. */
export async function sayContents(folder: string): Promise<string> {
  const entries = await entriesOf(folder);
  const shown = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort(compareNatural)
    .slice(0, 6);
  if (shown.length === 0) return `${basename(folder)} is empty`;
  const more = entries.length > shown.length ? ` and ${entries.length - shown.length} more` : '';
  const packed = entries.find(({ name }) => PACKED.test(name));
  const unpack = packed ? ` (${packed.name} is packed: unpack it first)` : '';
  return `${basename(folder)} holds ${shown.join(', ')}${more}${unpack}`;
}

import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DatasetError } from './error.js';
import { compareNatural } from './natural-order.js';

const PICTURE = /\.(jpe?g|png)$/i;

/** True for a folder that exists. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
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
    if ((await stat(full)).isDirectory()) return full;
  } catch {
    throw new DatasetError(`There is no folder ${full}. Check the path (it is read from the folder you run in).`);
  }
  throw new DatasetError(`${full} is a file; a folder is needed here.`);
}

/**
 * JPEG and PNG files in a folder, as paths relative to it with `/`, sorted. Dot files, `Thumbs.db` and everything that
 * is not a picture are passed over.
 *
 * @param deep also look into sub-folders
 */
export async function listPictures(folder: string, deep = false): Promise<string[]> {
  const found: string[] = [];
  const visit = async (inner: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inner), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = inner === '' ? entry.name : `${inner}/${entry.name}`;
      // A link says nothing of what it points to; datasets are often links to another disk.
      const linked = entry.isSymbolicLink() ? await stat(join(folder, path)).catch(() => undefined) : entry;
      if (linked?.isDirectory()) {
        if (deep) await visit(path);
      } else if (linked?.isFile() && PICTURE.test(entry.name)) found.push(path);
    }
  };
  await visit('');
  return found.sort(compareNatural);
}

/** What a folder holds, in few words, for an error about something that it does not hold. */
export async function sayContents(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const shown = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort(compareNatural)
    .slice(0, 6);
  if (shown.length === 0) return `${basename(folder)} is empty`;
  const more = entries.length > shown.length ? ` and ${entries.length - shown.length} more` : '';
  return `${basename(folder)} holds ${shown.join(', ')}${more}`;
}

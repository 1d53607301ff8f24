import { join } from 'node:path';
import type { SkippedFile } from './dataset.js';
import { entriesOf, isFolder, listPictures } from './files.js';
import { compareNatural } from './natural-order.js';

/** A frame of a folder. */
export interface FolderFrame {
  readonly path: string;
  readonly frame: number;
}

/** The folders in a folder, in natural order. */
export async function foldersOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await entriesOf(folder)) if (await isFolder(join(folder, name))) names.push(name);
  return names.sort(compareNatural);
}

/**
 * The frames of a tracklet's folder, in order of their numbers.
 *
 * @param name of a frame; its first group is the number
 * @param example of such a name, for what is said of others
 * @param skipped gets pictures with other names
 */
export async function framesOf(
  folder: string,
  name: RegExp,
  example: string,
  skipped: SkippedFile[],
): Promise<FolderFrame[]> {
  const frames: FolderFrame[] = [];
  for (const file of await listPictures(folder)) {
    const path = join(folder, file);
    const frame = Number(name.exec(file)?.[1] ?? Number.NaN);
    if (Number.isNaN(frame)) skipped.push({ path, reason: `not named as frames are here (${example})` });
    else frames.push({ path, frame });
  }
  return frames.sort((a, b) => a.frame - b.frame);
}

import { basename, dirname, join } from '#files';
import { DatasetError } from './error.js';
import { entriesOf, exists, isFolder, needFolder, sayContents } from './files.js';
import { compareNatural } from './natural-order.js';

/** How a dataset's folder is known. */
export interface RootMarks {
  /** The dataset, for errors. */
  readonly title: string;
  /** Folders or files, each of which lies in the dataset's folder and nowhere else. */
  readonly any: readonly string[];
  /** What the folder should hold, for errors: `bounding_box_train, query and bounding_box_test`. */
  readonly holds: string;
}

/** How far to look for a dataset that is not where it was said to be: folders deep, and folders in all. */
const DEPTH = 3;
const MOST_FOLDERS = 2000;

const hasAny = async (folder: string, names: readonly string[]): Promise<boolean> => {
  for (const name of names) if (await exists(join(folder, name))) return true;
  return false;
};

/** Folders below `root` that have a mark, as paths relative to it; a folder with a mark is not looked into. */
async function findBelow(root: string, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let level = [''];
  let visited = 0;
  for (let depth = 0; depth < DEPTH; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (visited++ > MOST_FOLDERS) break;
      for (const { name } of await entriesOf(join(root, folder))) {
        const inner = join(folder, name);
        if (!(await isFolder(join(root, inner)))) continue;
        ((await hasAny(join(root, inner), names)) ? found : next).push(inner);
      }
    }
    level = next;
  }
  return found.sort(compareNatural);
}

/**
 * The folder that holds a dataset: `folder` itself, or the one folder inside it that does.
 *
 * @throws DatasetError saying where the dataset is, if it is further down, in several places, or one folder up
 */
export async function findRoot(folder: string, { title, any, holds }: RootMarks): Promise<string> {
  const full = await needFolder(folder);
  if (await hasAny(full, any)) return full;
  const wanted = `Give the folder that holds ${holds}, or the one above it.`;
  const above = dirname(full);
  if (any.includes(basename(full))) {
    throw new DatasetError(`${full} is one part of ${title}. Give the folder above it: ${above}`);
  }
  const inner = await findBelow(full, any);
  if (inner.length === 1) {
    if (!inner[0]!.includes('/') && !inner[0]!.includes('\\')) return join(full, inner[0]!);
    throw new DatasetError(`${full} has ${title} further down. Give that folder: ${join(full, inner[0]!)}`);
  }
  if (inner.length > 1) {
    const list = inner.slice(0, 6).join(', ');
    throw new DatasetError(
      `${full} has no folder or file ${any[0]}; ${inner.length} datasets are in it: ${list}. Give one of them.`,
    );
  }
  const says = await sayContents(full);
  throw new DatasetError(`${full} is not the folder of ${title}: it has no ${any[0]}; ${says}. ${wanted}`);
}

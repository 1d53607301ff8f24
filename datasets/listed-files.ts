import type { Split } from './dataset.js';
import { FileFinder } from './file-finder.js';
import { counted, type Finding } from './finding.js';

/** Pictures of lists, those that exist, and what to say of the others. */
export interface ListedFiles<T> extends Readonly<Record<Split, readonly T[]>> {
  readonly problems: readonly Finding[];
}

/** Leaves out pictures that a data set's lists name and that do not exist. Each folder is looked into once. */
export async function existing<T extends { readonly path: string }>(
  splits: Readonly<Record<Split, readonly T[]>>,
): Promise<ListedFiles<T>> {
  const finder = new FileFinder();
  const absent: string[] = [];
  const keep = async (records: readonly T[]): Promise<T[]> => {
    const kept: T[] = [];
    for (const record of records) {
      if ((await finder.find(record.path)) === record.path) kept.push(record);
      else absent.push(record.path);
    }
    return kept;
  };
  const [train, query, gallery] = [await keep(splits.train), await keep(splits.query), await keep(splits.gallery)];
  if (absent.length === 0) return { train, query, gallery, problems: [] };
  const all = splits.train.length + splits.query.length + splits.gallery.length;
  const missing: Finding = {
    level: 'error',
    code: 'missing-file',
    message: `${counted(absent.length, 'picture')} of ${all} that the lists name not found, first ${absent[0]}`,
    advice: 'Unpack the pictures again, and look whether these are the lists of this version.',
    items: absent,
  };
  return { train, query, gallery, problems: [missing] };
}

import type { Handler } from './job.js';

/** A chosen file and its path below the folder that it was chosen in. */
export type ChosenFile = readonly [path: string, file: File];

/** A folder whose files the page has handed over by `handFiles`. */
export interface HandedFolder {
  readonly name: string;
  readonly handed: number;
}

const lists = new Map<number, ChosenFile[]>();

/** Takes some of a folder's files over, after those that came before under the same number. */
const handFiles: Handler<{ readonly to: number; readonly files: readonly ChosenFile[] }, void> = async ({
  to,
  files,
}) => {
  const list = lists.get(to);
  if (list) list.push(...files);
  else lists.set(to, [...files]);
};

/** All that was handed over under a number; it is asked for once. */
export function filesHanded({ handed }: HandedFolder): readonly ChosenFile[] {
  const list = lists.get(handed) ?? [];
  lists.delete(handed);
  return list;
}

/** Forgets files that nobody will ask for. */
const dropFiles: Handler<{ readonly to: number }, void> = async ({ to }) => void lists.delete(to);

export const handedFilesCalls = { handFiles, dropFiles };

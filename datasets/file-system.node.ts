import { readdir, readFile, stat } from 'node:fs/promises';
import type { FileFacts, FolderEntry } from './file-system.js';

export { basename, dirname, extname, join, resolve, sep } from 'node:path';

export const listFolder = (path: string): Promise<FolderEntry[]> => readdir(path, { withFileTypes: true });

export async function factsOf(path: string): Promise<FileFacts> {
  const facts = await stat(path, { bigint: true });
  return {
    isFile: () => facts.isFile(),
    isDirectory: () => facts.isDirectory(),
    place: facts.ino === 0n ? undefined : `${facts.dev}:${facts.ino}`,
  };
}

export const readBytesOf = (path: string): Promise<Uint8Array> => readFile(path);

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileError } from '../engine/io/files.node.js';

/** Makes the folder in which a file is to be written, before hours go into its content. */
export function requireFolderOf(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new FileError(`The folder ${folder} can not be made: ${(error as Error).message}`);
  }
}

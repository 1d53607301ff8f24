import { readBytesOf } from '#files';
import { DatasetError } from './error.js';
import { decodeImage, type Image } from './image.js';

/**
 * Reads a file of a dataset.
 *
 * @throws DatasetError naming the file: missing, or not readable
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readBytesOf(path);
  } catch (error) {
    const code = (error as Error & { readonly code?: string }).code;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'no permission to read it' : String(error);
    throw new DatasetError(`${path} cannot be opened: ${reason}. Check the dataset's folder.`, { cause: error });
  }
}

/** A text file in UTF-8; @throws Error when it cannot be read */
export async function readTextOf(path: string): Promise<string> {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readBytesOf(path));
}

/**
 * Reads and decodes a picture file.
 *
 * @throws DatasetError naming the file: missing, not readable, or not a picture
 */
export async function decodeFile(path: string): Promise<Image> {
  return decodeImage(await readBytes(path), path);
}

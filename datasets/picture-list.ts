import { readTextOf } from './decode-file.js';
import { DatasetError } from './error.js';
import { sayContents } from './files.js';

/** A line of a list of pictures. */
export interface ListedPicture {
  /** Number of the line, from 1. */
  readonly line: number;
  /** What stands on it. */
  readonly fields: readonly string[];
}

/**
 * Reads a list: a line a picture, fields apart by spaces.
 *
 * @param form of a line, for errors: `0000001 123: image, vehicle`
 * @param fits what a line's fields must be like
 * @throws DatasetError naming the file, and the line that is otherwise
 */
export async function readPictureList(
  folder: string,
  file: string,
  form: string,
  fits: (fields: readonly string[]) => boolean,
): Promise<ListedPicture[]> {
  let text: string;
  try {
    text = await readTextOf(`${folder}/${file}`);
  } catch {
    throw new DatasetError(`${folder} has no ${file}; ${await sayContents(folder)}. Copy it again.`);
  }
  const found: ListedPicture[] = [];
  for (const [i, written] of text.split('\n').entries()) {
    const line = written.trim();
    if (line === '') continue;
    const fields = line.split(/\s+/);
    if (!fits(fields)) {
      throw new DatasetError(
        `${folder}/${file}, line ${i + 1}: "${line.slice(0, 80)}" is not what it should be (${form}). Copy the list again.`,
      );
    }
    found.push({ line: i + 1, fields });
  }
  if (found.length === 0) throw new DatasetError(`${folder}/${file} is empty. Copy it again.`);
  return found;
}

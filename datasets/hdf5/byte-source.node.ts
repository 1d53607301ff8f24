import { type FileHandle, open } from 'node:fs/promises';
import { DatasetError } from '../error.js';

/** Bytes that can be read anywhere, for files that are too large to be read whole. */
export interface ByteSource {
  /** For errors. */
  readonly name: string;
  readonly size: number;
  /** @throws DatasetError when the source ends before `offset + length` */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Checks a range against a source's size. */
function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new DatasetError(
    `${name} has ${size} bytes, and bytes ${offset} to ${offset + length} are wanted: it was cut short or is damaged. Copy it again.`,
  );
}

/** A file, open until `close`. */
class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: FileHandle;

  constructor(name: string, size: number, file: FileHandle) {
    this.name = name;
    this.size = size;
    this.#file = file;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this.name, this.size, offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new DatasetError(`${this.name} became shorter while it was read.`);
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Opens a file for reading here and there.
 *
 * @throws DatasetError when it cannot be opened
 */
export async function openBytes(path: string): Promise<ByteSource> {
  try {
    const file = await open(path, 'r');
    return new FileSource(path, (await file.stat()).size, file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new DatasetError(`${path} cannot be opened: ${reason}.`, { cause: error });
  }
}

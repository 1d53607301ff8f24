import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteSource, checkRange, FormatError } from './source.js';

/** A file could not be read or written; the message names it, the reason and what to do. `cause` is Node's own error. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

/** A file on disk as a source; close it when done. */
export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'permission is denied; check who owns it, or choose another folder',
  EPERM: 'the operation is not permitted; check who owns it, or choose another folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space, or choose another folder',
  EDQUOT: 'the disk quota is used up; free some space, or choose another folder',
  EFBIG: 'the file is too large for this file system',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EMFILE: 'too many files are open; close some',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk reports an error',
};

/**
 * Opens a file for reading a stretch at a time, so that a large one need not be in memory whole.
 *
 * @example
 * const source = await openFile('model.safetensors');
 * try {
 *   const checkpoint = await openSafetensors(source);
 * } finally {
 *   await source.close();
 * }
 *
 * @throws FileError when it cannot be opened
 */
export async function openFile(path: string): Promise<FileSource> {
  const handle = await naming('open', path, () => open(path, 'r'));
  try {
    const stats = await naming('read', path, () => handle.stat());
    if (!stats.isFile()) throw new FileError(`cannot read ${path}: it is no regular file`);
    return {
      name: path,
      size: stats.size,
      read: (offset, length) => naming('read', path, () => readStretch(handle, path, stats.size, offset, length)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a whole file.
 *
 * @throws FileError naming the file and the reason
 */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  return naming('read', path, async () => {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}

/**
 * Writes a file so that at any moment, and after a crash, its path holds either the old content or the whole new one:
 * into a temporary file in the same folder, flushed to the disk, then renamed. The temporary file is removed when
 * anything fails. A symbolic link stays one: its target is replaced.
 *
 * @example
 * await writeFileAtomically('runs/1/last.safetensors', writeSafetensors(state));
 *
 * @param content text (written as UTF-8), bytes, or chunks of bytes as they come
 * @throws FileError naming the file and the reason; whatever making the chunks throws
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await naming('write', path, () => open(temporary, 'wx'));
  try {
    try {
      for await (const chunk of chunksOf(content)) await naming('write', path, () => writeAll(handle, chunk));
      await naming('write', path, () => handle.sync());
    } finally {
      await naming('write', path, () => handle.close());
    }
    await naming('write', path, () => rename(temporary, target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

function chunksOf(
  content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === 'string') return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0;
  while (done < chunk.length) done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
}

async function readStretch(
  handle: FileHandle,
  path: string,
  size: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  checkRange(path, size, offset, length);
  const out = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(out, done, length - done, offset + done);
    if (bytesRead === 0) throw new FormatError(`${path} became shorter while it was read; copy it again`);
    done += bytesRead;
  }
  return out;
}

/** Makes the renaming last through a power failure; some file systems and Windows do not let a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function naming<T>(action: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === '') throw error;
    const reason = advice[code] ?? (error instanceof Error ? error.message : code);
    throw new FileError(`cannot ${action} ${path}: ${reason} (${code})`, { cause: error });
  }
}

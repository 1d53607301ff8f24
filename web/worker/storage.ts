/** The browser's storage of this page (the origin private file system): folders and files that no other page sees. */

/** The page's storage cannot be used, or is full; the message says what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

export interface StorageUse {
  /** Bytes of everything that this page keeps. */
  readonly used: number;
  /** Bytes that the browser allows. */
  readonly allowed: number;
  /** True when the browser has promised not to delete it by itself. */
  readonly kept: boolean;
}

const MIB = 2 ** 20;

const size = (bytes: number): string =>
  bytes >= 1024 * MIB ? `${(bytes / (1024 * MIB)).toFixed(1)} GiB` : `${Math.max(bytes / MIB, 0).toFixed(0)} MiB`;

export async function storageUse(): Promise<StorageUse> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { used: usage, allowed: quota, kept: await navigator.storage.persisted() };
}

/** An error of the browser in words for people. */
async function explained(error: unknown, what: string): Promise<Error> {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'QuotaExceededError') {
    const { used, allowed } = await storageUse();
    return new StorageError(
      `${what} could not be written: the storage that the browser gives this page is full (${size(used)} of ${size(allowed)} used). ` +
        'Delete runs or pictures under Storage, or free space on the disk, and go on.',
      { cause: error },
    );
  }
  if (name === 'SecurityError' || name === 'NotAllowedError') {
    return new StorageError(
      'The browser gives this page no storage: runs cannot be kept. Leave private browsing, or allow site data for this page.',
      { cause: error },
    );
  }
  if (name === 'NotFoundError')
    return new StorageError(`${what} is not in the page's storage any more.`, { cause: error });
  return new StorageError(`${what}: ${message}`, { cause: error });
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

async function folderAt(parts: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return folder;
}

async function handleAt(path: string, create = false): Promise<FileSystemFileHandle> {
  const parts = partsOf(path);
  const folder = await folderAt(parts.slice(0, -1), create);
  return folder.getFileHandle(parts.at(-1)!, { create });
}

/** A file of the storage. @throws StorageError */
export async function storedFile(path: string): Promise<File> {
  try {
    return await (await handleAt(path)).getFile();
  } catch (error) {
    throw await explained(error, path);
  }
}

export async function isStored(path: string): Promise<boolean> {
  return handleAt(path).then(
    () => true,
    () => false,
  );
}

/** A JSON file of the storage, or undefined where there is none or it is damaged. */
export async function storedJson<T>(path: string): Promise<T | undefined> {
  if (!(await isStored(path))) return undefined;
  try {
    return JSON.parse(await (await storedFile(path)).text()) as T;
  } catch {
    return undefined;
  }
}

/**
 * Writes a file whole or not at all: until it is whole its path holds the old content.
 *
 * @throws StorageError when the storage is full, with what to do
 */
export async function store(
  path: string,
  content: string | Uint8Array | Blob | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  let stream: FileSystemWritableFileStream | undefined;
  try {
    stream = await (await handleAt(path, true)).createWritable();
    const whole = typeof content === 'string' || content instanceof Uint8Array || content instanceof Blob;
    for await (const chunk of whole ? [content] : content) await stream.write(chunk as FileSystemWriteChunkType);
    await stream.close();
  } catch (error) {
    await stream?.abort().catch(() => undefined);
    throw await explained(error, path);
  }
}

export const storeJson = (path: string, value: unknown): Promise<void> =>
  store(path, `${JSON.stringify(value, null, 2)}\n`);

/** Names in a folder of the storage; none where there is no such folder. */
export async function storedNames(path: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const name of (await folderAt(partsOf(path), false)).keys()) names.push(name);
    return names.sort();
  } catch {
    return [];
  }
}

/** A file that is being replaced may be gone by now. */
const sizeOf = (file: FileSystemFileHandle): Promise<number> =>
  file.getFile().then(
    ({ size: bytes }) => bytes,
    () => 0,
  );

/** Bytes of the files in a folder, those below it too. */
export async function storedBytes(path: string): Promise<number> {
  let sum = 0;
  const visit = async (folder: FileSystemDirectoryHandle): Promise<void> => {
    for await (const entry of folder.values()) {
      if (entry.kind === 'directory') await visit(entry as FileSystemDirectoryHandle);
      else sum += await sizeOf(entry as FileSystemFileHandle);
    }
  };
  await folderAt(partsOf(path), false).then(visit, () => undefined);
  return sum;
}

/** Deletes a file, or a folder with all that is in it. */
export async function removeStored(path: string): Promise<void> {
  const parts = partsOf(path);
  const folder = await folderAt(parts.slice(0, -1), false).catch(() => undefined);
  await folder?.removeEntry(parts.at(-1)!, { recursive: true }).catch(() => undefined);
}

/** Memory of a file that is read and written in place; of workers only. */
export interface OpenFile {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  getSize(): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}

/** Opens a file to be read and written in place. @throws StorageError when it is in use by another tab, too */
export async function openStored(path: string): Promise<OpenFile> {
  try {
    const handle = (await handleAt(path, true)) as FileSystemFileHandle & {
      createSyncAccessHandle(): Promise<OpenFile>;
    };
    return await handle.createSyncAccessHandle();
  } catch (error) {
    if (error instanceof Error && error.name === 'NoModificationAllowedError') {
      throw new StorageError(`${path} is in use: is this page open in another tab? Close one of them.`, {
        cause: error,
      });
    }
    throw await explained(error, path);
  }
}

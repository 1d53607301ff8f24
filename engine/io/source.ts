/** A file that is damaged, of another format, or refused; the message names the file and says what to do. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** Bytes that are read a stretch at a time: a file on disk, a `Blob`, or memory. */
export interface ByteSource {
  /** For errors. */
  readonly name: string;
  /** Total number of bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on, in memory that the caller may keep; rejects beyond the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Memory as a source; what it reads are views, not copies. */
export function memorySource(bytes: Uint8Array | ArrayBuffer, name = 'bytes in memory'): ByteSource {
  const all = asBytes(bytes);
  return {
    name,
    size: all.byteLength,
    read: async (offset, length) => {
      checkRange(name, all.byteLength, offset, length);
      return all.subarray(offset, offset + length);
    },
  };
}

/**
 * A `Blob` or `File` (a browser's file picker, a fetched response) as a source.
 *
 * @example
 * const checkpoint = await openSafetensors(blobSource(input.files[0]));
 */
export function blobSource(blob: Blob, name = 'name' in blob ? String(blob.name) : 'a blob'): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (offset, length) => {
      checkRange(name, blob.size, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}

/** The same memory as plain bytes. Subclasses are left behind: `slice` of Node's Buffer, for one, copies nothing. */
export function asBytes(bytes: Uint8Array | ArrayBuffer): Uint8Array {
  return bytes instanceof Uint8Array
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

/** @throws FormatError when a stretch of bytes does not lie within a file */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset < 0 ||
    length < 0 ||
    offset + length > size
  ) {
    throw new FormatError(
      `${name}: bytes ${offset} to ${offset + length} were wanted, but it has ${size}; is it cut short?`,
    );
  }
}

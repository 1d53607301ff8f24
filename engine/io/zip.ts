import { crc32 } from './crc32.js';
import { FormatError } from './source.js';

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  readonly crc: number;
  /** Where its bytes begin in the archive, and how many there are. */
  readonly offset: number;
  readonly storedSize: number;
  /** Its size when unpacked. */
  readonly size: number;
}

const END = 0x06054b50;
const END_SIZE = 22;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_COMMENT = 65535;
const ENCRYPTED = 1;
/** No deflate stream unpacks to more than this many times its size. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * The directory of a zip archive in memory: stored and deflated entries, ZIP64, data descriptors (sizes come from the
 * central directory). Entries are checked to lie apart from each other and inside the archive.
 *
 * Format: PKWARE APPNOTE.TXT 6.3.
 *
 * @param file the archive's name, for errors
 * @throws FormatError when it is cut short, damaged, encrypted, split, or uses another compression
 */
export function readZipDirectory(bytes: Uint8Array, file: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readDirectory(view, bytes, file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FormatError(`${file}: its zip directory points outside the file; copy or download it again`, {
      cause: error,
    });
  }
}

/**
 * The unpacked bytes of an entry: a view of the archive where they are stored.
 *
 * @throws FormatError when they do not unpack, or size or checksum are wrong
 */
export async function readZipEntry(bytes: Uint8Array, entry: ZipEntry, file: string): Promise<Uint8Array> {
  const stored = bytes.subarray(entry.offset, entry.offset + entry.storedSize);
  const unpacked = entry.method === 0 ? stored : await inflate(stored, entry, file);
  if (crc32(unpacked) !== entry.crc) {
    throw new FormatError(
      `${file}: the checksum of '${entry.name}' in it is wrong; the file is damaged, copy it again`,
    );
  }
  return unpacked;
}

function readDirectory(view: DataView, bytes: Uint8Array, file: string): Map<string, ZipEntry> {
  const { count, start, end } = findDirectory(view, file);
  const entries = new Map<string, ZipEntry>();
  const stretches: { from: number; to: number; name: string }[] = [{ from: start, to: end, name: 'the directory' }];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) {
      throw new FormatError(
        `${file}: entry ${i} of ${count} in its zip directory is damaged; copy or download it again`,
      );
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const name = text(bytes, at + 46, nameEnd);
    const { entry, from } = readEntry(view, bytes, at, name, nameEnd, extraEnd, file);
    if (entries.has(name)) throw new FormatError(`${file}: it holds '${name}' twice; the file is damaged`);
    entries.set(name, entry);
    stretches.push({ from, to: entry.offset + entry.storedSize, name: `'${name}'` });
    at = extraEnd + view.getUint16(at + 32, true);
  }
  if (at !== end)
    throw new FormatError(`${file}: its zip directory has ${end - at} bytes too many; the file is damaged`);
  stretches.sort((a, b) => a.from - b.from || a.to - b.to);
  for (let i = 1; i < stretches.length; i++) {
    if (stretches[i].from < stretches[i - 1].to) {
      throw new FormatError(
        `${file}: ${stretches[i - 1].name} and ${stretches[i].name} in it overlap; the file is damaged`,
      );
    }
  }
  return entries;
}

/** Number of entries, and where the central directory begins and ends. */
function findDirectory(view: DataView, file: string): { count: number; start: number; end: number } {
  const size = view.byteLength;
  let at = size - END_SIZE;
  const lowest = Math.max(0, at - MAX_COMMENT);
  while (
    at >= lowest &&
    !(view.getUint32(at, true) === END && at + END_SIZE + view.getUint16(at + 20, true) === size)
  ) {
    at--;
  }
  if (at < lowest) {
    throw new FormatError(`${file}: the end of its zip archive is missing; it is cut short, copy or download it again`);
  }
  const isZip64 = at >= 20 && view.getUint32(at - 20, true) === ZIP64_LOCATOR;
  let count = view.getUint16(at + 10, true);
  let length = view.getUint32(at + 12, true);
  let start = view.getUint32(at + 16, true);
  let disks = view.getUint16(at + 4, true);
  let end = at;
  if (isZip64) {
    end = uint64(view, at - 20 + 8);
    if (end + 56 > at || view.getUint32(end, true) !== ZIP64_END) {
      throw new FormatError(`${file}: its ZIP64 end record is damaged; copy or download it again`);
    }
    disks = view.getUint32(end + 16, true);
    count = uint64(view, end + 32);
    length = uint64(view, end + 40);
    start = uint64(view, end + 48);
  }
  if (disks !== 0) throw new FormatError(`${file} is one part of a split archive; join the parts before`);
  if (start + length > end) {
    throw new FormatError(
      `${file}: its zip directory does not lie in the file; it is cut short, copy or download it again`,
    );
  }
  return { count, start, end: start + length };
}

function readEntry(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  name: string,
  extraStart: number,
  extraEnd: number,
  file: string,
): { entry: ZipEntry; from: number } {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (flags & ENCRYPTED) throw new FormatError(`${file}: '${name}' in it is encrypted; unpack it before`);
  if (method !== 0 && method !== 8) {
    throw new FormatError(
      `${file}: '${name}' in it is compressed by method ${method}; only deflate is read. Save it again`,
    );
  }
  const fields = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const [size, storedSize, from] = widen(view, fields, extraStart, extraEnd);
  const sizesFit = method === 0 ? size === storedSize : size <= (storedSize + 1) * MAX_DEFLATE_RATIO;
  if (!sizesFit) {
    throw new FormatError(`${file}: '${name}' in it cannot have ${size} bytes from ${storedSize}; the file is damaged`);
  }
  const nameLength = view.getUint16(from + 26, true);
  const offset = from + 30 + nameLength + view.getUint16(from + 28, true);
  const localFits =
    view.getUint32(from, true) === LOCAL &&
    view.getUint16(from + 8, true) === method &&
    text(bytes, from + 30, from + 30 + nameLength) === name;
  if (!localFits || offset + storedSize > view.byteLength) {
    throw new FormatError(`${file}: the header of '${name}' in it is damaged; copy or download the file again`);
  }
  return { entry: { name, method, crc: view.getUint32(at + 16, true), offset, storedSize, size }, from };
}

/** Replaces fields that are all ones by those of the ZIP64 extra field, which holds just these, in the same order. */
function widen(view: DataView, fields: number[], extraStart: number, extraEnd: number): number[] {
  let at = extraStart;
  while (at + 4 <= extraEnd && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  if (at + 4 > extraEnd) return fields;
  at += 4;
  return fields.map((field) => {
    if (field !== 0xffffffff) return field;
    at += 8;
    return uint64(view, at - 8);
  });
}

async function inflate(stored: Uint8Array, { name, size }: ZipEntry, file: string): Promise<Uint8Array> {
  try {
    const out = new Uint8Array(size);
    let filled = 0;
    const packed = new Blob([stored as Uint8Array<ArrayBuffer>]).stream();
    const reader = packed.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (filled + part.value.length > size) {
        await reader.cancel();
        throw new Error(`it has more than the ${size} bytes that the directory says`);
      }
      out.set(part.value, filled);
      filled += part.value.length;
    }
    if (filled !== size) throw new Error(`it has ${filled} bytes, the directory says ${size}`);
    return out;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${file}: '${name}' in it does not unpack (${reason}); the file is damaged, copy it again`, {
      cause: error,
    });
  }
}

/** @throws RangeError beyond 2^53, which no file reaches */
function uint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} lies beyond any file`);
  return Number(value);
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return new TextDecoder().decode(bytes.subarray(from, to));
}

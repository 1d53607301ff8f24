import { DatasetError } from '../error.js';

/** An array of numbers or of texts with its shape, in row-major order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Float64Array | readonly string[];
}

const NUMBERS: Readonly<Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>> = {
  '<f8': [8, (view, at) => view.getFloat64(at, true)],
  '<f4': [4, (view, at) => view.getFloat32(at, true)],
  '<i8': [8, (view, at) => Number(view.getBigInt64(at, true))],
  '<u8': [8, (view, at) => Number(view.getBigUint64(at, true))],
  '<i4': [4, (view, at) => view.getInt32(at, true)],
  '<u4': [4, (view, at) => view.getUint32(at, true)],
  '<i2': [2, (view, at) => view.getInt16(at, true)],
  '<u2': [2, (view, at) => view.getUint16(at, true)],
  '|i1': [1, (view, at) => view.getInt8(at)],
  '|u1': [1, (view, at) => view.getUint8(at)],
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Reads one array as NumPy saves it: numbers, or texts of fixed length.
 *
 * @param name for errors
 * @throws DatasetError for objects, Fortran order, or what is no such file
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const view = viewOf(bytes);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d) throw new DatasetError(`${name} is no NumPy array.`);
  const long = bytes[6]! >= 2;
  const start = long ? 12 : 10;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').filter((part) => part.trim() !== '');
  const sizes = shape.map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  if (/'fortran_order':\s*True/.test(header) && sizes.length > 1) {
    throw new DatasetError(`${name} is in Fortran order. Save numpy.ascontiguousarray of it.`);
  }
  const letters = /^<U(\d+)$/.exec(type)?.[1];
  const [bytesEach, read] = letters ? [4 * Number(letters), undefined] : (NUMBERS[type] ?? []);
  if (bytesEach === undefined) {
    throw new DatasetError(
      `${name} has elements of type ${type || 'unknown'}; needed are plain numbers (a dense array).`,
    );
  }
  const from = start + length;
  if (bytes.length < from + count * bytesEach) {
    throw new DatasetError(`${name} is cut short: ${count} elements do not fit. Copy the file again.`);
  }
  if (read)
    return { shape: sizes, values: Float64Array.from({ length: count }, (_, i) => read(view, from + i * bytesEach)) };
  const text = (at: number): string => {
    const codes = Array.from({ length: bytesEach / 4 }, (_, i) => view.getUint32(at + 4 * i, true));
    return String.fromCodePoint(...codes.filter((code) => code !== 0));
  };
  return { shape: sizes, values: Array.from({ length: count }, (_, i) => text(from + i * bytesEach)) };
}

async function inflate(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new DatasetError(`${name} cannot be unpacked: it is damaged. Copy the file again.`, { cause: error });
  }
}

/**
 * Reads a file of several NumPy arrays (`numpy.savez`, `numpy.savez_compressed`).
 *
 * @param file its name, for errors
 * @param wanted names of arrays to read; others are left alone
 * @throws DatasetError when it is no such file, or an array cannot be read
 */
export async function readNpz(
  bytes: Uint8Array,
  file: string,
  wanted: readonly string[],
): Promise<Map<string, NpyArray>> {
  const view = viewOf(bytes);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new DatasetError(`${file} is no .npz file, or is cut short. Save it with numpy.savez.`);
  const arrays = new Map<string, NpyArray>();
  let at = view.getUint32(end + 16, true);
  for (let entry = view.getUint16(end + 10, true); entry > 0; entry--) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw new DatasetError(`${file} is damaged: its list of contents breaks off. Copy it again.`);
    }
    const [method, packed] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true)];
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [
      number,
      number,
      number,
    ];
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)).replace(/\.npy$/, '');
    at += 46 + nameLength + extra + comment;
    if (!wanted.includes(name)) continue;
    const full = `${file}: ${name}`;
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(start, start + packed);
    if (method !== 0 && method !== 8)
      throw new DatasetError(`${full} is packed in a way (${method}) that is not known here.`);
    arrays.set(name, readNpy(method === 8 ? await inflate(content, full) : content, full));
  }
  return arrays;
}

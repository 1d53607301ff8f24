import { type ArrayDtype, bytesOf, bytesPerElement, dataFromBytes, elementCount, type NamedArray } from './arrays.js';
import { FormatError } from './source.js';

/** How numpy names the element types; it has no bfloat16. */
const DESCRIPTIONS: Readonly<Partial<Record<ArrayDtype, string>>> = {
  float64: '<f8',
  float32: '<f4',
  float16: '<f2',
  int64: '<i8',
  uint64: '<u8',
  int32: '<i4',
  uint32: '<u4',
  int16: '<i2',
  uint16: '<u2',
  int8: '|i1',
  uint8: '|u1',
  bool: '|b1',
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Magic, two bytes of version, two of the header's length. */
const PREAMBLE = 10;
/** The elements begin at a multiple of this, so that the file can be mapped. */
const ALIGNMENT = 64;

/**
 * The content of a numpy file (.npy, version 1.0) with one array, as chunks: `numpy.load` reads it.
 *
 * @example
 * await writeFileAtomically('features.npy', writeNpy({ dtype: 'float32', shape: [2, 512], data }));
 *
 * @throws FormatError for bfloat16; RangeError when shape and data do not fit
 */
export function writeNpy(array: NamedArray): Iterable<Uint8Array> {
  const { dtype, shape, data } = array;
  const description = DESCRIPTIONS[dtype];
  if (!description) throw new FormatError(`numpy has no ${dtype}; write it as float32`);
  if (elementCount(shape) !== data.length) {
    throw new RangeError(`${data.length} numbers are no array of the shape [${shape}]`);
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Spaces fill up to the alignment, and a line's end is the last byte.
  const length = Math.ceil((PREAMBLE + text.length + 1) / ALIGNMENT) * ALIGNMENT - PREAMBLE;
  const header = new Uint8Array(PREAMBLE + length);
  header.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  header.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), PREAMBLE);
  return [header, bytesOf(array)];
}

/**
 * Reads a numpy file with one array of numbers in row-major order.
 *
 * @param file for errors
 * @throws FormatError naming the file and what is wrong with it
 */
export function readNpy(bytes: Uint8Array, file = '.npy data'): NamedArray {
  if (bytes.length < PREAMBLE || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError(`${file} is no numpy file: it does not begin with \\x93NUMPY`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! > 1;
  const start = wide ? PREAMBLE + 2 : PREAMBLE;
  const end = start + (wide && bytes.length >= start ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length) throw new FormatError(`${file} is cut short: its header has no end`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const [, description] = /'descr':\s*'([^']*)'/.exec(header) ?? [];
  const [, order] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (description === undefined || order === undefined || sizes === undefined) {
    throw new FormatError(`${file}: its header is not understood: ${header.trim().slice(0, 80)}`);
  }
  const dtype = (Object.keys(DESCRIPTIONS) as ArrayDtype[]).find((key) => DESCRIPTIONS[key] === description);
  if (!dtype) throw new FormatError(`${file} holds ${description}, which is not read; save it as float32`);
  if (order === 'True') throw new FormatError(`${file} is in column order; save it with numpy.ascontiguousarray`);
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const count = elementCount(shape);
  const body = bytes.subarray(end);
  if (body.length !== count * bytesPerElement(dtype)) {
    throw new FormatError(
      `${file} holds ${body.length} bytes of numbers, and [${shape}] ${dtype} take ${count * bytesPerElement(dtype)}; is it cut short?`,
    );
  }
  return { dtype, shape, data: dataFromBytes(dtype, body, count) };
}

import { FormatError } from './source.js';

/** The typed array that holds each element type; 16-bit floats are kept as their bits, booleans as 0 and 1. */
export interface ArrayDataOf {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** Element type of an array in a file. */
export type ArrayDtype = keyof ArrayDataOf;

/** An array as a file holds it: row-major, `data.length` = product of `shape` (1 for an empty shape). */
export interface NamedArray {
  readonly dtype: ArrayDtype;
  readonly shape: readonly number[];
  readonly data: ArrayDataOf[ArrayDtype];
}

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayDataOf[ArrayDtype];
  new (length: number): ArrayDataOf[ArrayDtype];
}

const constructors: Readonly<Record<ArrayDtype, ArrayConstructor>> = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: ArrayDtype): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

/**
 * Number of elements of a shape; 1 for `[]`.
 *
 * @throws RangeError when a length is no whole number from 0, or the product is beyond 2^53
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`[${shape}] is no shape`);
    count *= length;
  }
  if (!Number.isSafeInteger(count)) throw new RangeError(`[${shape}] has more than 2^53 elements`);
  return count;
}

/** Zeros of the given type. */
export function emptyData(dtype: ArrayDtype, count: number): ArrayDataOf[ArrayDtype] {
  return new constructors[dtype](count);
}

/**
 * The bytes as elements: a view where they are aligned, else a copy.
 *
 * @param bytes little-endian, as many as `count` elements take at least
 */
export function dataFromBytes(dtype: ArrayDtype, bytes: Uint8Array, count: number): ArrayDataOf[ArrayDtype] {
  const Elements = constructors[dtype];
  const length = count * Elements.BYTES_PER_ELEMENT;
  if (bytes.byteLength < length)
    throw new RangeError(`${count} ${dtype} take ${length} bytes, got ${bytes.byteLength}`);
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0;
  return aligned
    ? new Elements(bytes.buffer, bytes.byteOffset, count)
    : new Elements(new Uint8Array(bytes.subarray(0, length)).buffer, 0, count);
}

/** The bytes of an array's elements, little-endian, not copied. */
export function bytesOf({ data }: Pick<NamedArray, 'data'>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Any array as float32. Integers and float64 are rounded to the nearest float32; booleans become 0 and 1; a float32
 * array is handed back as it is, not copied.
 *
 * @param name for the error
 * @throws FormatError when a finite float64 is beyond float32
 */
export function toFloat32(array: NamedArray, name = 'array'): Float32Array {
  const { dtype, data } = array;
  if (data instanceof Float32Array) return data;
  const out = new Float32Array(data.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  } else if (dtype === 'float16') {
    float16Table ??= Float32Array.from({ length: 65536 }, (_, bits) => float16Value(bits));
    for (let i = 0; i < out.length; i++) out[i] = float16Table[data[i] as number];
  } else if (dtype === 'bfloat16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < out.length; i++) bits[i] = (data[i] as number) << 16;
  } else {
    for (let i = 0; i < out.length; i++) {
      out[i] = data[i] as number;
      if (dtype === 'float64' && !Number.isFinite(out[i]) && Number.isFinite(data[i])) {
        throw new FormatError(`${name}[${i}] is ${data[i]}, which is beyond float32; save it in a smaller range`);
      }
    }
  }
  return out;
}

/**
 * Any array as int32; an int32 array is handed back as it is, not copied.
 *
 * @param name for the error
 * @throws FormatError when an element is no whole number or does not fit into 32 bits
 */
export function toInt32(array: NamedArray, name = 'array'): Int32Array {
  const { dtype, data } = array;
  if (data instanceof Int32Array) return data;
  const values = dtype === 'float16' || dtype === 'bfloat16' ? toFloat32(array) : data;
  const out = new Int32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number(values[i]);
    if (out[i] !== Number(values[i])) {
      throw new FormatError(`${name}[${i}] is ${values[i]} (${dtype}), which is no 32-bit integer`);
    }
  }
  return out;
}

/** The value of every half precision number, made on first use. */
let float16Table: Float32Array | undefined;

/** The value of IEEE 754 half precision bits. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

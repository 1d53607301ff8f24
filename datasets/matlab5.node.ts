import { inflateSync } from 'node:zlib';
import { DatasetError } from './error.js';

/** A variable of a MATLAB file, column by column (the first axis runs fastest). */
export type MatlabValue =
  | { readonly kind: 'numbers'; readonly shape: readonly number[]; readonly numbers: readonly number[] }
  | { readonly kind: 'text'; readonly shape: readonly number[]; readonly text: string }
  | { readonly kind: 'cells'; readonly shape: readonly number[]; readonly cells: readonly MatlabValue[] }
  /** Structures, objects, sparse arrays, complex numbers and the like, which are not read. */
  | { readonly kind: 'other'; readonly shape: readonly number[] };

/** Types of data elements (MATLAB's "MAT-File Format", table 1-1). */
const TYPE = { matrix: 14, compressed: 15 } as const;

/** How numbers are stored, by type: bytes, and how to read one. */
const STORED: Readonly<Record<number, readonly [number, (view: DataView, at: number, little: boolean) => number]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  // UTF-8, -16 and -32: the code units.
  16: [1, (view, at) => view.getUint8(at)],
  17: [2, (view, at, little) => view.getUint16(at, little)],
  18: [4, (view, at, little) => view.getUint32(at, little)],
};

/** Classes of arrays (table 1-3): a cell array, text, and from 6 to 15 numbers. */
const CLASS = { cells: 1, text: 4, firstNumber: 6, lastNumber: 15 } as const;

/** Bit of an array's flags: there is an imaginary part too. */
const COMPLEX = 0x800;

/** Cells inside of cells inside of cells: deeper than any file that is meant. */
const DEPTH = 16;

const MOST_BYTES = 2 ** 29;

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Walks the data elements of a buffer. */
class Elements {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #name: string;
  #at = 0;

  constructor(bytes: Uint8Array, little: boolean, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = little;
    this.#name = name;
  }

  /** The next element; undefined at the end. */
  next(): Element | undefined {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (left === 0) return undefined;
    if (left < 8) throw this.#cut();
    const tag = this.#view.getUint32(at, this.#little);
    const small = tag >>> 16;
    // Up to four bytes fit into the tag itself.
    if (small > 0) {
      if (small > 4) throw this.#cut();
      this.#at = at + 8;
      return { type: tag & 0xffff, data: this.#bytes.subarray(at + 4, at + 4 + small) };
    }
    const length = this.#view.getUint32(at + 4, this.#little);
    if (length > left - 8) throw this.#cut();
    // Compressed elements alone are not filled up to a multiple of eight.
    const padded = tag === TYPE.compressed ? length : Math.ceil(length / 8) * 8;
    this.#at = Math.min(at + 8 + padded, this.#bytes.length);
    return { type: tag, data: this.#bytes.subarray(at + 8, at + 8 + length) };
  }

  /** The next element, which must be there. */
  need(): Element {
    const element = this.next();
    if (!element) throw this.#cut();
    return element;
  }

  #cut(): DatasetError {
    return new DatasetError(`${this.#name} ends in the middle of a variable: it was cut short. Copy it again.`);
  }
}

class Reader {
  readonly #little: boolean;
  readonly #name: string;

  constructor(little: boolean, name: string) {
    this.#little = little;
    this.#name = name;
  }

  elements(bytes: Uint8Array): Elements {
    return new Elements(bytes, this.#little, this.#name);
  }

  numbers({ type, data }: Element): number[] {
    const stored = STORED[type];
    if (!stored) throw new DatasetError(`${this.#name} is damaged: numbers of type ${type}. Copy it again.`);
    const [size, read] = stored;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return Array.from({ length: Math.floor(data.length / size) }, (_, i) => read(view, i * size, this.#little));
  }

  #text(element: Element): string {
    return this.numbers(element)
      .map((code) => String.fromCharCode(code))
      .join('');
  }

  /** A matrix element's name and value. */
  matrix(data: Uint8Array, depth = 0): readonly [string, MatlabValue] {
    if (depth > DEPTH) throw new DatasetError(`${this.#name} is damaged: cells ${DEPTH} deep. Copy it again.`);
    const inner = this.elements(data);
    const first = inner.next();
    if (!first) return ['', { kind: 'numbers', shape: [0, 0], numbers: [] }];
    const flags = this.numbers(first)[0] ?? 0;
    const arrayClass = flags & 0xff;
    if (arrayClass > CLASS.lastNumber) return ['', { kind: 'other', shape: [] }];
    const shape = this.numbers(inner.need());
    const name = this.#text(inner.need());
    if (flags & COMPLEX) return [name, { kind: 'other', shape }];
    const count = shape.reduce((product, size) => product * size, 1);
    if (arrayClass === CLASS.cells) {
      // Every cell takes a tag at least, which bounds what a damaged count can ask for.
      if (!(count <= data.length / 8))
        throw new DatasetError(`${this.#name} is damaged: ${count} cells. Copy it again.`);
      const cells = Array.from({ length: count }, () => this.matrix(inner.need().data, depth + 1)[1]);
      return [name, { kind: 'cells', shape, cells }];
    }
    if (arrayClass === CLASS.text) {
      // A text of no letters may have no element at all.
      return [name, { kind: 'text', shape, text: this.#text(inner.next() ?? { type: 2, data: new Uint8Array(0) }) }];
    }
    if (arrayClass < CLASS.firstNumber) return [name, { kind: 'other', shape }];
    const numbers = this.numbers(inner.need());
    if (numbers.length !== count) {
      throw new DatasetError(
        `${this.#name} is damaged: ${name} should have ${shape.join(' x ')} numbers and has ${numbers.length}. Copy it again.`,
      );
    }
    return [name, { kind: 'numbers', shape, numbers }];
  }
}

/** What a compressed element holds. */
function inflate(data: Uint8Array, name: string): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    throw new DatasetError(`${name} is damaged: ${(error as Error).message}. Copy it again.`, { cause: error });
  }
}

/**
 * Reads a MATLAB file of version 5 (`save -v6` or `-v7`; not 7.3, which is HDF5): numbers, text and cells of them, plain or
 * compressed.
 *
 * @param name of the file, for errors
 * @returns the variables by name
 * @throws DatasetError when it is no such file, or damaged
 *
 * @example
 *   const labels = readMatlab5(await readFile(path), path).get('labels');
 */
export function readMatlab5(bytes: Uint8Array, name: string): Map<string, MatlabValue> {
  const endian = String.fromCharCode(bytes[126] ?? 0, bytes[127] ?? 0);
  if (bytes.length < 128 || (endian !== 'IM' && endian !== 'MI')) {
    const hdf5 = String.fromCharCode(...bytes.subarray(0, 10)) === 'MATLAB 7.3';
    throw new DatasetError(
      hdf5
        ? `${name} is a MATLAB 7.3 file; one of version 5 belongs here. Is it the right file?`
        : `${name} is no MATLAB file of version 5. Copy it again.`,
    );
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint16(124, endian === 'IM');
  if (version >> 8 !== 1) {
    throw new DatasetError(`${name} is a MATLAB 7.3 file; one of version 5 belongs here. Is it the right file?`);
  }
  const reader = new Reader(endian === 'IM', name);
  const variables = new Map<string, MatlabValue>();
  const elements = reader.elements(bytes.subarray(128));
  for (let element = elements.next(); element; element = elements.next()) {
    const plain = element.type === TYPE.compressed ? reader.elements(inflate(element.data, name)).need() : element;
    if (plain.type !== TYPE.matrix) continue;
    const [variable, value] = reader.matrix(plain.data);
    if (variable !== '') variables.set(variable, value);
  }
  return variables;
}

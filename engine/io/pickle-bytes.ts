import { FormatError } from './source.js';

/** Reads the pieces of a pickle one after another, and refuses to read beyond its end. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  position: number;

  constructor(bytes: Uint8Array, position: number, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.position = position;
  }

  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  /** An error that names the file and the place. */
  error(problem: string): FormatError {
    return new FormatError(`${this.#file}: ${problem} (pickle byte ${this.position})`);
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A 64-bit length; one beyond 2^53 comes out as infinity, which no `take` allows. */
  length64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  }

  /** Pickle's only big-endian number. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  utf8(length: number): string {
    const bytes = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.error('a text in it is no UTF-8; the file is damaged');
    }
  }

  latin1(length: number): string {
    return latin1(this.take(length));
  }

  /** Text up to the next line feed, without it. */
  line(limit = 4096): string {
    const end = this.#bytes.subarray(0, this.position + limit).indexOf(10, this.position);
    if (end < 0) throw this.error('a line in it does not end; the file is cut short or damaged');
    const text = latin1(this.take(end - this.position));
    this.position++;
    return text;
  }

  /** A whole number of `length` bytes, little-endian two's complement: a number where that is exact. */
  integer(length: number): number | bigint {
    if (length > 1024) throw this.error(`a number in it has ${length} bytes; the file is damaged`);
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    return exact(BigInt.asIntN(length * 8, value));
  }

  #advance(length: number): number {
    if (length > this.remaining) throw this.error('it ends too early; it is cut short or damaged, copy it again');
    this.position += length;
    return this.position - length;
  }
}

/** A whole number as a number where that is exact, else as it is. */
export function exact(value: bigint): number | bigint {
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isSafe ? Number(value) : value;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}

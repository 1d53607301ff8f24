import { DatasetError } from '../error.js';

/** Address of nothing. */
export const UNDEFINED_ADDRESS = -1;

/** Reads little-endian values one after the other, and refuses to go past the end. */
export class Cursor {
  readonly bytes: Uint8Array;
  /** Position of the next value. */
  at: number;
  readonly #view: DataView;
  readonly #name: string;

  /** @param name of the file, for the error */
  constructor(bytes: Uint8Array, name: string, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A whole number of 8 bytes, as used for lengths and addresses; all bits set is `UNDEFINED_ADDRESS`. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value === 0xffff_ffff_ffff_ffffn) return UNDEFINED_ADDRESS;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new DatasetError(`${this.#name} is damaged: it speaks of byte ${value}. Copy it again.`);
    }
    return Number(value);
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const from = this.#take(length);
    return this.bytes.subarray(from, from + length);
  }

  skip(length: number): this {
    this.#take(length);
    return this;
  }

  /** Goes on to the next multiple of `size`, counted from the beginning. */
  align(size: number): this {
    this.at = Math.ceil(this.at / size) * size;
    return this;
  }

  #take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) {
      throw new DatasetError(`${this.#name} is damaged: a part of it ends too early. Copy it again.`);
    }
    this.at += length;
    return from;
  }
}

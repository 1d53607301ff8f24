/** How a field's value lies in the bytes. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const encoder = new TextEncoder();

/**
 * Writes one protocol buffer message, field by field. Fields may come in any order; what is not written has its default.
 *
 * @example
 *   new MessageWriter().text(1, 'train/loss').float(2, 0.5).finish();
 */
export class MessageWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** A whole number of at least 0, up to 2⁵³. */
  integer(field: number, value: number): this {
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#varint(field * 8 + FIXED64);
    this.#view(8).setFloat64(0, value, true);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + FIXED32);
    this.#view(4).setFloat32(0, value, true);
    return this;
  }

  /** Bytes, a message, or a packed list. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + LENGTH);
    this.#varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length - value.length);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  /** A packed list of doubles. */
  doubles(field: number, values: ArrayLike<number>): this {
    const packed = new DataView(new ArrayBuffer(8 * values.length));
    for (let i = 0; i < values.length; i++) packed.setFloat64(8 * i, values[i]!, true);
    return this.bytes(field, new Uint8Array(packed.buffer));
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #varint(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`protobuf: ${value} is no whole number from 0 to 2⁵³`);
    }
    let rest = value;
    while (rest >= 128) {
      this.#room(1);
      this.#bytes[this.#length - 1] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#room(1);
    this.#bytes[this.#length - 1] = rest;
  }

  #view(bytes: number): DataView {
    this.#room(bytes);
    return new DataView(this.#bytes.buffer, this.#length - bytes, bytes);
  }

  #room(bytes: number): void {
    this.#length += bytes;
    if (this.#length <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** A field as it was read: a number, or bytes that may be a text, a message or a packed list. */
export interface Field {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array(0);

/**
 * The fields of a message, in order.
 *
 * @throws Error when the bytes end inside of a field, or hold a kind of field that does not exist
 */
export function* readMessage(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 63) throw new Error('protobuf: the message ends inside of a number');
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): number => {
    if (at + length > bytes.length) throw new Error('protobuf: the message ends inside of a field');
    at += length;
    return at - length;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const kind = tag % 8;
    if (kind === VARINT) yield { field, number: varint(), bytes: NONE };
    else if (kind === FIXED64) yield { field, number: view.getFloat64(take(8), true), bytes: NONE };
    else if (kind === FIXED32) yield { field, number: view.getFloat32(take(4), true), bytes: NONE };
    else if (kind === LENGTH) {
      const length = varint();
      const start = take(length);
      yield { field, number: length, bytes: bytes.subarray(start, start + length) };
    } else throw new Error(`protobuf: there is no kind of field ${kind}`);
  }
}

/** How a field's value lies in the bytes. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const encoder = new TextEncoder();

/** Seven bits a byte, the lowest first. Below zero: the 64 bits of the two's complement, as int64 has it. */
function varint(value: number): number[] {
  if (!Number.isSafeInteger(value)) throw new RangeError(`protobuf: ${value} is no whole number up to 2⁵³`);
  if (value < 0) {
    const bits = BigInt.asUintN(64, BigInt(value));
    return Array.from({ length: 10 }, (_, i) => Number((bits >> BigInt(7 * i)) & 127n) + (i < 9 ? 128 : 0));
  }
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}

/**
 * A protocol buffer message, written field by field (protobuf.dev, "Encoding"). Long values are not copied before the whole is
 * joined, so that a message of large tensors inside of another one costs no more than its bytes.
 *
 * @example
 *   new ProtoMessage().text(1, 'x').message(2, new ProtoMessage().integer(1, 300)).join();
 */
export class ProtoMessage {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** A whole number; for an enumeration, an int32, int64 or bool. */
  integer(field: number, value: number): this {
    return this.#add(Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)]));
  }

  float(field: number, value: number): this {
    this.#add(Uint8Array.from(varint(field * 8 + FIXED32)));
    return this.#add(new Uint8Array(Float32Array.of(value).buffer));
  }

  double(field: number, value: number): this {
    this.#add(Uint8Array.from(varint(field * 8 + FIXED64)));
    return this.#add(new Uint8Array(Float64Array.of(value).buffer));
  }

  /** A packed list of doubles. */
  doubles(field: number, values: ArrayLike<number>): this {
    return this.bytes(field, new Uint8Array(Float64Array.from(values).buffer));
  }

  /** Bytes; they are not copied and must stay as they are. */
  bytes(field: number, value: Uint8Array): this {
    this.#add(Uint8Array.from([...varint(field * 8 + LENGTH), ...varint(value.length)]));
    return this.#add(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: ProtoMessage): this {
    this.#add(Uint8Array.from([...varint(field * 8 + LENGTH), ...varint(value.#length)]));
    for (const part of value.#parts) this.#add(part);
    return this;
  }

  /** The message's bytes. */
  join(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
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

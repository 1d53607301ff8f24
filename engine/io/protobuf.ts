/** How a field's value lies in the bytes. */
const VARINT = 0;
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

/** Bytes that grow, little-endian. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  put(data: ArrayLike<number>): this {
    while (this.length + data.length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(data, this.length);
    this.length += data.length;
    return this;
  }

  /** A whole number of 1, 2, 4 or 8 bytes; -1 has all bits set. */
  int(value: number, size: 1 | 2 | 4 | 8): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    return this.put(bytes.subarray(0, size));
  }

  text(text: string): this {
    return this.put(new TextEncoder().encode(text));
  }

  /** Fills with zeros up to `length`. */
  fillTo(length: number): this {
    return this.put(new Uint8Array(Math.max(0, length - this.length)));
  }

  /** Fills with zeros up to a multiple of `size`. */
  align(size: number): this {
    return this.fillTo(Math.ceil(this.length / size) * size);
  }
}

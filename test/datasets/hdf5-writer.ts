import { deflateSync } from 'node:zlib';
import { ByteWriter } from './little-endian.js';

/** An array to be written: whole numbers, or (`reference`) addresses of other arrays. */
export interface Hdf5Content {
  readonly type: 'uint8' | 'uint64' | 'double' | 'reference';
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Written in chunks of this shape, shuffled and deflated. */
  readonly chunk?: readonly number[];
}

const BASE = 512;

const SIZES = { uint8: 1, uint64: 8, double: 8, reference: 8 } as const;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function bytesOf(type: Hdf5Content['type'], values: readonly number[]): Uint8Array {
  if (type === 'uint8') return Uint8Array.from(values);
  if (type === 'double') return new Uint8Array(Float64Array.from(values).buffer);
  return values.reduce((out, value) => out.int(value, 8), new ByteWriter()).bytes;
}

function datatype(type: Hdf5Content['type']): Uint8Array {
  const out = new ByteWriter();
  if (type === 'reference') return out.int(0x17, 1).int(0, 1).int(0, 2).int(8, 4).bytes;
  if (type !== 'double') {
    const size = SIZES[type];
    return out
      .int(0x10, 1)
      .int(0, 1)
      .int(0, 2)
      .int(size, 4)
      .int(0, 2)
      .int(size * 8, 2).bytes;
  }
  out.int(0x11, 1).int(0x20, 1).int(63, 2).int(8, 4).int(0, 2).int(64, 2);
  return out.int(52, 1).int(11, 1).int(0, 1).int(52, 1).int(1023, 4).bytes;
}

function shuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = bytes.length / size;
  return bytes.map((_, to) => bytes[(to % count) * size + Math.floor(to / count)]!);
}

/** Every index below `counts`, the last axis fastest. */
function* indices(counts: readonly number[]): Generator<number[]> {
  for (let flat = 0; flat < product(counts); flat++) {
    const place: number[] = [];
    for (let axis = counts.length - 1, rest = flat; axis >= 0; axis--) {
      place.unshift(rest % counts[axis]!);
      rest = Math.floor(rest / counts[axis]!);
    }
    yield place;
  }
}

/** Writes HDF5 as MATLAB 7.3 does: superblock 0 behind 512 bytes of its own, version 1 headers, a root group. */
export class Hdf5Writer {
  readonly #out = new ByteWriter().text('MATLAB 7.3 MAT-file, written by a test').fillTo(BASE + 96);

  /** Appends, and gives the address. */
  #append(bytes: Uint8Array): number {
    this.#out.align(8);
    const address = this.#out.length - BASE;
    this.#out.put(bytes);
    return address;
  }

  #header(messages: readonly (readonly [type: number, data: Uint8Array])[]): number {
    const body = new ByteWriter();
    for (const [type, data] of messages) {
      const padded = new ByteWriter().put(data).align(8).bytes;
      body.int(type, 2).int(padded.length, 2).int(0, 4).put(padded);
    }
    const head = new ByteWriter().int(1, 1).int(0, 1).int(messages.length, 2).int(1, 4).int(body.length, 4).fillTo(16);
    return this.#append(head.put(body.bytes).bytes);
  }

  #chunks({ type, shape, values, chunk }: Hdf5Content): number {
    const size = SIZES[type];
    const counts = shape.map((length, axis) => Math.ceil(length / chunk![axis]!));
    const entries: { offset: number[]; bytes: number; address: number }[] = [];
    for (const place of indices(counts)) {
      const offset = place.map((index, axis) => index * chunk![axis]!);
      const part = [...indices(chunk!)].map((inner) => {
        const at = inner.map((index, axis) => index + offset[axis]!);
        if (at.some((index, axis) => index >= shape[axis]!)) return 0;
        return values[at.reduce((flat, index, axis) => flat * shape[axis]! + index, 0)]!;
      });
      const packed = deflateSync(shuffled(bytesOf(type, part), size));
      entries.push({ offset, bytes: packed.length, address: this.#append(packed) });
    }
    const rank = shape.length;
    const node = new ByteWriter().text('TREE').int(1, 1).int(0, 1).int(entries.length, 2).int(-1, 8).int(-1, 8);
    for (const { offset, bytes, address } of entries) {
      node.int(bytes, 4).int(0, 4);
      for (const index of [...offset, 0]) node.int(index, 8);
      node.int(address, 8);
    }
    node.int(0, 8);
    for (const length of [...counts.map((count, axis) => count * chunk![axis]!), 0]) node.int(length, 8);
    return this.#append(node.fillTo(24 + 64 * 8 + 65 * (8 + 8 * (rank + 1))).bytes);
  }

  /** Writes an array and gives the address of its header, for references. */
  array(content: Hdf5Content): number {
    const { type, shape, values, chunk } = content;
    const dataspace = new ByteWriter().int(1, 1).int(shape.length, 1).fillTo(8);
    for (const length of shape) dataspace.int(length, 8);
    const layout = new ByteWriter().int(3, 1);
    const filters: [number, Uint8Array][] = [];
    if (chunk) {
      layout
        .int(2, 1)
        .int(shape.length + 1, 1)
        .int(this.#chunks(content), 8);
      for (const length of [...chunk, SIZES[type]]) layout.int(length, 4);
      const pipeline = new ByteWriter().int(1, 1).int(2, 1).fillTo(8);
      pipeline.int(2, 2).int(0, 2).int(1, 2).int(1, 2).int(SIZES[type], 4).int(0, 4);
      pipeline.int(1, 2).int(0, 2).int(1, 2).int(1, 2).int(6, 4).int(0, 4);
      filters.push([11, pipeline.bytes]);
    } else {
      const data = bytesOf(type, values);
      layout.int(1, 1).int(this.#append(data), 8).int(data.length, 8);
    }
    return this.#header([[1, dataspace.bytes], [3, datatype(type)], ...filters, [8, layout.bytes]]);
  }

  /** A cell array: references to its cells. */
  cells(shape: readonly number[], addresses: readonly number[]): number {
    return this.array({ type: 'reference', shape, values: addresses });
  }

  /** The file, with these names in its root group (eight at most). */
  finish(members: Readonly<Record<string, number>>): Uint8Array {
    const names = Object.keys(members).sort();
    const heap = new ByteWriter().fillTo(8);
    const offsets = names.map((name) => {
      const offset = heap.length;
      heap.text(name).int(0, 1).align(8);
      return offset;
    });
    const heapData = this.#append(heap.bytes);
    const heapHead = new ByteWriter().text('HEAP').int(0, 4).int(heap.length, 8).int(1, 8).int(heapData, 8);
    const heapAddress = this.#append(heapHead.bytes);
    const symbols = new ByteWriter().text('SNOD').int(1, 1).int(0, 1).int(names.length, 2);
    for (const [i, name] of names.entries())
      symbols
        .int(offsets[i]!, 8)
        .int(members[name]!, 8)
        .int(0, 8)
        .fillTo(8 + 40 * (i + 1));
    const leaf = this.#append(symbols.fillTo(8 + 8 * 40).bytes);
    const tree = new ByteWriter().text('TREE').int(0, 1).int(0, 1).int(1, 2).int(-1, 8).int(-1, 8);
    tree.int(0, 8).int(leaf, 8).int(offsets.at(-1)!, 8);
    const treeAddress = this.#append(tree.fillTo(24 + 32 * 8 + 33 * 8).bytes);
    const group = new ByteWriter().int(treeAddress, 8).int(heapAddress, 8);
    const root = this.#header([[17, group.bytes]]);
    const file = this.#out.align(8).bytes;
    const head = new ByteWriter().put([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
    head.int(0, 4).int(0, 1).int(8, 1).int(8, 1).int(0, 1).int(4, 2).int(16, 2).int(0, 4);
    head.int(BASE, 8).int(-1, 8).int(file.length, 8).int(-1, 8).int(0, 8).int(root, 8).int(0, 8).fillTo(96);
    file.set(head.bytes, BASE);
    return file;
  }
}

import { inflateSync } from 'node:zlib';
import { DatasetError } from '../error.js';
import { type ByteSource, openBytes } from './byte-source.node.js';
import { Cursor, UNDEFINED_ADDRESS } from './cursor.js';
import { type ElementType, type Layout, type ObjectHeader, readMessages, unsupported } from './object-header.js';

/** An array in the file. */
export interface Hdf5Array {
  /** As HDF5 has it: MATLAB's axes in reverse. */
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly layout: Layout;
  readonly filters: ObjectHeader['filters'];
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Enough for most headers in one read. */
const HEADER_READ = 512;

/** Arrays beyond this are not what this reader is for, and a damaged size should not take all memory. */
const MOST_BYTES = 2 ** 30;

const FILTERS = { deflate: 1, shuffle: 2, checksum: 3 } as const;

const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Undoes the shuffle filter: bytes of equal significance lie together, element after element. */
function unshuffle(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  const result = Uint8Array.from(bytes); // not slice(): that of a Buffer shares its memory
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < count; i++) result[i * size + byte] = bytes[byte * count + i]!;
  }
  return result;
}

/** Copies the part of a chunk that lies inside of the array, row by row. */
function placeChunk(
  array: Uint8Array,
  shape: readonly number[],
  chunkBytes: Uint8Array,
  chunk: readonly number[],
  offset: readonly number[],
  size: number,
): void {
  const rank = shape.length;
  const inside = shape.map((length, axis) => Math.min(chunk[axis]!, length - offset[axis]!));
  if (inside.some((length) => length <= 0)) return;
  const row = inside[rank - 1]! * size;
  const rows = elementsOf(inside.slice(0, -1));
  const place = new Array<number>(rank - 1).fill(0);
  for (let r = 0; r < rows; r++) {
    let [from, to] = [0, 0];
    for (let axis = 0; axis < rank; axis++) {
      const index = place[axis] ?? 0;
      from = from * chunk[axis]! + index;
      to = to * shape[axis]! + offset[axis]! + index;
    }
    array.set(chunkBytes.subarray(from * size, from * size + row), to * size);
    for (let axis = rank - 2; axis >= 0; axis--) {
      if (++place[axis]! < inside[axis]!) break;
      place[axis] = 0;
    }
  }
}

/**
 * Reads the part of HDF5 that MATLAB 7.3 files (`save -v7.3`) use: superblock 0 or 1, groups by B-tree, arrays of numbers
 * and of object references, in one piece or in chunks, deflated and shuffled. Nothing of it is kept in memory.
 *
 * The HDF Group, "HDF5 File Format Specification", version 1.1.
 *
 * @example
 *   const file = await Hdf5File.open('cuhk-03.mat');
 *   const names = await file.members();
 *   const cells = await file.array(names.get('detected')!);
 *   const [first] = await file.numbers(cells);      // references: where the cells' own arrays are
 *   await file.close();
 */
export class Hdf5File {
  readonly #source: ByteSource;
  /** Addresses in the file count from here: MATLAB puts 512 bytes of its own first. */
  readonly #base: number;
  readonly #root: number;

  private constructor(source: ByteSource, base: number, root: number) {
    this.#source = source;
    this.#base = base;
    this.#root = root;
  }

  /** @throws DatasetError when the file is missing, no HDF5, or of a kind that is not read here */
  static async open(path: string): Promise<Hdf5File> {
    const source = await openBytes(path);
    try {
      for (let at = 0; at + 96 <= source.size; at = at === 0 ? 512 : at * 2) {
        const cursor = new Cursor(await source.read(at, 96), path);
        if (!SIGNATURE.every((byte) => cursor.u8() === byte)) continue;
        const version = cursor.u8();
        if (version > 1) throw unsupported(path, `version ${version} of the HDF5 superblock`);
        cursor.skip(4);
        const [offsets, lengths] = [cursor.u8(), cursor.u8()];
        if (offsets !== 8 || lengths !== 8) throw unsupported(path, `addresses of ${offsets} bytes`);
        cursor.skip(version === 0 ? 9 : 13);
        const base = cursor.u64();
        cursor.skip(8);
        const end = cursor.u64();
        if (base + end > source.size && end > source.size) {
          throw new DatasetError(
            `${path} should have ${end} bytes and has ${source.size}: it was cut short. Copy it again.`,
          );
        }
        cursor.skip(16);
        return new Hdf5File(source, base, cursor.u64());
      }
      throw new DatasetError(`${path} is no HDF5 file, and so no MATLAB 7.3 file. Is it the right one? Copy it again.`);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  /** Names in the root group, and where their headers are. */
  async members(): Promise<Map<string, number>> {
    const { group } = await this.#header(this.#root);
    if (!group) throw unsupported(this.#source.name, 'a root group without a symbol table');
    const heapHead = await this.#cursor(group.heap, 32);
    this.#expect(heapHead, 'HEAP');
    const heapBytes = heapHead.skip(4).u64();
    const names = await this.#cursor(heapHead.skip(8).u64(), heapBytes);
    const members = new Map<string, number>();
    for (const leaf of await this.#leaves(group.tree, 0, 8)) {
      const head = await this.#cursor(leaf.address, 8);
      this.#expect(head, 'SNOD');
      const count = head.skip(2).u16();
      const entries = await this.#cursor(leaf.address + 8, count * 40);
      for (let i = 0; i < count; i++) {
        names.at = entries.u64();
        const end = names.bytes.indexOf(0, names.at);
        const name = new TextDecoder().decode(names.take(Math.max(0, end - names.at)));
        members.set(name, entries.u64());
        entries.skip(24);
      }
    }
    return members;
  }

  /** The array whose header is at `address`: a member's, or a reference's. */
  async array(address: number): Promise<Hdf5Array> {
    const { shape, type, layout, filters } = await this.#header(address);
    if (!shape || !type || !layout) throw this.#damaged(`no array at byte ${address}`);
    return { shape, type, layout, filters };
  }

  /** The elements as they are stored, little-endian, in row-major order of `shape`. */
  async bytes({ shape, type, layout, filters }: Hdf5Array): Promise<Uint8Array> {
    const length = elementsOf(shape) * type.size;
    if (!(length <= MOST_BYTES)) throw this.#damaged(`an array of ${shape.join(' x ')} elements`);
    if (layout.kind === 'compact') return Uint8Array.from(layout.data.subarray(0, length));
    if (layout.address === UNDEFINED_ADDRESS) return new Uint8Array(length);
    if (layout.kind === 'contiguous') return this.#source.read(this.#base + layout.address, length);
    const rank = shape.length;
    const { chunk } = layout;
    const chunkLength = elementsOf(chunk) * type.size;
    if (chunk.length !== rank || !(chunkLength <= MOST_BYTES)) throw this.#damaged(`chunks of ${chunk.join(' x ')}`);
    const result = new Uint8Array(length);
    for (const { key, address } of await this.#leaves(layout.address, 1, 8 + 8 * (rank + 1))) {
      const bytes = key.u32();
      const mask = key.u32();
      const offset = Array.from({ length: rank }, () => key.u64());
      let data = await this.#source.read(this.#base + address, bytes);
      // Filters are undone in reverse order; a bit of the mask says that one was left out.
      for (let i = filters.length - 1; i >= 0; i--) {
        if (!(mask & (1 << i))) data = this.#unfilter(data, filters[i]!.id, type.size, chunkLength);
      }
      placeChunk(result, shape, data, chunk, offset, type.size);
    }
    return result;
  }

  /** The elements as numbers; references as the addresses of what they refer to. */
  async numbers(array: Hdf5Array): Promise<number[]> {
    const { kind, size } = array.type;
    const bytes = await this.bytes(array);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const cursor = new Cursor(bytes, this.#source.name);
    const readers: Readonly<Record<string, (at: number) => number>> = {
      unsigned1: () => cursor.u8(),
      unsigned2: () => cursor.u16(),
      unsigned4: () => cursor.u32(),
      unsigned8: () => cursor.u64(),
      reference8: () => cursor.u64(),
      float4: (at) => view.getFloat32(at, true),
      float8: (at) => view.getFloat64(at, true),
    };
    const reader = readers[`${kind}${size}`];
    if (!reader) throw unsupported(this.#source.name, `elements of kind "${kind}" with ${size} bytes`);
    return Array.from({ length: elementsOf(array.shape) }, (_, i) => reader(i * size));
  }

  #unfilter(data: Uint8Array, id: number, size: number, length: number): Uint8Array {
    if (id === FILTERS.shuffle) return unshuffle(data, size);
    if (id === FILTERS.checksum) return data.subarray(0, data.length - 4);
    if (id !== FILTERS.deflate) throw unsupported(this.#source.name, `filter ${id}`);
    try {
      return inflateSync(data, { maxOutputLength: Math.max(length, 64) });
    } catch (error) {
      throw this.#damaged((error as Error).message);
    }
  }

  async #cursor(address: number, length: number): Promise<Cursor> {
    return new Cursor(await this.#source.read(this.#base + address, length), this.#source.name);
  }

  async #header(address: number): Promise<ObjectHeader> {
    const header: ObjectHeader = { filters: [], continuations: [] };
    const room = this.#source.size - this.#base - address;
    let cursor = await this.#cursor(address, Math.max(16, Math.min(HEADER_READ, room)));
    const version = cursor.u8();
    if (version !== 1) throw unsupported(this.#source.name, `version ${version} of an object header`);
    const bytes = cursor.skip(7).u32();
    if (16 + bytes > cursor.bytes.length) cursor = await this.#cursor(address, 16 + bytes);
    cursor.at = 16;
    readMessages(cursor.take(bytes), header, this.#source.name);
    for (let i = 0; i < header.continuations.length; i++) {
      if (i > 1000) throw this.#damaged('a header without end');
      const more = header.continuations[i]!;
      readMessages((await this.#cursor(more.address, more.bytes)).bytes, header, this.#source.name);
    }
    return header;
  }

  /** The leaves of a version 1 B-tree, in order: their address, and the key to the left of each. */
  async #leaves(address: number, kind: number, keyBytes: number): Promise<{ key: Cursor; address: number }[]> {
    const found: { key: Cursor; address: number }[] = [];
    const visit = async (node: number, below: number): Promise<void> => {
      const head = await this.#cursor(node, 24);
      this.#expect(head, 'TREE');
      const nodeKind = head.u8();
      const level = head.u8();
      const count = head.u16();
      // A child's level is lower than its parent's: a damaged tree cannot lead in a circle.
      if (nodeKind !== kind || level >= below) throw this.#damaged('a B-tree that does not fit');
      const body = await this.#cursor(node + 24, count * (keyBytes + 8));
      for (let i = 0; i < count; i++) {
        const key = new Cursor(body.take(keyBytes), this.#source.name);
        const child = body.u64();
        if (level === 0) found.push({ key, address: child });
        else await visit(child, level);
      }
    };
    await visit(address, 256);
    return found;
  }

  #expect(cursor: Cursor, mark: string): void {
    const found = new TextDecoder('latin1').decode(cursor.take(4));
    if (found !== mark) throw this.#damaged(`${JSON.stringify(found)} where ${mark} should be`);
  }

  #damaged(what: string): DatasetError {
    return new DatasetError(`${this.#source.name} is damaged (${what}). Copy it again.`);
  }
}

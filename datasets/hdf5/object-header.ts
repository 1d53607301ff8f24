import { DatasetError } from '../error.js';
import { Cursor } from './cursor.js';

/** The kind of one element. */
export interface ElementType {
  readonly kind: 'unsigned' | 'signed' | 'float' | 'reference' | 'other';
  /** Bytes. */
  readonly size: number;
}

/** Where the elements are. */
export type Layout =
  | { readonly kind: 'compact'; readonly data: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number; readonly bytes: number }
  /** `chunk`: elements of a chunk along each axis. */
  | { readonly kind: 'chunked'; readonly address: number; readonly chunk: readonly number[] };

/** A step that a chunk went through when it was written: 1 is deflate, 2 shuffle, 3 a checksum. */
export interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

/** What an object's header says, as far as a reader of arrays needs it. */
export interface ObjectHeader {
  shape?: readonly number[];
  type?: ElementType;
  layout?: Layout;
  filters: readonly Filter[];
  /** For a group: its B-tree and its heap of names. */
  group?: { readonly tree: number; readonly heap: number };
  /** More of the header, elsewhere in the file. */
  readonly continuations: { readonly address: number; readonly bytes: number }[];
}

const MESSAGES = { dataspace: 1, type: 3, layout: 8, filters: 11, continuation: 16, group: 17 } as const;

/** Bit of a message's flags: what follows is the address of a shared message. */
const SHARED = 2;

const KINDS: Readonly<Record<number, ElementType['kind']>> = { 0: 'unsigned', 1: 'float', 7: 'reference' };

function readShape(message: Cursor, name: string): readonly number[] {
  const version = message.u8();
  const rank = message.u8();
  message.skip(version === 1 ? 6 : 2);
  if (version !== 1 && version !== 2) throw unsupported(name, `version ${version} of the dataspace message`);
  return Array.from({ length: rank }, () => message.u64());
}

function readType(message: Cursor, name: string): ElementType {
  const kind = message.u8() & 15;
  const bits = message.u8();
  message.skip(2);
  const size = message.u32();
  if ((kind === 0 || kind === 1) && bits & 1) throw unsupported(name, 'big-endian numbers');
  if (kind === 0 && bits & 8) return { kind: 'signed', size };
  // Bits 0 to 3 of a reference: 0 is an object, 1 a region of one.
  if (kind === 7 && (bits & 15) !== 0) return { kind: 'other', size };
  return { kind: KINDS[kind] ?? 'other', size };
}

function readLayout(message: Cursor, name: string): Layout {
  const version = message.u8();
  if (version !== 3) throw unsupported(name, `version ${version} of the data layout message`);
  const kind = message.u8();
  if (kind === 0) return { kind: 'compact', data: message.take(message.u16()) };
  if (kind === 1) return { kind: 'contiguous', address: message.u64(), bytes: message.u64() };
  if (kind !== 2) throw unsupported(name, `data layout ${kind}`);
  const rank = message.u8() - 1; // the last "axis" is the bytes of an element
  const address = message.u64();
  return { kind: 'chunked', address, chunk: Array.from({ length: rank }, () => message.u32()) };
}

function readFilters(message: Cursor, name: string): readonly Filter[] {
  const version = message.u8();
  const count = message.u8();
  if (version !== 1 && version !== 2) throw unsupported(name, `version ${version} of the filter message`);
  if (version === 1) message.skip(6);
  return Array.from({ length: count }, () => {
    const id = message.u16();
    const nameLength = version === 1 || id >= 256 ? message.u16() : 0;
    message.skip(2);
    const values = message.u16();
    message.skip(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    const filter = { id, values: Array.from({ length: values }, () => message.u32()) };
    if (version === 1 && values % 2 === 1) message.skip(4);
    return filter;
  });
}

/** An error about what this reader does not read. */
export function unsupported(name: string, what: string): DatasetError {
  return new DatasetError(
    `${name} uses ${what}, which is not read here. Only what MATLAB 7.3 writes is: save it in MATLAB by save -v7.3.`,
  );
}

/** Reads the messages in a block of a version 1 header into `header`. */
export function readMessages(block: Uint8Array, header: ObjectHeader, name: string): void {
  const cursor = new Cursor(block, name);
  while (cursor.left >= 8) {
    const kind = cursor.u16();
    const size = cursor.u16();
    const flags = cursor.u8();
    cursor.skip(3);
    const message = new Cursor(cursor.take(size), name);
    const wanted = (Object.values(MESSAGES) as number[]).includes(kind);
    if (wanted && flags & SHARED) throw unsupported(name, 'shared header messages');
    if (kind === MESSAGES.dataspace) header.shape = readShape(message, name);
    else if (kind === MESSAGES.type) header.type = readType(message, name);
    else if (kind === MESSAGES.layout) header.layout = readLayout(message, name);
    else if (kind === MESSAGES.filters) header.filters = readFilters(message, name);
    else if (kind === MESSAGES.group) header.group = { tree: message.u64(), heap: message.u64() };
    else if (kind === MESSAGES.continuation) {
      header.continuations.push({ address: message.u64(), bytes: message.u64() });
    }
  }
}

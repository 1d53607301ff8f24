import * as assert from 'uvu/assert';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { crc32 } from '../../../engine/io/crc32.js';
import { FormatError } from '../../../engine/io/source.js';
import { loadBytes } from '../../fixture.js';

const NAMES = [
  'big_endian_legacy.pth',
  'checkpoint_legacy.pth',
  'checkpoint_zip.pth',
  'expected.json',
  'protocol4_zip.pth',
  'tensors_deflated.pth',
  'tensors_legacy.pth',
  'tensors_zip.pth',
];

const files = new Map(await Promise.all(NAMES.map(async (name) => [name, await loadBytes(`io/${name}`)] as const)));

/** A fixture of `test/fixtures/io`, in memory of its own. */
export function fixture(name: string): Uint8Array {
  return files.get(name)!.slice();
}

/** Bytes from numbers, text (each character one byte) and bytes. */
export function bytes(...parts: (number | string | Uint8Array)[]): Uint8Array {
  const length = parts.reduce<number>((sum, part) => sum + (typeof part === 'number' ? 1 : part.length), 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'number') all[at++] = part;
    else if (typeof part !== 'string') all.set(part, at);
    else for (let i = 0; i < part.length; i++) all[at + i] = part.charCodeAt(i);
    if (typeof part !== 'number') at += part.length;
  }
  return all;
}

/** A little-endian number of `size` bytes. */
export function little(value: number | bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

/** Expects a FormatError whose message has every word. */
export async function refuses(run: () => unknown, ...words: RegExp[]): Promise<void> {
  const error = await outcome(run);
  assert.instance(error, FormatError, `no FormatError: ${String(error)}`);
  for (const word of words) assert.match((error as FormatError).message, word);
}

/** What `run` gives, or the error that it throws. */
export async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

const hexOf = (all: Uint8Array): string => Array.from(all, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An array in the form of `expected.json`. */
export function plain({ dtype, shape, data }: NamedArray): { dtype: string; shape: number[]; bits: string } {
  return { dtype, shape: [...shape], bits: hexOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

/** How the zip writer below departs from the plain form. */
export interface ZipForm {
  zip64?: boolean;
  wrongCrc?: string;
  flags?: number;
  method?: number;
}

/** A zip archive of stored files. */
export function storedZip(
  files: Record<string, Uint8Array>,
  { zip64, wrongCrc, flags = 0, method = 0 }: ZipForm = {},
): Uint8Array {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  const wide = (value: number) => (zip64 ? little(0xffffffff, 4) : little(value, 4));
  for (const [name, content] of Object.entries(files)) {
    const crc = little(crc32(content) ^ (name === wrongCrc ? 1 : 0), 4);
    const start = bytes('PK\x03\x04', little(45, 2), little(flags, 2), little(method, 2), little(0, 4), crc);
    const header = bytes(
      start,
      little(content.length, 4),
      little(content.length, 4),
      little(name.length, 2),
      little(0, 2),
      name,
    );
    const extra = zip64
      ? bytes(little(1, 2), little(24, 2), little(content.length, 8), little(content.length, 8), little(at, 8))
      : new Uint8Array(0);
    central.push(
      bytes('PK\x01\x02', little(45, 2), little(45, 2), little(flags, 2), little(method, 2), little(0, 4), crc),
      bytes(wide(content.length), wide(content.length), little(name.length, 2), little(extra.length, 2), little(0, 2)),
      bytes(little(0, 2), little(0, 2), little(0, 4), wide(at), name, extra),
    );
    local.push(header, content);
    at += header.length + content.length;
  }
  const count = Object.keys(files).length;
  const directory = bytes(...central);
  const end64 = bytes(
    bytes('PK\x06\x06', little(44, 8), little(45, 2), little(45, 2), little(0, 8), little(count, 8), little(count, 8)),
    bytes(little(directory.length, 8), little(at, 8)),
    bytes('PK\x06\x07', little(0, 4), little(at + directory.length, 8), little(1, 4)),
  );
  const end = bytes('PK\x05\x06', little(0, 4), little(zip64 ? 0xffff : count, 2), little(zip64 ? 0xffff : count, 2));
  const tail = bytes(end, wide(directory.length), wide(at), little(0, 2));
  return bytes(...local, directory, zip64 ? end64 : '', tail);
}

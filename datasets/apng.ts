import type { Image } from './image.js';
import { filteredRows, zlib } from './png-rows.js';

export interface ApngOptions {
  /** How long each frame stands, in milliseconds: a whole number from 1 to 65535. */
  readonly delayMs: number;
  /** How often the frames are played; 0, the default: for ever. */
  readonly plays?: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length, type and checksum of a chunk. */
const AROUND = 12;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 as PNG has it (ISO 3309), of the bytes from `from` to `to`. */
function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ CRC[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/** A chunk: length, four letters, numbers of 4 or 2 bytes each, data, checksum. */
function chunk(
  type: string,
  numbers: readonly (readonly [bytes: 1 | 2 | 4, value: number])[],
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const head = numbers.reduce((sum, [bytes]) => sum + bytes, 0);
  const length = head + data.length;
  const out = new Uint8Array(AROUND + length);
  const view = new DataView(out.buffer);
  view.setUint32(0, length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const [bytes, value] of numbers) {
    if (bytes === 4) view.setUint32(at, value);
    else if (bytes === 2) view.setUint16(at, value);
    else view.setUint8(at, value);
    at += bytes;
  }
  out.set(data, at);
  view.setUint32(8 + length, crc32(out, 4, 8 + length));
  return out;
}

/**
 * Encodes frames as an animated PNG (the third edition of the PNG specification, W3C 2025, formerly APNG 1.0): a picture that
 * plays in every browser, and whose first frame is what programs show that know of no animation. Each frame replaces the one
 * before it whole.
 *
 * @param frames at least one, all of one size
 * @throws RangeError naming the frame or the option that does not fit
 *
 * @example
 *   await writeFile('clip.png', await encodeApng(frames, { delayMs: 120 }));
 */
export async function encodeApng(frames: readonly Image[], { delayMs, plays = 0 }: ApngOptions): Promise<Uint8Array> {
  const [first] = frames;
  if (!first) throw new RangeError('encodeApng: there is no frame; give at least one');
  if (!(Number.isInteger(delayMs) && delayMs >= 1 && delayMs <= 65535)) {
    throw new RangeError(`encodeApng: delayMs is ${delayMs}; it should be a whole number from 1 to 65535`);
  }
  if (!(Number.isInteger(plays) && plays >= 0 && plays < 2 ** 31)) {
    throw new RangeError(`encodeApng: plays is ${plays}; it should be a whole number, 0 for ever`);
  }
  const { width, height } = first;
  for (const [i, frame] of frames.entries()) {
    if (frame.width !== width || frame.height !== height) {
      throw new RangeError(
        `encodeApng: frame ${i} is ${frame.width} × ${frame.height}, frame 0 ${width} × ${height}; all must have one size`,
      );
    }
  }
  const parts: Uint8Array[] = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', [
      [4, width],
      [4, height],
      // 8 bits a channel, RGB; the only compression and kind of filters that there are; not interlaced.
      [1, 8],
      [1, 2],
      [1, 0],
      [1, 0],
      [1, 0],
    ]),
    chunk('acTL', [
      [4, frames.length],
      [4, plays],
    ]),
  ];
  let sequence = 0;
  for (const [i, frame] of frames.entries()) {
    parts.push(
      chunk('fcTL', [
        [4, sequence++],
        [4, width],
        [4, height],
        [4, 0],
        [4, 0],
        [2, delayMs],
        [2, 1000],
        // Leave the frame as it is; put the next in its place.
        [1, 0],
        [1, 0],
      ]),
    );
    const data = await zlib(filteredRows(frame));
    parts.push(i === 0 ? chunk('IDAT', [], data) : chunk('fdAT', [[4, sequence++]], data));
  }
  parts.push(chunk('IEND', []));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

import type { DecodedPng } from 'fast-png';
import type { Image } from './image.js';

/** Reads sample `x` of a packed row: 1, 2 or 4 bits each, the first in the high bits. */
function packedSample(data: ArrayLike<number>, rowStart: number, x: number, depth: number): number {
  const bit = x * depth;
  const byte = data[rowStart + (bit >> 3)]!;
  return (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Spreads grey (channels 1 or 2) or colour (3 or 4) samples of 8 or 16 bits over RGB; alpha is dropped. */
function wideToRgb({ width, height, channels, depth, data }: DecodedPng): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const shift = depth - 8;
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  for (let pixel = 0, from = 0, to = 0; pixel < width * height; pixel++, from += channels, to += 3) {
    rgb[to] = data[from]! >> shift;
    rgb[to + 1] = data[from + green]! >> shift;
    rgb[to + 2] = data[from + blue]! >> shift;
  }
  return rgb;
}

/** Grey of less than 8 bits: white is white, whatever the depth. */
function packedToRgb({ width, height, depth, data }: DecodedPng): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const rowBytes = Math.ceil((width * depth) / 8);
  const scale = 255 / ((1 << depth) - 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      rgb.fill(packedSample(data, y * rowBytes, x, depth) * scale, at, at + 3);
    }
  }
  return rgb;
}

function paletteToRgb({ width, height, depth, data, palette }: DecodedPng): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const rowBytes = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const index = packedSample(data, y * rowBytes, x, depth);
      const colour = palette?.[index];
      if (!colour) throw new Error(`pixel ${x},${y} has colour ${index}, and the palette has ${palette?.length ?? 0}`);
      rgb.set(colour.slice(0, 3), (y * width + x) * 3);
    }
  }
  return rgb;
}

/**
 * The size that a PNG says it has, without decoding: its chunks are walked to the last, IEND.
 *
 * @throws Error saying what is wrong; the caller adds the file's name
 */
export function probePng(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [IHDR, IEND] = [0x49484452, 0x49454e44];
  const size = { width: 0, height: 0 };
  // A chunk: length, type, data, checksum.
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === IHDR && at + 16 <= bytes.length)
      [size.width, size.height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (type !== IEND) continue;
    if (size.width === 0 || size.height === 0) throw new Error('it does not say how large it is');
    return size;
  }
  throw new Error('the file ends before its last chunk: it was cut short');
}

/**
 * Decodes a PNG of any kind (grey, palette, colour; with or without alpha; 1 to 16 bits) to 8-bit RGB: grey is spread over
 * three channels, alpha is dropped, 16 bits keep their high byte.
 *
 * @throws Error saying what is wrong; the caller adds the file's name
 */
export async function decodePng(bytes: Uint8Array): Promise<Image> {
  const { decode } = await import('fast-png');
  const [depth, colourType, interlace] = [bytes[24] ?? 0, bytes[25] ?? 0, bytes[28] ?? 0];
  if (interlace !== 0 && depth < 8) {
    throw new Error(`interlaced PNG with ${depth} bits a sample is not supported: save it without interlacing`);
  }
  const png = decode(bytes, { checkCrc: true });
  const { width, height } = png;
  if (colourType === 3) return { width, height, data: paletteToRgb(png) };
  return { width, height, data: depth < 8 ? packedToRgb(png) : wideToRgb(png) };
}

/** Encodes RGB as a PNG of 8 bits a channel. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { encode } = await import('fast-png');
  return encode({ width: image.width, height: image.height, data: image.data, channels: 3, depth: 8 });
}

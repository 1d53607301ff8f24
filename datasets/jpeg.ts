import type { Image } from './image.js';
import { exifOrientation, isOnItsSide, turnUpright } from './orientation.js';

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

interface DecodeOptions {
  readonly useTArray: boolean;
  readonly formatAsRGBA: boolean;
  readonly tolerantDecoding: boolean;
  readonly maxMemoryUsageInMB: number;
}

type Decode = (bytes: Uint8Array, options: DecodeOptions) => Pixels;
type Encode = (image: Pixels, quality: number) => { readonly data: Uint8Array };

type Part = 'decode' | 'encode';

const LOADERS: Readonly<Record<Part, () => Promise<{ readonly default?: unknown }>>> = {
  decode: () => import('jpeg-js/lib/decoder.js'),
  encode: () => import('jpeg-js/lib/encoder.js'),
};

/**
 * jpeg-js is CommonJS. Node hands it over as the default export; a browser that loads the same file as a module gets an
 * empty one, and the file registers itself on `window` instead, which a web worker has to be given for that moment. So one
 * import serves everywhere, and everywhere the pixels are the same.
 */
async function loadCodec<T>(part: Part): Promise<T> {
  const scope = globalThis as { window?: unknown; process?: unknown; 'jpeg-js'?: Record<string, unknown> };
  const inWorker = scope.window === undefined && scope.process === undefined;
  if (inWorker) scope.window = scope;
  try {
    const found = (await LOADERS[part]()).default ?? scope['jpeg-js']?.[part];
    if (typeof found !== 'function') throw new Error(`jpeg-js did not load: it has no ${part} function`);
    return found as T;
  } finally {
    if (inWorker) delete scope.window;
  }
}

/** True when a marker carries no length and no payload. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);

/** True for the markers of a frame header, which holds the picture's size (0xc4, 0xc8 and 0xcc are something else). */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** What a JPEG file's segments say: size as stored, orientation, and whether the file runs to its end marker. */
interface Segments {
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  readonly complete: boolean;
}

/** Walks a JPEG file's segments. */
function walkSegments(bytes: Uint8Array): Segments {
  const size = { width: 0, height: 0, orientation: 1 };
  const u16 = (from: number): number => ((bytes[from] ?? 0) << 8) + (bytes[from + 1] ?? 0);
  let at = 2;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) {
      at++; // entropy-coded data, or padding between segments
      continue;
    }
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) return { ...size, complete: true };
    if (marker === 0xe1 && size.orientation === 1) {
      size.orientation = exifOrientation(bytes.subarray(at + 4, at + 2 + u16(at + 2)));
    }
    if (isFrame(marker)) [size.height, size.width] = [u16(at + 5), u16(at + 7)];
    if (marker === 0x00 || marker === 0xff || isBare(marker)) at += marker === 0xff ? 1 : 2;
    else at += 2 + u16(at + 2);
  }
  return { ...size, complete: false };
}

/** The decoder fills what is missing with grey and says nothing, so a cut file has to be found by walking its segments. */
const CUT = 'the file ends before its end marker: it was cut short';

/**
 * The size that a JPEG says it has when it stands upright, without decoding.
 *
 * @throws Error saying what is wrong; the caller adds the file's name
 */
export function probeJpeg(bytes: Uint8Array): { width: number; height: number } {
  const { width, height, orientation, complete } = walkSegments(bytes);
  if (!complete) throw new Error(CUT);
  if (width === 0 || height === 0) throw new Error('it does not say how large it is');
  return isOnItsSide(orientation) ? { width: height, height: width } : { width, height };
}

/**
 * Decodes a JPEG (baseline or progressive; grey, YCbCr or CMYK) to RGB, upright as its Exif orientation says.
 *
 * @throws Error saying what is wrong; the caller adds the file's name
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Image> {
  const { orientation, complete } = walkSegments(bytes);
  if (!complete) throw new Error(CUT);
  const decode = await loadCodec<Decode>('decode');
  const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false, maxMemoryUsageInMB: 1024 };
  const { width, height, data } = decode(bytes, options);
  return turnUpright({ width, height, data }, orientation);
}

/**
 * Encodes RGB as a baseline JPEG without chroma subsampling.
 *
 * @param quality 1..100
 */
export async function encodeJpeg(image: Image, quality = 95): Promise<Uint8Array> {
  const encode = await loadCodec<Encode>('encode');
  const { width, height } = image;
  const rgba = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgba.set(image.data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    rgba[pixel * 4 + 3] = 255;
  }
  return new Uint8Array(encode({ width, height, data: rgba }, quality).data);
}

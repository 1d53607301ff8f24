import { DatasetError } from './error.js';
import { decodeJpeg } from './jpeg.js';
import { decodePng } from './png.js';

export { encodeJpeg } from './jpeg.js';
export { encodePng } from './png.js';

/** An 8-bit RGB picture: `data[(y * width + x) * 3 + channel]`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const startsWith = (bytes: Uint8Array, ...values: number[]): boolean => values.every((value, i) => bytes[i] === value);

const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));

/** The format of a file by its first bytes, whatever its name says. */
export function imageFormat(bytes: Uint8Array): 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'AVIF' | undefined {
  if (startsWith(bytes, 0xff, 0xd8)) return 'JPEG';
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47)) return 'PNG';
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP') return 'WebP';
  if (text(bytes, 0, 3) === 'GIF') return 'GIF';
  if (text(bytes, 4, 8) === 'ftyp') return 'AVIF';
  if (text(bytes, 0, 4) === 'II*\0' || text(bytes, 0, 4) === 'MM\0*') return 'TIFF';
  if (text(bytes, 0, 2) === 'BM') return 'BMP';
  return undefined;
}

/**
 * Decodes a JPEG or PNG file to RGB. Grey, palette and 16-bit pictures become 8-bit RGB, alpha is dropped, EXIF
 * orientation is not applied. The codecs are loaded on first use, and are the same in Node and in a browser.
 *
 * @param bytes the whole file
 * @param name the file's name, for the error
 * @throws DatasetError naming the file: empty, cut short, damaged, or another format
 *
 * @example
 *   const image = await decodeImage(await readFile(path), path);
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Image> {
  if (bytes.length === 0) throw new DatasetError(`${name} is empty (0 bytes). Copy it again, or delete it.`);
  const format = imageFormat(bytes);
  if (format === undefined) {
    throw new DatasetError(
      `${name} is not a picture: it starts with neither a JPEG nor a PNG mark. Delete or replace it.`,
    );
  }
  if (format !== 'JPEG' && format !== 'PNG') {
    throw new DatasetError(`${name} is a ${format} file. Convert it to JPEG or PNG.`);
  }
  let image: Image;
  try {
    image = await (format === 'JPEG' ? decodeJpeg(bytes) : decodePng(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DatasetError(`${name} cannot be read as ${format}: ${reason}. Copy it again, or delete it.`, {
      cause: error,
    });
  }
  if (image.width < 1 || image.height < 1 || image.data.length !== image.width * image.height * 3) {
    throw new DatasetError(
      `${name} says that it is ${image.width} x ${image.height} pixels: it is damaged. Copy it again.`,
    );
  }
  return image;
}

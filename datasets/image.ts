import { DatasetError } from './error.js';
import { decodeJpeg, probeJpeg } from './jpeg.js';
import { decodePng, probePng } from './png.js';

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

/** What the first bytes of a picture file say, and whether it runs to its end. */
export interface ImageFacts {
  readonly format: 'JPEG' | 'PNG';
  readonly width: number;
  readonly height: number;
}

/** @throws DatasetError when the file is empty, or neither JPEG nor PNG */
function needFormat(bytes: Uint8Array, name: string): 'JPEG' | 'PNG' {
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
  return format;
}

const cannotRead = (name: string, format: string, error: unknown): DatasetError => {
  const reason = error instanceof Error ? error.message : String(error);
  return new DatasetError(`${name} cannot be read as ${format}: ${reason}. Copy it again, or delete it.`, {
    cause: error,
  });
};

/**
 * Looks at a JPEG or PNG file without decoding it: what size it says that it has, and whether it ends where it should.
 * Damage in between is only found by `decodeImage`.
 *
 * @param bytes the whole file
 * @param name the file's name, for the error
 * @throws DatasetError naming the file: empty, cut short, another format, or without a size
 */
export function probeImage(bytes: Uint8Array, name: string): ImageFacts {
  const format = needFormat(bytes, name);
  try {
    return { format, ...(format === 'JPEG' ? probeJpeg(bytes) : probePng(bytes)) };
  } catch (error) {
    throw cannotRead(name, format, error);
  }
}

/**
 * Decodes a JPEG or PNG file to RGB. Grey, palette and 16-bit pictures become 8-bit RGB, alpha is dropped, and
 * JPEGs are turned upright as their Exif orientation says. The codecs are loaded on first use, and are the same in Node and in a browser.
 *
 * @param bytes the whole file
 * @param name the file's name, for the error
 * @throws DatasetError naming the file: empty, cut short, damaged, or another format
 *
 * @example
 *   const image = await decodeImage(await readFile(path), path);
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Image> {
  const format = needFormat(bytes, name);
  let image: Image;
  try {
    image = await (format === 'JPEG' ? decodeJpeg(bytes) : decodePng(bytes));
  } catch (error) {
    throw cannotRead(name, format, error);
  }
  if (image.width < 1 || image.height < 1 || image.data.length !== image.width * image.height * 3) {
    throw new DatasetError(
      `${name} says that it is ${image.width} x ${image.height} pixels: it is damaged. Copy it again.`,
    );
  }
  return image;
}

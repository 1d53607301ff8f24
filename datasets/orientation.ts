import type { Image } from './image.js';

/** Tag of a picture's orientation in Exif. */
const ORIENTATION = 0x0112;

/**
 * The orientation in a block of Exif, the payload of a JPEG's APP1 segment: 1 (upright) to 8, as the standard numbers them; 1 where
 * it says nothing or cannot be understood.
 */
export function exifOrientation(block: Uint8Array): number {
  if (String.fromCharCode(...block.subarray(0, 6)) !== 'Exif\0\0') return 1;
  const tiff = new DataView(block.buffer, block.byteOffset + 6, block.byteLength - 6);
  if (tiff.byteLength < 14) return 1;
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const entries = tiff.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > tiff.byteLength) return 1;
    if (tiff.getUint16(at, little) !== ORIENTATION) continue;
    const value = tiff.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** True where height and width of the upright picture are those of the stored one exchanged. */
export const isOnItsSide = (orientation: number): boolean => orientation >= 5;

/** The picture as it should be seen: turned and mirrored as its orientation says. */
export function turnUpright(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  const aside = isOnItsSide(orientation);
  const [outWidth, outHeight] = aside ? [height, width] : [width, height];
  // Where the stored picture's row 0 and column 0 lie: by the standard, see its figure of the letter F.
  const fromRight = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const fromBelow = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++, to += 3) {
      const [column, row] = aside ? [y, x] : [x, y];
      const from = ((fromBelow ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column)) * 3;
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { width: outWidth, height: outHeight, data: out };
}

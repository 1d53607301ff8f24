import type { RandomStream } from '../random/philox.js';
import { resizeBilinear } from './resize.js';

/** A random rectangle of the picture that becomes the whole. */
export interface CropConfig {
  /** Its area is drawn from this share of the picture's to all of it. */
  readonly minArea: number;
  /** Its height / width is drawn from this range. */
  readonly minAspect: number;
  readonly maxAspect: number;
}

const ATTEMPTS = 10;

/**
 * Cuts a random rectangle and resizes it to the whole: area and aspect uniform, drawn again up to ten times until it fits; if none
 * does, the picture as it is. The rectangle is one of the picture at the network's size, which people in boxes of other proportions
 * were brought to before.
 *
 * @param pixels 8-bit RGB, `[height, width, 3]`; not changed
 */
export function cropRectangle(
  pixels: Uint8Array,
  height: number,
  width: number,
  { minArea, minAspect, maxAspect }: CropConfig,
  random: RandomStream,
): Uint8Array {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = random.range(minArea, 1) * height * width;
    const aspect = random.range(minAspect, maxAspect);
    const rows = Math.round(Math.sqrt(area * aspect));
    const columns = Math.round(Math.sqrt(area / aspect));
    if (rows > height || columns > width || rows < 1 || columns < 1) continue;
    const left = random.integer(width - columns + 1);
    const top = random.integer(height - rows + 1);
    const data = new Uint8Array(rows * columns * 3);
    for (let y = 0; y < rows; y++) {
      const start = ((top + y) * width + left) * 3;
      data.set(pixels.subarray(start, start + columns * 3), y * columns * 3);
    }
    return resizeBilinear({ height: rows, width: columns, data }, width, height).data;
  }
  return pixels;
}

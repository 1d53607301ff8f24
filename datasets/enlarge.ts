import type { RandomStream } from '../random/philox.js';
import { resizeBilinear } from './resize.js';

/** A border of black, then either squeezed back to size, or enlarged a little and cropped at a random place. */
export interface EnlargeConfig {
  /** Black pixels on each side. */
  readonly pad: number;
  /** Height and width before the crop, over those of the network input. */
  readonly factor: number;
  /** How often the padded picture is squeezed back to size, without a crop. */
  readonly probability: number;
}

/** Nearest whole number, halves to the even one, as Python rounds. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** The picture from right to left: `[height, width, 3]`. */
export function mirrorPixels(pixels: Uint8Array, height: number, width: number): Uint8Array {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * 3;
      result.set(pixels.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return result;
}

/**
 * Pads a picture, and resizes it (bilinear) to its own size, or to `factor` times it and crops at a place drawn uniformly: sizes
 * and places are rounded, halves to even. Both ways squeeze the padded picture.
 *
 * Pathak's code of FGReID ("Fine-Grained Re-Identification", 2020), after torchreid's `Random2DTranslation`.
 *
 * @param pixels 8-bit RGB, `[height, width, 3]`; not changed
 */
export function enlargePicture(
  pixels: Uint8Array,
  height: number,
  width: number,
  { pad, factor, probability }: EnlargeConfig,
  random: RandomStream,
): Uint8Array {
  const [rows, columns] = [height + 2 * pad, width + 2 * pad];
  const data = new Uint8Array(rows * columns * 3);
  for (let y = 0; y < height; y++) {
    data.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), ((y + pad) * columns + pad) * 3);
  }
  const padded = { height: rows, width: columns, data };
  if (random.uniform() < probability) return resizeBilinear(padded, width, height).data;
  const [largeHeight, largeWidth] = [roundHalfEven(height * factor), roundHalfEven(width * factor)];
  const left = roundHalfEven(random.range(0, largeWidth - width));
  const top = roundHalfEven(random.range(0, largeHeight - height));
  const large = resizeBilinear(padded, largeWidth, largeHeight).data;
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    const from = ((y + top) * largeWidth + left) * 3;
    result.set(large.subarray(from, from + width * 3), y * width * 3);
  }
  return result;
}

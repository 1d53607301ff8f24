import type { RandomStream } from '../random/philox.js';

/** Random erasing: one rectangle of a normalised picture becomes the mean colour, or another one. */
export interface EraseConfig {
  readonly probability: number;
  /** Smallest and largest share of the picture. */
  readonly minArea: number;
  readonly maxArea: number;
  /** Smallest height / width; the largest is its inverse. */
  readonly minAspect: number;
  /** What the channels become, in normalised units; default 0, the mean colour. */
  readonly fill?: readonly [number, number, number];
}

const ATTEMPTS = 100;

/**
 * Erases one rectangle in place (Zhong et al., "Random erasing data augmentation", AAAI 2020): area uniform in
 * minArea..maxArea of the picture, aspect uniform in minAspect..1/minAspect, drawn again until it fits.
 *
 * @param image normalised channels: `[3, height, width]` from `offset` on
 */
export function eraseRectangle(
  image: Float32Array,
  offset: number,
  height: number,
  width: number,
  { probability, minArea, maxArea, minAspect, fill = [0, 0, 0] }: EraseConfig,
  random: RandomStream,
): void {
  if (random.uniform() >= probability) return;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = random.range(minArea, maxArea) * height * width;
    const aspect = random.range(minAspect, 1 / minAspect);
    const rows = Math.round(Math.sqrt(area * aspect));
    const columns = Math.round(Math.sqrt(area / aspect));
    if (rows >= height || columns >= width) continue;
    const top = random.integer(height - rows + 1);
    const left = random.integer(width - columns + 1);
    for (let channel = 0; channel < 3; channel++) {
      for (let y = top; y < top + rows; y++) {
        const start = offset + (channel * height + y) * width + left;
        image.fill(fill[channel]!, start, start + columns);
      }
    }
    return;
  }
}

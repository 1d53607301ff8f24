import type { RandomStream } from '../random/philox.js';

/** Random erasing: one rectangle of a normalised picture becomes the mean colour. */
export interface EraseConfig {
  readonly probability: number;
  /** Smallest and largest share of the picture. */
  readonly minArea: number;
  readonly maxArea: number;
  /** Smallest height / width; the largest is its inverse. */
  readonly minAspect: number;
}

const ATTEMPTS = 100;

/**
 * Erases one rectangle in place (Zhong et al., "Random erasing data augmentation", AAAI 2020): area uniform in
 * minArea..maxArea of the picture, aspect uniform in minAspect..1/minAspect, drawn again until it fits. The fill is the mean
 * colour, which is 0 after normalisation.
 *
 * @param image normalised channels: `[3, height, width]` from `offset` on
 */
export function eraseRectangle(
  image: Float32Array,
  offset: number,
  height: number,
  width: number,
  { probability, minArea, maxArea, minAspect }: EraseConfig,
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
        image.fill(0, start, start + columns);
      }
    }
    return;
  }
}

import type { Image } from '../../datasets/image.js';

/** Window of the published measure: 11 numbers of a Gaussian with σ 1.5. */
const RADIUS = 5;
const SIGMA = 1.5;

const WINDOW = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return Float64Array.from(weights, (weight) => weight / sum);
})();

const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

function checkSizes(name: string, a: Image, b: Image): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(
      `${name}: the pictures are of ${a.width}×${a.height} and ${b.width}×${b.height}; they must be alike`,
    );
  }
}

/** Weighted means around every pixel whose window lies inside, [height − 10, width − 10]. */
function smoothed(plane: Float64Array, height: number, width: number): Float64Array {
  const [h, w] = [height - 2 * RADIUS, width - 2 * RADIUS];
  const across = new Float64Array(height * w);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++) sum += WINDOW[k]! * plane[y * width + x + k]!;
      across[y * w + x] = sum;
    }
  }
  const out = new Float64Array(h * w);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++) sum += WINDOW[k]! * across[(y + k) * w + x]!;
      out[y * w + x] = sum;
    }
  }
  return out;
}

/**
 * Structural similarity of two pictures (Wang et al., "Image quality assessment: from error visibility to structural similarity", TIP
 * 2004), the mean over colours and over all pixels whose window lies inside; 1 for equal pictures.
 *
 * @throws RangeError for pictures of different sizes, or smaller than the window of 11
 */
export function ssim(a: Image, b: Image): number {
  checkSizes('ssim', a, b);
  const { width, height } = a;
  if (Math.min(width, height) <= 2 * RADIUS)
    throw new RangeError(`ssim: ${width}×${height} is smaller than its window of 11`);
  let total = 0;
  for (let colour = 0; colour < 3; colour++) {
    const plane = (of: (i: number) => number) =>
      smoothed(
        Float64Array.from({ length: width * height }, (_, i) => of(3 * i + colour)),
        height,
        width,
      );
    const [p, q] = [a.data, b.data];
    const [meanA, meanB] = [plane((i) => p[i]!), plane((i) => q[i]!)];
    const [squareA, squareB] = [plane((i) => p[i]! ** 2), plane((i) => q[i]! ** 2)];
    const product = plane((i) => p[i]! * q[i]!);
    let sum = 0;
    for (const [i, x] of meanA.entries()) {
      const y = meanB[i]!;
      const [varA, varB, covariance] = [squareA[i]! - x * x, squareB[i]! - y * y, product[i]! - x * y];
      sum += ((2 * x * y + C1) * (2 * covariance + C2)) / ((x * x + y * y + C1) * (varA + varB + C2));
    }
    total += sum / meanA.length;
  }
  return total / 3;
}

/** The mean absolute difference of two pictures, of values in 0 … 1. */
export function meanDifference(a: Image, b: Image): number {
  checkSizes('meanDifference', a, b);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / (255 * a.data.length);
}

/** Peak signal-to-noise ratio in dB; Infinity for equal pictures. */
export function psnr(a: Image, b: Image): number {
  checkSizes('psnr', a, b);
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0) / a.data.length;
  return 10 * Math.log10(255 ** 2 / squares);
}

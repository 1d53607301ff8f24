import type { Image } from '../image.js';

/** A picture in the making: RGB in 0..1 (and beyond, before the camera clips), interleaved. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A black canvas. */
export function createCanvas(width: number, height: number): Canvas {
  return { width, height, data: new Float32Array(width * height * 3) };
}

/** Lays a colour over one pixel. */
export function blend(canvas: Canvas, pixel: number, red: number, green: number, blue: number, cover: number): void {
  const { data } = canvas;
  const keep = 1 - cover;
  data[pixel * 3] = data[pixel * 3]! * keep + red * cover;
  data[pixel * 3 + 1] = data[pixel * 3 + 1]! * keep + green * cover;
  data[pixel * 3 + 2] = data[pixel * 3 + 2]! * keep + blue * cover;
}

/** Weights of a Gaussian cut at 2.5 deviations, the middle first. */
function gaussian(sigma: number): number[] {
  const weights = Array.from({ length: Math.ceil(sigma * 2.5) + 1 }, (_, i) =>
    Math.exp((-i * i) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

/** One direction of a blur; edges repeat their last pixel. */
function blurLines(
  data: Float32Array,
  lines: number,
  lineStep: number,
  length: number,
  step: number,
  sigma: number,
): void {
  const weights = gaussian(sigma);
  const reach = weights.length - 1;
  const line = new Float32Array(length + 2 * reach);
  for (let at = 0; at < lines; at++) {
    for (let channel = 0; channel < 3; channel++) {
      const start = at * lineStep + channel;
      for (let i = 0; i < length; i++) line[reach + i] = data[start + i * step]!;
      line.fill(line[reach]!, 0, reach);
      line.fill(line[reach + length - 1]!, reach + length);
      for (let i = 0; i < length; i++) {
        const middle = reach + i;
        let sum = line[middle]! * weights[0]!;
        for (let tap = 1; tap <= reach; tap++) sum += weights[tap]! * (line[middle - tap]! + line[middle + tap]!);
        data[start + i * step] = sum;
      }
    }
  }
}

/** Blurs in place with a Gaussian of `sigma` pixels across and `sigmaDown` down. */
export function blur({ width, height, data }: Canvas, sigma: number, sigmaDown = sigma): void {
  if (sigma > 0.15) blurLines(data, height, width * 3, width, 3, sigma);
  if (sigmaDown > 0.15) blurLines(data, width, 3, height, width * 3, sigmaDown);
}

/** The finished picture, clipped to 8 bits. */
export function toImage({ width, height, data }: Canvas): Image {
  const pixels = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = data[i]! * 255;
  return { width, height, data: new Uint8Array(pixels.buffer) };
}

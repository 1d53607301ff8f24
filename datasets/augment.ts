import type { RandomStream } from '../random/philox.js';

/** Colour jitter: each factor is drawn from 1 - amount .. 1 + amount. */
export interface JitterConfig {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Of each channel's own factor, which makes a colour cast as of another light; default 0. */
  readonly cast?: number;
}

/** A small rotation about the centre and a shift. */
export interface MoveConfig {
  /** The angle is drawn from -degrees .. degrees. */
  readonly degrees: number;
  /** The shift is drawn from -shift .. shift, as a share of the picture's width and height. */
  readonly shift: number;
}

const clampByte = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value + 0.5) | 0;

const luma = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

/**
 * Changes brightness (times a factor), contrast (distance from the mean grey), saturation (distance from each pixel's grey) and
 * the colour cast (each channel times a factor of its own), in this order.
 *
 * @param pixels 8-bit RGB, interleaved; not changed
 */
export function changeColours(pixels: Uint8Array, config: JitterConfig, random: RandomStream): Uint8Array {
  const brightness = random.range(1 - config.brightness, 1 + config.brightness);
  const contrast = random.range(1 - config.contrast, 1 + config.contrast);
  const saturation = random.range(1 - config.saturation, 1 + config.saturation);
  const cast = config.cast ?? 0;
  const [castRed, castGreen, castBlue] =
    cast > 0 ? ([1, 2, 3].map(() => random.range(1 - cast, 1 + cast)) as [number, number, number]) : [1, 1, 1];
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) sum += luma(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!);
  const mean = (brightness * sum) / (pixels.length / 3);
  const result = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    const red = mean + contrast * (brightness * pixels[i]! - mean);
    const green = mean + contrast * (brightness * pixels[i + 1]! - mean);
    const blue = mean + contrast * (brightness * pixels[i + 2]! - mean);
    const grey = luma(red, green, blue);
    result[i] = clampByte(castRed * (grey + saturation * (red - grey)));
    result[i + 1] = clampByte(castGreen * (grey + saturation * (green - grey)));
    result[i + 2] = clampByte(castBlue * (grey + saturation * (blue - grey)));
  }
  return result;
}

/**
 * Rotates about the centre and shifts, with bilinear samples; what comes from outside is black.
 *
 * @param pixels 8-bit RGB, `[height, width, 3]`; not changed
 */
export function moveImage(
  pixels: Uint8Array,
  height: number,
  width: number,
  { degrees, shift }: MoveConfig,
  random: RandomStream,
): Uint8Array {
  const angle = (random.range(-degrees, degrees) * Math.PI) / 180;
  const shiftX = random.range(-shift, shift) * width;
  const shiftY = random.range(-shift, shift) * height;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const at = (x: number, y: number, channel: number): number =>
    x >= 0 && x < width && y >= 0 && y < height ? pixels[(y * width + x) * 3 + channel]! : 0;
  const result = new Uint8Array(pixels.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - centreX - shiftX, y - centreY - shiftY];
      const fromX = centreX + cosine * dx + sine * dy;
      const fromY = centreY - sine * dx + cosine * dy;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [u, v] = [fromX - left, fromY - top];
      for (let channel = 0; channel < 3; channel++, to++) {
        const upper = (1 - u) * at(left, top, channel) + u * at(left + 1, top, channel);
        const lower = (1 - u) * at(left, top + 1, channel) + u * at(left + 1, top + 1, channel);
        result[to] = clampByte((1 - v) * upper + v * lower);
      }
    }
  }
  return result;
}

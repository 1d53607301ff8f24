import { RandomStream } from '../random/philox.js';
import { changeColours, type JitterConfig, type MoveConfig, moveImage } from './augment.js';
import { type CropConfig, cropRectangle } from './crop.js';
import { type EnlargeConfig, enlargePicture, mirrorPixels } from './enlarge.js';
import { type EraseConfig, eraseRectangle } from './erase.js';
import type { ResizeFilter } from './resize.js';

/** Per-channel statistics of ImageNet, in 0..1: what nearly every pretrained backbone expects. */
export const IMAGENET_MEAN: readonly [number, number, number] = [0.485, 0.456, 0.406];
export const IMAGENET_STD: readonly [number, number, number] = [0.229, 0.224, 0.225];

/**
 * How a picture becomes network input: a plain value, saved with the run. The order is fixed and is the order of the
 * fields: resize, crop a rectangle, colour jitter, move, flip, enlarge, pad and crop, normalise, erase. A step that is absent is not
 * done.
 */
export interface TransformConfig {
  /** Pixels of the network input. */
  readonly height: number;
  readonly width: number;
  /** How pictures get this size, `bilinear` by default. */
  readonly resize?: ResizeFilter;
  /** A random rectangle, resized to the whole. */
  readonly crop?: CropConfig;
  /** Change of brightness, contrast and saturation. */
  readonly jitter?: JitterConfig;
  /** Small rotation and translation. */
  readonly move?: MoveConfig;
  /** Probability of a left-right flip. 1 flips every picture (test-time flip). */
  readonly flip?: number;
  /** Padded and squeezed back, or enlarged a little and cropped. */
  readonly enlarge?: EnlargeConfig;
  /** Black pixels added on each side before a random crop back to `height` x `width`. */
  readonly pad?: number;
  /** Subtracted from the channel value in 0..1. */
  readonly mean: readonly [number, number, number];
  /** Divides what is left. */
  readonly std: readonly [number, number, number];
  /** Random erasing (Zhong et al., AAAI 2020). */
  readonly erase?: EraseConfig;
}

const SIZE = { height: 256, width: 128 };
const IMAGENET = { mean: IMAGENET_MEAN, std: IMAGENET_STD };

/**
 * The usual training pipeline: resize, flip half of the pictures, pad 10 and crop, normalise, erase half of the pictures.
 *
 * @example
 *   const transform = trainTransform({ height: 128, width: 64, erase: undefined });
 */
export function trainTransform(changes: Partial<TransformConfig> = {}): TransformConfig {
  const erase = { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };
  return checkTransform({ ...SIZE, flip: 0.5, pad: 10, ...IMAGENET, erase, ...changes });
}

/**
 * FGReID's training pipeline: resized by the bicubic filter, mirrored half of the time, padded by ten black pixels, squeezed back or
 * enlarged by 1.125 and cropped, normalised, and half of the time erased with the mean as it is in 0..1, though the picture is
 * normalised then. Every frame of a clip is changed by itself.
 */
export function fgreidTransform(changes: Partial<TransformConfig> = {}): TransformConfig {
  return trainTransform({
    width: 150,
    resize: 'bicubic',
    enlarge: { pad: 10, factor: 1.125, probability: 0.5 },
    pad: undefined,
    erase: { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3, fill: IMAGENET_MEAN },
    ...changes,
  });
}

/** The usual test pipeline: resize and normalise. */
export function testTransform(changes: Partial<TransformConfig> = {}): TransformConfig {
  return checkTransform({ ...SIZE, ...IMAGENET, ...changes });
}

/**
 * Returns the configuration if every number makes sense.
 *
 * @throws RangeError naming the field, its value and what it should be
 */
export function checkTransform(config: TransformConfig): TransformConfig {
  const need = (holds: boolean, field: string, value: unknown, expected: string): void => {
    if (!holds) throw new RangeError(`transform.${field} is ${JSON.stringify(value)}: it should be ${expected}`);
  };
  const share = (value: number | undefined): boolean => value === undefined || (value >= 0 && value <= 1);
  const { height, width, flip, pad, mean, std, erase, crop, resize, enlarge } = config;
  need(Number.isInteger(height) && height > 0, 'height', height, 'a whole number of pixels above 0');
  need(Number.isInteger(width) && width > 0, 'width', width, 'a whole number of pixels above 0');
  const filters: readonly unknown[] = [undefined, 'bilinear', 'bicubic'];
  need(filters.includes(resize), 'resize', resize, 'bilinear or bicubic');
  need(share(flip), 'flip', flip, 'a probability, 0 to 1');
  need(pad === undefined || (Number.isInteger(pad) && pad >= 0), 'pad', pad, 'a whole number of pixels, 0 or more');
  need(mean.length === 3 && mean.every(Number.isFinite), 'mean', mean, 'three numbers, as red, green, blue in 0..1');
  need(std.length === 3 && std.every((value) => value > 0), 'std', std, 'three numbers above 0');
  if (crop) {
    const { minArea, minAspect, maxAspect } = crop;
    need(minArea > 0 && minArea <= 1, 'crop.minArea', minArea, 'above 0 and at most 1');
    need(minAspect > 0 && minAspect <= maxAspect, 'crop', crop, '0 < minAspect <= maxAspect');
  }
  if (enlarge) {
    const { pad: border, factor, probability } = enlarge;
    need(Number.isInteger(border) && border >= 0, 'enlarge.pad', border, 'a whole number of pixels, 0 or more');
    need(factor >= 1, 'enlarge.factor', factor, '1 or more');
    need(share(probability), 'enlarge.probability', probability, 'a probability, 0 to 1');
  }
  if (erase) {
    const { probability, minArea, maxArea, minAspect, fill } = erase;
    need(share(probability), 'erase.probability', probability, 'a probability, 0 to 1');
    need(minArea > 0 && minArea <= maxArea && maxArea <= 1, 'erase', erase, '0 < minArea <= maxArea <= 1');
    need(minAspect > 0 && minAspect <= 1, 'erase.minAspect', minAspect, 'above 0 and at most 1');
    need(!fill || (fill.length === 3 && fill.every(Number.isFinite)), 'erase.fill', fill, 'three numbers');
  }
  return config;
}

/**
 * First draws of each step within a sample's stream, so that switching one step off leaves the draws of the others as
 * they were.
 */
const DRAWS = { flip: 0, crop: 4, jitter: 16, move: 32, erase: 64, rectangle: 1024, enlarge: 2048 };

/** float32 value of every 8-bit level, a row of 256 a channel. */
function levels({ mean, std }: TransformConfig): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    for (let level = 0; level < 256; level++) {
      table[channel * 256 + level] = (level / 255 - mean[channel]!) / std[channel]!;
    }
  }
  return table;
}

/** Turns pictures that already have the right size into network input. */
export interface Transform {
  readonly config: TransformConfig;
  /**
   * Writes one sample.
   *
   * @param pixels 8-bit RGB, `[height, width, 3]`
   * @param sample the sample's number in the run: its random draws depend on it and on the seed alone
   * @param out receives `[3, height, width]` from `offset` on
   */
  write(pixels: Uint8Array, sample: number, out: Float32Array, offset: number): void;
}

/**
 * Compiles a configuration.
 *
 * @param seed the run's seed; a sample's draws come from `new RandomStream(seed, 'augment', sample)`
 */
export function createTransform(config: TransformConfig, seed = 0): Transform {
  checkTransform(config);
  const { height, width, crop, jitter, move, flip = 0, enlarge, pad = 0, erase } = config;
  const table = levels(config);
  const area = height * width;

  const write = (pixels: Uint8Array, sample: number, out: Float32Array, offset: number): void => {
    if (pixels.length !== area * 3 || offset + area * 3 > out.length) {
      throw new RangeError(
        `transform: expected ${area * 3} pixel values (${height} x ${width} x 3) and room for as many at ${offset}, ` +
          `got ${pixels.length} values and a buffer of ${out.length}`,
      );
    }
    const random = new RandomStream(seed, 'augment', sample);
    const drawsFrom = (position: number): RandomStream => {
      random.position = position;
      return random;
    };
    let source = pixels;
    if (crop) source = cropRectangle(source, height, width, crop, drawsFrom(DRAWS.rectangle));
    if (jitter) source = changeColours(source, jitter, drawsFrom(DRAWS.jitter));
    if (move) source = moveImage(source, height, width, move, drawsFrom(DRAWS.move));
    let mirrored = flip > 0 && drawsFrom(DRAWS.flip).uniform() < flip;
    if (enlarge) {
      const turned = mirrored ? mirrorPixels(source, height, width) : source;
      source = enlargePicture(turned, height, width, enlarge, drawsFrom(DRAWS.enlarge));
      mirrored = false;
    }
    let top = 0;
    let left = 0;
    if (pad > 0) {
      drawsFrom(DRAWS.crop);
      top = random.integer(2 * pad + 1) - pad;
      left = random.integer(2 * pad + 1) - pad;
    }
    for (let y = 0, to = offset; y < height; y++) {
      const row = y + top;
      const rowInside = row >= 0 && row < height;
      for (let x = 0; x < width; x++, to++) {
        const column = x + left;
        const inside = rowInside && column >= 0 && column < width;
        const from = inside ? (row * width + (mirrored ? width - 1 - column : column)) * 3 : -1;
        out[to] = table[inside ? source[from]! : 0]!;
        out[to + area] = table[256 + (inside ? source[from + 1]! : 0)]!;
        out[to + 2 * area] = table[512 + (inside ? source[from + 2]! : 0)]!;
      }
    }
    if (erase) eraseRectangle(out, offset, height, width, erase, drawsFrom(DRAWS.erase));
  };
  return { config, write };
}

import type { Picture } from '../dataset.js';
import type { Image } from '../image.js';
import { resizeImage } from '../resize.js';

/** Views all around: 0 is as photographed, view v is turned by 45 v degrees about the vertical. */
export const VIEWS = 8;

/** Degrees between two views. */
export const VIEW_STEP = 360 / VIEWS;

/** Size of a map in pixels. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Where the structure of pictures comes from: for each picture, the body that it shows without its appearance, as a grey picture of a
 * mesh on white, in the view of the camera and turned to others (Chen et al., Joint Generative and Contrastive Learning, CVPR 2021).
 */
export interface StructureProvider {
  /** For people: what the maps are and where they came from. */
  readonly name: string;
  /** How many views there are: 0..views-1. */
  readonly views: number;
  /** Facts that a person should see: how many pictures lack maps, and what is done about it. */
  readonly notes?: readonly string[];
  /** False for a picture that has no maps and gets none: it is kept, but nothing is generated from it. Absent: all have theirs. */
  has?(picture: Picture): boolean;
  /**
   * The map of a picture turned by view `view`, `[1, height, width]`: grey / 127.5 - 1, so that the white ground is 1. The same
   * arguments give the same values.
   *
   * @throws DatasetError naming the picture whose map cannot be had
   * @throws RangeError for a view or size that there is not
   */
  structure(picture: Picture, view: number, size: MapSize): Promise<Float32Array>;
}

/** @throws RangeError for a view or a size that there is not */
export function checkRequest(name: string, views: number, view: number, { height, width }: MapSize): void {
  if (!(Number.isInteger(view) && view >= 0 && view < views)) {
    throw new RangeError(`${name}: view is ${view}; it must be a whole number from 0 to ${views - 1}.`);
  }
  if (![height, width].every((side) => Number.isInteger(side) && side >= 1)) {
    throw new RangeError(`${name}: the size of a map must be whole and positive, got ${height} x ${width}.`);
  }
}

const NORMALISED = Float32Array.from({ length: 256 }, (_, grey) => (grey / 255 - 0.5) / 0.5);

/** Grey levels 0..255 as a map: mean 0.5 and deviation 0.5 of grey / 255. */
export function normaliseMap(grey: Uint8Array): Float32Array {
  const map = new Float32Array(grey.length);
  for (let i = 0; i < grey.length; i++) map[i] = NORMALISED[grey[i]!]!;
  return map;
}

/** 8-bit luma of a picture, as Pillow converts RGB to L: ITU-R 601-2 in 16 fractional bits. */
export function lumaOf({ data }: Image): Uint8Array {
  const grey = new Uint8Array(data.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = (19595 * data[i * 3]! + 38470 * data[i * 3 + 1]! + 7471 * data[i * 3 + 2]! + 32768) >> 16;
  }
  return grey;
}

/** A map of a picture of a mesh: luma, resized (bicubic, as Pillow does it), normalised. */
export function mapOfImage(image: Image, { height, width }: MapSize): Float32Array {
  const { width: from, height: rows } = image;
  const grey = lumaOf(image);
  if (from === width && rows === height) return normaliseMap(grey);
  const data = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) data.fill(grey[i]!, i * 3, i * 3 + 3);
  const resized = resizeImage({ width: from, height: rows, data }, width, height, 'bicubic').data;
  return normaliseMap(Uint8Array.from({ length: height * width }, (_, i) => resized[i * 3]!));
}

/** A map as a picture, to look at or to write: the inverse of `normaliseMap`. */
export function imageOfMap(map: Float32Array, { height, width }: MapSize): Image {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    data.fill(Math.min(255, Math.max(0, Math.round((map[i]! + 1) * 127.5))), i * 3, i * 3 + 3);
  }
  return { width, height, data };
}

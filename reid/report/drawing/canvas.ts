import type { Image } from '../../../datasets/image.js';
import { charactersOf, FONT_HEIGHT, glyphOf, textWidth } from './bitmap-font.js';

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A rectangle in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An RGB picture that can be drawn on. Whatever falls outside is cut off. */
export class Canvas implements Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  constructor(width: number, height: number, background: Colour) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fill({ x: 0, y: 0, width, height }, background);
  }

  fill({ x, y, width, height }: Box, [red, green, blue]: Colour): void {
    const right = Math.min(this.width, x + width);
    const bottom = Math.min(this.height, y + height);
    for (let row = Math.max(0, y); row < bottom; row++) {
      for (let column = Math.max(0, x); column < right; column++) {
        const at = (row * this.width + column) * 3;
        this.data[at] = red;
        this.data[at + 1] = green;
        this.data[at + 2] = blue;
      }
    }
  }

  /**
   * Text with its top left corner (or top centre) at x, y; each font pixel is a square of `scale` pixels.
   * @param align what `x` is of the text
   */
  text(text: string, x: number, y: number, colour: Colour, scale = 1, align: 'left' | 'centre' = 'left'): void {
    let left = align === 'left' ? x : x - Math.floor((textWidth(text) * scale) / 2);
    for (const character of charactersOf(text)) {
      const { width, rows } = glyphOf(character);
      for (let row = 0; row < FONT_HEIGHT; row++) {
        for (let column = 0; column < width; column++) {
          if (!rows[row][column]) continue;
          this.fill({ x: left + column * scale, y: y + row * scale, width: scale, height: scale }, colour);
        }
      }
      left += (width + 1) * scale;
    }
  }

  /** The picture as large as fits into the box, its proportions kept, in the middle of it. */
  image(image: Image, box: Box): void {
    const scale = Math.min(box.width / image.width, box.height / image.height);
    const width = Math.min(box.width, Math.max(1, Math.round(image.width * scale)));
    const height = Math.min(box.height, Math.max(1, Math.round(image.height * scale)));
    const sized = resize(image, width, height);
    const left = box.x + Math.floor((box.width - width) / 2);
    const top = box.y + Math.floor((box.height - height) / 2);
    for (let row = 0; row < height; row++) {
      this.data.set(sized.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * this.width + left) * 3);
    }
  }
}

/** Enlarged this much or more, a picture keeps its pixels as squares; smoothing would only blur it. */
const SQUARE_PIXELS_FROM = 2;

/** RGB data `[height, width, 3]` of the picture in a new size: triangle filter, widened when shrinking. */
function resize(image: Image, width: number, height: number): Uint8Array {
  const columns = taps(image.width, width);
  const rows = taps(image.height, height);
  const wide = new Float32Array(image.height * width * 3);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [source, weight] of columns[x]) {
        for (let c = 0; c < 3; c++)
          wide[(y * width + x) * 3 + c] += weight * image.data[(y * image.width + source) * 3 + c];
      }
    }
  }
  const out = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width * 3; i++) {
      let sum = 0.5;
      for (const [source, weight] of rows[y]) sum += weight * wide[source * width * 3 + i];
      out[y * width * 3 + i] = Math.min(255, Math.floor(sum));
    }
  }
  return out;
}

/** For each pixel of the new size, which old pixels it is made of, and how much of each. */
function taps(from: number, to: number): [source: number, weight: number][][] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * step - 0.5;
    if (1 / step >= SQUARE_PIXELS_FROM) return [[Math.min(from - 1, Math.floor((i + 0.5) * step)), 1]];
    const reach = Math.max(1, step);
    const found: [number, number][] = [];
    for (let source = Math.ceil(centre - reach); source <= centre + reach; source++) {
      const weight = 1 - Math.abs(source - centre) / reach;
      if (source >= 0 && source < from && weight > 0) found.push([source, weight]);
    }
    const total = found.reduce((sum, [, weight]) => sum + weight, 0);
    return found.map(([source, weight]) => [source, weight / total]);
  });
}

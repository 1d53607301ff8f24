import type { Image } from '../../../datasets/image.js';
import { FONT_HEIGHT, textWidth } from './bitmap-font.js';
import { Canvas, type Colour } from './canvas.js';
import { type ColourMap, colourOf, HEAT } from './colour-map.js';

/** A map over a picture, row-major, often of few pixels: an attention map, a Grad-CAM. It covers the whole picture. */
export interface HeatMap {
  /** `[height, width]`. */
  readonly data: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
}

/**
 * Which values get the first and the last colour.
 *
 * - `min-max`: the map's own smallest and largest; a map of one value only gets the first colour everywhere
 * - a pair: these, the same for all maps, so that maps can be compared; what is beyond gets the end's colour
 */
export type HeatRange = 'min-max' | readonly [low: number, high: number];

/** How a map is laid over a picture; nothing is needed. */
export interface OverlayOptions {
  /** Default `min-max`. */
  readonly range?: HeatRange;
  /** Share of the colours; the rest is the picture. Default 0.6. */
  readonly opacity?: number;
  /** Width of the result in pixels; the height keeps the picture's proportions. Default: the picture's own. */
  readonly width?: number;
  /** Draws a bar of the colours with the range's two numbers below the picture. Default false. */
  readonly legend?: boolean;
  /** Default {@link HEAT}. */
  readonly colours?: ColourMap;
}

/** What the picture keeps of its own colours under a map: enough to know the clothes, too little to be taken for heat. */
const COLOUR_KEPT = 0.3;

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [31, 35, 40];
const BAR = 8;
/** Height of a legend with its numbers. */
export const LEGEND_HEIGHT = 4 + BAR + 3 + FONT_HEIGHT;

function checkMap({ data, height, width }: HeatMap): void {
  if (!(Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0)) {
    throw new RangeError(`heat map: its size is ${height} × ${width}; it should be whole numbers above 0`);
  }
  if (data.length !== height * width) {
    throw new RangeError(`heat map: ${data.length} values are no map of ${height} × ${width}`);
  }
}

/**
 * The two values between which a map is coloured.
 *
 * @throws RangeError when the map holds a value that is not finite (naming it), or the range is none
 */
export function heatRange(map: HeatMap, range: HeatRange = 'min-max'): readonly [low: number, high: number] {
  checkMap(map);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < map.data.length; i++) {
    const value = map.data[i]!;
    if (!Number.isFinite(value)) {
      const at = `row ${Math.floor(i / map.width)}, column ${i % map.width}`;
      throw new RangeError(
        `heat map: the value at ${at} is ${value}; look for numbers that are not finite in the model`,
      );
    }
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (range === 'min-max') return [low, high];
  if (!(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1])) {
    throw new RangeError(`heat map: the range is ${range[0]} to ${range[1]}; the first should be below the second`);
  }
  return range;
}

/** The smallest and the largest value of all of these maps; `min-max` where they are one. */
export function sharedRange(maps: readonly HeatMap[]): HeatRange {
  const ends = maps.map((map) => heatRange(map));
  const low = ends.reduce((least, [value]) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = ends.reduce((most, [, value]) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return low < high ? [low, high] : 'min-max';
}

/** For each of `to` pixels: the left one of two of `from`, and the share of the right one. Pixel centres lie at halves. */
function steps(from: number, to: number): { readonly left: Int32Array; readonly share: Float64Array } {
  const left = new Int32Array(to);
  const share = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    left[i] = Math.min(Math.floor(at), Math.max(0, from - 2));
    share[i] = at - left[i]!;
  }
  return { left, share };
}

/** A map in another size, bilinear, as PyTorch's `interpolate(mode='bilinear', align_corners=False)`. `[height, width]`. */
export function upsample(map: HeatMap, height: number, width: number): Float32Array {
  checkMap(map);
  const rows = steps(map.height, height);
  const columns = steps(map.width, width);
  const below = map.height > 1 ? map.width : 0;
  const right = map.width > 1 ? 1 : 0;
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const v = rows.share[y]!;
    for (let x = 0; x < width; x++) {
      const u = columns.share[x]!;
      const at = rows.left[y]! * map.width + columns.left[x]!;
      const top = (1 - u) * map.data[at]! + u * map.data[at + right]!;
      const bottom = (1 - u) * map.data[at + below]! + u * map.data[at + below + right]!;
      out[y * width + x] = (1 - v) * top + v * bottom;
    }
  }
  return out;
}

/**
 * Lays a map over a picture: brighter and yellower means more. The map is upsampled bilinearly to the picture's size, the
 * picture is turned mostly grey under it.
 *
 * @example
 *   const [cam] = await gradCam({ images, layer: model.base, forward: (x) => model.forward(x), score });
 *   const png = await encodePng(overlayHeatmap(picture, cam, { width: 128, legend: true }));
 *
 * @returns an RGB picture
 * @throws RangeError when the map's values are not finite or do not fill its size, or an option makes no sense
 */
export function overlayHeatmap(image: Image, map: HeatMap, options: OverlayOptions = {}): Image {
  const { range, opacity = 0.6, width = image.width, legend = false, colours = HEAT } = options;
  if (!(Number.isInteger(width) && width > 0)) throw new RangeError(`heat map: the width is ${width} pixels`);
  if (!(opacity >= 0 && opacity <= 1)) throw new RangeError(`heat map: the opacity is ${opacity}; it goes from 0 to 1`);
  const [low, high] = heatRange(map, range);
  const height = Math.max(1, Math.round((width * image.height) / image.width));
  const heat = upsample(map, height, width);
  const canvas = new Canvas(width, height + (legend ? LEGEND_HEIGHT : 0), PAPER);
  canvas.image(image, { x: 0, y: 0, width, height });
  const { data } = canvas;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const colour = colourOf(colours, high > low ? (heat[pixel]! - low) / (high - low) : 0);
    const at = 3 * pixel;
    const grey = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    for (let c = 0; c < 3; c++) {
      const under = COLOUR_KEPT * data[at + c]! + (1 - COLOUR_KEPT) * grey;
      data[at + c] = Math.round((1 - opacity) * under + opacity * colour[c]!);
    }
  }
  if (legend) drawLegend(canvas, 0, height + 4, width, [low, high], colours);
  return canvas;
}

/** A number for a legend: three digits that count, without needless zeros. */
export const shortNumber = (value: number): string => String(Number(value.toPrecision(3)));

/** A bar of a colour map with the range's two ends, or with words, below it. It takes {@link LEGEND_HEIGHT} less 4 pixels. */
export function drawLegend(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  ends: readonly [low: number | string, high: number | string],
  colours: ColourMap = HEAT,
): void {
  for (let i = 0; i < width; i++) {
    canvas.fill({ x: x + i, y, width: 1, height: BAR }, colourOf(colours, i / Math.max(1, width - 1)));
  }
  const [low, high] = ends.map((end) => (typeof end === 'number' ? shortNumber(end) : end)) as [string, string];
  canvas.text(low, x, y + BAR + 3, INK);
  canvas.text(high, x + width - textWidth(high), y + BAR + 3, INK);
}

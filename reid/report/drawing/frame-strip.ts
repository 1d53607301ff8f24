import type { Image } from '../../../datasets/image.js';
import { FONT_HEIGHT, textWidth } from './bitmap-font.js';
import { Canvas, type Colour } from './canvas.js';
import { drawLegend, type HeatMap, LEGEND_HEIGHT, sharedRange } from './heatmap.js';
import { coloursOf, type OverlayStyle, overlayInStyle } from './overlay-style.js';

/** A frame of a clip and where the network looked in it. */
export interface LookedFrame {
  readonly image: Image;
  readonly map: HeatMap;
  /** What stands under it. */
  readonly label?: string;
}

export interface FrameStripOptions {
  /** A large line at the top. */
  readonly title?: string;
  /** Default `heat`. */
  readonly style?: OverlayStyle;
  /** Width of one frame in pixels. Default 96. */
  readonly cellWidth?: number;
}

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [31, 35, 40];
const PALE_INK: Colour = [101, 109, 118];
const MARGIN = 16;
const GAP = 4;
const LEGEND_WIDTH = 160;

function sizeOf(frames: readonly LookedFrame[], cellWidth: number): { width: number; height: number } {
  if (frames.length === 0) throw new RangeError('frame strip: there is no frame to draw');
  if (!(Number.isInteger(cellWidth) && cellWidth > 0)) {
    throw new RangeError(`frame strip: cellWidth is ${cellWidth}; it should be a whole number of pixels`);
  }
  const { image } = frames[0]!;
  return { width: cellWidth, height: Math.max(1, Math.round((cellWidth * image.height) / image.width)) };
}

/**
 * Draws a clip as a strip: its frames from left to right, below each what the network looked at. All maps have one range, from the
 * smallest to the largest value of the clip, so that frames can be compared.
 *
 * @returns an RGB picture
 * @throws RangeError without frames, or when a map's values are not finite
 */
export function drawFrameStrip(frames: readonly LookedFrame[], options: FrameStripOptions = {}): Image {
  const { title, style = 'heat', cellWidth = 96 } = options;
  const cell = sizeOf(frames, cellWidth);
  const range = sharedRange(frames.map(({ map }) => map));
  const top = MARGIN + (title === undefined ? 0 : 2 * FONT_HEIGHT + 10);
  const labelled = frames.some(({ label }) => label !== undefined);
  const legendTop = top + 2 * cell.height + GAP + (labelled ? FONT_HEIGHT + 6 : 0) + 8;
  const row = frames.length * (cell.width + GAP) - GAP;
  const width = 2 * MARGIN + Math.max(row, LEGEND_WIDTH, 2 * textWidth(title ?? ''));
  const canvas = new Canvas(width, legendTop + LEGEND_HEIGHT + MARGIN, PAPER);
  if (title !== undefined) canvas.text(title, MARGIN, MARGIN, INK, 2);
  frames.forEach(({ image, map, label }, i) => {
    const x = MARGIN + i * (cell.width + GAP);
    canvas.image(image, { x, y: top, ...cell });
    canvas.image(overlayInStyle(image, map, { style, range, width: cell.width }), {
      x,
      y: top + cell.height + GAP,
      ...cell,
    });
    if (label !== undefined) canvas.text(label, x, top + 2 * cell.height + GAP + 4, PALE_INK);
  });
  const ends = range === 'min-max' ? (['one', 'value'] as const) : range;
  drawLegend(canvas, MARGIN, legendTop, LEGEND_WIDTH, ends, coloursOf(style));
  return canvas;
}

/**
 * The same clip as frames of an animation: each frame beside what the network looked at in it, all of one size.
 *
 * @example
 *   const bytes = await encodeApng(drawFrames(frames), { delayMs: 150 });
 */
export function drawFrames(frames: readonly LookedFrame[], options: Omit<FrameStripOptions, 'title'> = {}): Image[] {
  const { style = 'heat', cellWidth = 128 } = options;
  const cell = sizeOf(frames, cellWidth);
  const range = sharedRange(frames.map(({ map }) => map));
  return frames.map(({ image, map }) => {
    const canvas = new Canvas(2 * cell.width + GAP, cell.height, PAPER);
    canvas.image(image, { x: 0, y: 0, ...cell });
    canvas.image(overlayInStyle(image, map, { style, range, width: cell.width }), {
      x: cell.width + GAP,
      y: 0,
      ...cell,
    });
    return canvas;
  });
}

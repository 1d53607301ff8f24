import type { Image } from '../../../datasets/image.js';
import { FONT_HEIGHT, textWidth } from './bitmap-font.js';
import { Canvas, type Colour } from './canvas.js';
import { drawLegend, type HeatMap, type HeatRange, LEGEND_HEIGHT, sharedRange } from './heatmap.js';
import { coloursOf, type OverlayStyle, overlayInStyle } from './overlay-style.js';

/** A picture, what is written under it, and its maps from left to right; `undefined` leaves a place empty. */
export interface HeatmapRow {
  readonly image: Image;
  /** Up to two lines, for example identity and camera. */
  readonly caption?: readonly string[];
  readonly maps: readonly (HeatMap | undefined)[];
}

/** How a grid of heat maps looks; nothing is needed. */
export interface HeatmapGridOptions {
  /** A large line at the top. */
  readonly title?: string;
  /** What stands above each column of maps. */
  readonly columns?: readonly string[];
  /**
   * Default `min-max`: each map by its own values. `shared`: all by the smallest and largest of all. `column`: by those of its
   * column. Or a pair of numbers.
   */
  readonly range?: HeatRange | 'shared' | 'column';
  /** Share of the colours. Default 0.6. */
  readonly opacity?: number;
  /** Width of one picture in pixels. Default 96. */
  readonly cellWidth?: number;
  /** Default `heat`; the others have an opacity of their own. */
  readonly style?: OverlayStyle;
}

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [31, 35, 40];
const PALE_INK: Colour = [101, 109, 118];
const MARGIN = 16;
const GAP = 8;
/** Extra room between the picture and its maps. */
const PICTURE_GAP = 8;
const LINE = FONT_HEIGHT + 3;
const CAPTION_LINES = 2;
const LEGEND_WIDTH = 160;

/**
 * Draws pictures with their heat maps side by side: a row for each picture, first the picture itself, then a column for each
 * level of attention, each score or each model. A legend below says what the colours mean.
 *
 * @example
 *   const grid = drawHeatmapGrid(rows, { title: 'Spatial attention', columns: ['stage 1', 'stage 2'], range: [0, 1] });
 *   await writeFile('attention.png', await encodePng(grid));
 *
 * @returns an RGB picture
 * @throws RangeError without rows, when rows have different numbers of maps, or when a map's values are not finite
 */
export function drawHeatmapGrid(rows: readonly HeatmapRow[], options: HeatmapGridOptions = {}): Image {
  if (rows.length === 0) throw new RangeError('heat map grid: there is no row to draw');
  const { title, columns: titles = [], opacity, cellWidth = 96, style = 'heat' } = options;
  if (!(Number.isInteger(cellWidth) && cellWidth > 0)) {
    throw new RangeError(`heat map grid: cellWidth is ${cellWidth}; it should be a whole number of pixels`);
  }
  const columns = rows[0]!.maps.length;
  for (const [i, { maps }] of rows.entries()) {
    if (maps.length !== columns) {
      throw new RangeError(`heat map grid: row ${i} has ${maps.length} maps, row 0 has ${columns}`);
    }
  }
  const ranges = rangesOf(rows, columns, options.range ?? 'min-max');
  const tallness = Math.max(...rows.map(({ image }) => image.height / image.width));
  const cellHeight = Math.max(1, Math.round(cellWidth * Math.min(3, tallness)));
  const columnX = (column: number) => MARGIN + column * (cellWidth + GAP) + (column > 0 ? PICTURE_GAP : 0);
  const titleHeight = title === undefined ? 0 : 2 * FONT_HEIGHT + 10;
  const first = MARGIN + titleHeight + (titles.length > 0 ? LINE + 3 : 0);
  const pitch = cellHeight + 4 + CAPTION_LINES * LINE + 6;
  const content = columnX(columns) + cellWidth;
  const legendTop = first + rows.length * pitch;
  const width = MARGIN + Math.max(content, MARGIN + LEGEND_WIDTH, MARGIN + 2 * textWidth(title ?? ''));
  const canvas = new Canvas(width, legendTop + LEGEND_HEIGHT + MARGIN, PAPER);
  if (title !== undefined) canvas.text(title, MARGIN, MARGIN, INK, 2);
  titles.slice(0, columns).forEach((text, column) => {
    const middle = columnX(column + 1) + Math.floor(cellWidth / 2);
    canvas.text(fitted(text, cellWidth + GAP - 3), middle, first - LINE - 3, PALE_INK, 1, 'centre');
  });
  rows.forEach(({ image, caption = [], maps }, row) => {
    const y = first + row * pitch;
    const box = (column: number) => ({ x: columnX(column), y, width: cellWidth, height: cellHeight });
    canvas.image(image, box(0));
    maps.forEach((map, column) => {
      if (!map) return;
      const overlay = overlayInStyle(image, map, { style, range: ranges[column], opacity, width: cellWidth });
      canvas.image(overlay, box(column + 1));
    });
    caption.slice(0, CAPTION_LINES).forEach((line, i) => {
      canvas.text(fitted(line, content - MARGIN), MARGIN, y + cellHeight + 4 + i * LINE, i === 0 ? INK : PALE_INK);
    });
  });
  drawLegend(canvas, MARGIN, legendTop, LEGEND_WIDTH, legendEnds(ranges, options.range ?? 'min-max'), coloursOf(style));
  return canvas;
}

/** The range of each column. */
function rangesOf(
  rows: readonly HeatmapRow[],
  columns: number,
  range: HeatRange | 'shared' | 'column',
): readonly HeatRange[] {
  if (range !== 'shared' && range !== 'column') return Array.from({ length: columns }, () => range);
  const mapsOf = (column: number) => rows.flatMap(({ maps }) => maps[column] ?? []);
  const all = Array.from({ length: columns }, (_, column) => mapsOf(column));
  if (range === 'column') return all.map(sharedRange);
  const shared = sharedRange(all.flat());
  return all.map(() => shared);
}

function legendEnds(
  ranges: readonly HeatRange[],
  range: HeatRange | 'shared' | 'column',
): readonly [number | string, number | string] {
  const [first] = ranges;
  if (range === 'column') return ["column's least", 'most'];
  if (range === 'min-max' || first === undefined || first === 'min-max') return ["map's least", 'most'];
  return first;
}

/** The text, its end cut off with `..` where it is wider than the room. */
function fitted(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  let length = text.length;
  while (length > 0 && textWidth(`${text.slice(0, length)}..`) > room) length--;
  return `${text.slice(0, length)}..`;
}

import type { Image } from '../../../datasets/image.js';
import { FONT_HEIGHT, textWidth } from './bitmap-font.js';
import { type Box, Canvas, type Colour } from './canvas.js';

/** A picture and what is written under it. */
export interface RankPictureItem {
  image: Image;
  identity: number | string;
  camera?: number | string;
  /** Distance to the query. */
  distance?: number;
}

/** One query and its list, nearest first. */
export interface RankPictureRow {
  query: RankPictureItem;
  /** Written under the query, for example `AP 0.83`. */
  note?: string;
  /** `match` says whether it is the query's identity: framed green, else red; without it nobody knows, and it is framed like a query. */
  nearest: readonly (RankPictureItem & { match?: boolean })[];
}

/** How a rank picture looks; nothing is needed. */
export interface RankPictureOptions {
  /** A large line at the top. */
  title?: string;
  /** Small text at the bottom, wrapped at the picture's width. */
  caption?: string;
  /** Gallery items a row. Default 10. */
  columns?: number;
  /** Width of one picture in pixels. Default 64: Market-1501's own size, and 876 pixels in all. */
  cellWidth?: number;
  /** Height of one picture in pixels. Default: by the median proportions of the queries. */
  cellHeight?: number;
}

const BACKGROUND: Colour = [255, 255, 255];
const EMPTY: Colour = [240, 242, 245];
const INK: Colour = [31, 35, 40];
const PALE_INK: Colour = [101, 109, 118];
const QUERY: Colour = [84, 110, 145];
const RIGHT: Colour = [26, 147, 66];
const WRONG: Colour = [214, 40, 48];

const MARGIN = 16;
const FRAME = 3;
const GAP = 6;
/** Extra room between the query and its list. */
const QUERY_GAP = 14;
const LINE = FONT_HEIGHT + 3;
const LABEL_GAP = 5;
const ROW_GAP = 12;

/**
 * Draws ranking results for people to look at: a row for each query, first the query, then its nearest gallery items
 * framed green (right, ticked) or red (wrong, crossed), with identity, camera and distance underneath.
 *
 * @example
 * const png = encodePng(drawRanks(rows, { title: 'OSNet x0.25, Market-1501' }));
 *
 * @returns an RGB picture
 * @throws without rows, or when a size is not a positive integer
 */
export function drawRanks(rows: readonly RankPictureRow[], options: RankPictureOptions = {}): Image {
  if (rows.length === 0) throw new Error('rank picture: there is no row to draw');
  const { title, caption, columns = 10, cellWidth = 64 } = options;
  const cellHeight = options.cellHeight ?? Math.round(cellWidth * medianTallness(rows));
  for (const [name, size] of Object.entries({ columns, cellWidth, cellHeight })) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`rank picture: ${name} is ${size}`);
  }

  const cells = rows.map((row) => cellsOf(row).slice(0, columns + 1));
  const framed = cellWidth + 2 * FRAME;
  const columnX = (column: number) => MARGIN + column * (framed + GAP) + (column > 0 ? QUERY_GAP : 0);
  const width = columnX(columns) + framed + MARGIN;
  const titleScale = title !== undefined && textWidth(title) * 2 <= width - 2 * MARGIN ? 2 : 1;
  const top = title === undefined ? MARGIN : MARGIN + titleScale * FONT_HEIGHT + 10;
  const firstRow = top + LINE + 2;
  const rowPitch = cellHeight + 2 * FRAME + LABEL_GAP + 2 * LINE + ROW_GAP;
  const captionTop = firstRow + rows.length * rowPitch;
  const captionLines = caption === undefined ? [] : wrap(caption, width - 2 * MARGIN);

  const canvas = new Canvas(width, captionTop + captionLines.length * LINE + MARGIN, BACKGROUND);
  if (title !== undefined) canvas.text(shorten(title, width - 2 * MARGIN), MARGIN, MARGIN, INK, titleScale);
  for (let column = 0; column <= columns; column++) {
    const heading = column === 0 ? 'query' : String(column);
    canvas.text(heading, columnX(column) + Math.floor(framed / 2), top, PALE_INK, 1, 'centre');
  }
  cells.forEach((row, index) => {
    const y = firstRow + index * rowPitch + FRAME;
    row.forEach((cell, column) => {
      drawCell(canvas, { x: columnX(column) + FRAME, y, width: cellWidth, height: cellHeight }, cell);
    });
  });
  captionLines.forEach((line, i) => {
    canvas.text(line, MARGIN, captionTop + i * LINE, PALE_INK);
  });
  return canvas;
}

/** One framed picture with up to two lines under it. */
interface Cell {
  image: Image;
  frame: Colour;
  lines: string[];
  match?: boolean;
}

function cellsOf({ query, note, nearest }: RankPictureRow): Cell[] {
  const who = ({ identity, camera }: RankPictureItem) =>
    camera === undefined ? String(identity) : `${identity} c${camera}`;
  return [
    { image: query.image, frame: QUERY, lines: note === undefined ? [who(query)] : [who(query), note] },
    ...nearest.map(
      (item): Cell => ({
        image: item.image,
        frame: item.match === undefined ? QUERY : item.match ? RIGHT : WRONG,
        lines: item.distance === undefined ? [who(item)] : [who(item), item.distance.toFixed(3)],
        match: item.match,
      }),
    ),
  ];
}

function drawCell(canvas: Canvas, box: Box, { image, frame, lines, match }: Cell): void {
  const { x, y, width, height } = box;
  const room = width + 2 * FRAME;
  canvas.fill({ x: x - FRAME, y: y - FRAME, width: room, height: height + 2 * FRAME }, frame);
  canvas.fill(box, EMPTY);
  canvas.image(image, box);
  if (match !== undefined) drawMark(canvas, box, match);
  lines.forEach((line, i) => {
    const top = y + height + FRAME + LABEL_GAP + i * LINE;
    canvas.text(shorten(line, room), x + Math.floor(width / 2), top, i === 0 ? INK : PALE_INK, 1, 'centre');
  });
}

const MARK_SIZE = 13;
const TICK = ['.......', '......#', '.....##', '#...##.', '##.##..', '.###...', '..#....'];
const CROSS = ['.......', '##...##', '.##.##.', '..###..', '..###..', '.##.##.', '##...##'];

/** A tick or a cross in the corner, so that right and wrong do not hang on telling green from red. */
function drawMark(canvas: Canvas, { x, y, width }: Box, right: boolean): void {
  const left = x + width - MARK_SIZE;
  canvas.fill({ x: left, y, width: MARK_SIZE, height: MARK_SIZE }, right ? RIGHT : WRONG);
  (right ? TICK : CROSS).forEach((row, dy) => {
    Array.from(row).forEach((dot, dx) => {
      if (dot === '#') canvas.fill({ x: left + 3 + dx, y: y + 2 + dy, width: 1, height: 1 }, BACKGROUND);
    });
  });
}

function medianTallness(rows: readonly RankPictureRow[]): number {
  const tallness = rows.map(({ query }) => query.image.height / query.image.width).sort((a, b) => a - b);
  return Math.min(3, Math.max(1 / 3, tallness[tallness.length >> 1]));
}

/** The text, its end cut off with `..` where it is wider than the room. */
function shorten(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  let length = text.length;
  while (length > 0 && textWidth(`${text.slice(0, length)}..`) > room) length--;
  return `${text.slice(0, length)}..`;
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (textWidth(longer) <= room || line === '') line = longer;
      else {
        lines.push(line);
        line = word;
      }
    }
    lines.push(shorten(line, room));
  }
  return lines;
}

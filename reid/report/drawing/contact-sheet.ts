import type { Image } from '../../../datasets/image.js';
import { FONT_HEIGHT } from './bitmap-font.js';
import { Canvas } from './canvas.js';

/** One row of a contact sheet: pictures that belong together. */
export interface ContactRow {
  readonly label: string;
  readonly images: readonly Image[];
}

const GAP = 6;
const MARGIN = 16;
const INK = [31, 35, 40] as const;

/**
 * Rows of pictures with a label above each row: a data set's identities, the groups of a clustering.
 *
 * @param cell size of one picture in pixels
 */
export function drawContactSheet(
  rows: readonly ContactRow[],
  cell: { readonly width: number; readonly height: number } = { width: 64, height: 128 },
): Image {
  const columns = Math.max(1, ...rows.map(({ images }) => images.length));
  const rowHeight = FONT_HEIGHT + 4 + cell.height + GAP;
  const canvas = new Canvas(
    2 * MARGIN + columns * (cell.width + GAP) - GAP,
    2 * MARGIN + rows.length * rowHeight - GAP,
    [255, 255, 255],
  );
  rows.forEach(({ label, images }, row) => {
    const y = MARGIN + row * rowHeight;
    canvas.text(label, MARGIN, y, INK);
    images.forEach((image, column) => {
      canvas.image(image, { x: MARGIN + column * (cell.width + GAP), y: y + FONT_HEIGHT + 4, ...cell });
    });
  });
  return canvas;
}

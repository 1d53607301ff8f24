import type { Image } from '../../../datasets/image.js';
import { groupColours, type Scatter } from '../plot/scatter.js';
import { FONT_HEIGHT } from './bitmap-font.js';
import { Canvas, type Colour } from './canvas.js';
import { drawDisc, drawLine, type Place } from './strokes.js';

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [31, 35, 40];
const PALE_INK: Colour = [101, 109, 118];
const RULE: Colour = [223, 227, 231];
const SCALE = 2;
const LINE = SCALE * FONT_HEIGHT;
const SIDE = 560;
const MARGIN = 28;
const INSIDE = 18;
const RADIUS = 5;

/** What the font can draw. */
const plain = (text: string): string => text.replaceAll('\u2212', '-').replaceAll('\u00a0', ' ').replaceAll('’', "'");

/**
 * Draws maps of points side by side as one picture, in the colours of {@link scatterChart}.
 *
 * @returns an RGB picture
 * @throws RangeError without a map
 */
export function drawScatters(scatters: readonly Scatter[]): Image {
  if (scatters.length === 0) throw new RangeError('scatter picture: there is no map to draw');
  const pitch = SIDE + MARGIN;
  const head = LINE + 10;
  const canvas = new Canvas(MARGIN + scatters.length * pitch, 2 * MARGIN + head + SIDE + 2 * (LINE + 6), PAPER);
  for (const [i, scatter] of scatters.entries()) drawScatter(canvas, scatter, MARGIN + i * pitch, MARGIN + head);
  return canvas;
}

function drawScatter(canvas: Canvas, scatter: Scatter, left: number, top: number): void {
  const { title, labels } = scatter;
  canvas.text(plain(title), left, top - LINE - 10, INK, SCALE);
  const corners: Place[] = [
    [left, top],
    [left + SIDE, top],
    [left + SIDE, top + SIDE],
    [left, top + SIDE],
  ];
  for (const [i, corner] of corners.entries()) drawLine(canvas, corner, corners[(i + 1) % 4]!, RULE, 1.5);
  labels.forEach((label, i) => {
    const text = plain(i === 1 && label ? `up: ${label}` : label);
    canvas.text(text, left, top + SIDE + 8 + i * (LINE + 4), PALE_INK, SCALE);
  });
  const shown = scatter.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (shown.length === 0) return;
  const ends = (values: number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [x0, x1] = ends(shown.map(({ x }) => x));
  const [y0, y1] = ends(shown.map(({ y }) => y));
  const scale = (SIDE - 2 * INSIDE) / (Math.max(x1 - x0, y1 - y0) || 1);
  const colours = groupColours(scatter.points);
  for (const { x, y, group, ring } of [...shown].sort((a, b) => Number(Boolean(a.group)) - Number(Boolean(b.group)))) {
    const place: Place = [left + SIDE / 2 + (x - (x0 + x1) / 2) * scale, top + SIDE / 2 - (y - (y0 + y1) / 2) * scale];
    const colour = group === undefined ? ([170, 178, 186] as const) : colours.get(group)!;
    drawDisc(canvas, place, RADIUS + 1, PAPER);
    drawDisc(canvas, place, RADIUS, colour);
    if (ring) drawDisc(canvas, place, RADIUS - 2, PAPER);
  }
}

import type { Image } from '../../../datasets/image.js';
import { scaleOf, showable } from '../plot/frame.js';
import {
  type ChartPoint,
  inOrder,
  type PointChart,
  rangesOf,
  TONES,
  type Tone,
  usesTone,
} from '../plot/point-chart.js';
import { FONT_HEIGHT, textWidth } from './bitmap-font.js';
import { Canvas, type Colour } from './canvas.js';
import { drawDisc, drawLine, type Place } from './strokes.js';

export interface ChartPictureOptions {
  /** A large line at the top. */
  readonly title?: string;
  /** Charts side by side. Default 2. */
  readonly columns?: number;
}

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [29, 33, 38];
const PALE_INK: Colour = [92, 100, 109];
const RULE: Colour = [223, 227, 231];
const TONE_COLOURS: Readonly<Record<Tone, Colour>> = {
  best: [200, 98, 26],
  kept: [42, 98, 173],
  dropped: [170, 178, 186],
  lost: [194, 48, 58],
};

/** All letters are of this many pixels for each of the font's. */
const SCALE = 2;
const LINE = SCALE * FONT_HEIGHT;
const CELL = { width: 720, height: 460 };
const MARGIN = 28;
/** Of the axes within a cell. */
const ROOM = { top: 36, right: 24, bottom: 66 };
const CROSS = 6;

/** What the font can draw. */
const plain = (text: string): string => text.replaceAll('\u2212', '-').replaceAll('\u00a0', ' ');

/**
 * Draws charts as one picture, for places that show no SVG.
 *
 * @returns an RGB picture
 * @throws RangeError without a chart
 */
export function drawCharts(charts: readonly PointChart[], { title, columns = 2 }: ChartPictureOptions = {}): Image {
  if (charts.length === 0) throw new RangeError('chart picture: there is no chart to draw');
  const across = Math.min(columns, charts.length);
  const down = Math.ceil(charts.length / across);
  const top = MARGIN + (title === undefined ? 0 : LINE + 22);
  const legend = charts.find(({ names }) => names);
  const height = top + down * CELL.height + (legend ? LINE + 10 : 0) + MARGIN;
  const width = Math.max(2 * MARGIN + across * CELL.width, 2 * MARGIN + SCALE * textWidth(plain(title ?? '')));
  const canvas = new Canvas(width, height, PAPER);
  if (title !== undefined) canvas.text(plain(title), MARGIN, MARGIN, INK, SCALE);
  charts.forEach((chart, i) => {
    drawChart(canvas, chart, MARGIN + (i % across) * CELL.width, top + Math.floor(i / across) * CELL.height);
  });
  if (legend) drawLegend(canvas, charts, legend.names!, MARGIN, top + down * CELL.height + 4);
  return canvas;
}

function drawChart(canvas: Canvas, chart: PointChart, x0: number, y0: number): void {
  const { x, y, title } = chart;
  const ranges = rangesOf(chart);
  const across = scaleOf(x, ranges[0], 0);
  const up = scaleOf(y, ranges[1], 0.04);
  const text = (value: string, left: number, row: number, colour: Colour, align: 'left' | 'centre' = 'left') =>
    canvas.text(plain(value), Math.round(left), Math.round(row), colour, SCALE, align);
  const widest = Math.max(0, ...up.ticks.map((tick) => SCALE * textWidth(plain(tick.text))));
  const left = x0 + widest + 12;
  const right = x0 + CELL.width - ROOM.right;
  const top = y0 + ROOM.top + LINE;
  const bottom = y0 + CELL.height - ROOM.bottom;
  const toX = (value: number) => left + across.share(value) * (right - left);
  const toY = (value: number) => bottom - up.share(value) * (bottom - top);
  text(title, x0, y0, INK);
  text(y.label, x0, y0 + LINE + 4, PALE_INK);
  for (const tick of up.ticks) {
    const row = Math.round(toY(tick.value));
    canvas.fill({ x: Math.round(left), y: row, width: Math.round(right - left), height: 1 }, RULE);
    text(tick.text, left - 10 - SCALE * textWidth(plain(tick.text)), row - LINE / 2, PALE_INK);
  }
  canvas.fill({ x: Math.round(left), y: Math.round(bottom), width: Math.round(right - left), height: 2 }, PALE_INK);
  for (const tick of across.ticks) text(tick.text, toX(tick.value), bottom + 10, PALE_INK, 'centre');
  text(x.label, (left + right) / 2, bottom + 14 + LINE, INK, 'centre');
  for (const { points, tone } of inOrder(chart.lines ?? [])) {
    const places = points
      .filter(([px, py]) => showable(x, px) && showable(y, py))
      .map(([px, py]): Place => [toX(px), toY(py)]);
    places.slice(1).forEach((place, i) => {
      drawLine(canvas, places[i]!, place, TONE_COLOURS[tone], tone === 'best' ? 3.5 : 2);
    });
  }
  for (const point of inOrder(chart.points)) {
    if (!showable(x, point.x)) continue;
    if (point.tone === 'lost') drawCross(canvas, [toX(point.x), bottom + 1]);
    else if (showable(y, point.y)) drawPoint(canvas, [toX(point.x), toY(point.y)], point);
  }
}

function drawPoint(canvas: Canvas, place: Place, { tone }: ChartPoint): void {
  const radius = tone === 'best' ? 8 : 5.5;
  drawDisc(canvas, place, radius + 1.5, PAPER);
  drawDisc(canvas, place, radius, TONE_COLOURS[tone]);
}

function drawCross(canvas: Canvas, [x, y]: Place): void {
  drawLine(canvas, [x - CROSS, y - CROSS], [x + CROSS, y + CROSS], TONE_COLOURS.lost, 2.5);
  drawLine(canvas, [x - CROSS, y + CROSS], [x + CROSS, y - CROSS], TONE_COLOURS.lost, 2.5);
}

function drawLegend(
  canvas: Canvas,
  charts: readonly PointChart[],
  names: NonNullable<PointChart['names']>,
  x0: number,
  y: number,
): void {
  let x = x0;
  for (const tone of TONES) {
    const name = names[tone];
    if (name === undefined || !charts.some((chart) => usesTone(chart, tone))) continue;
    const middle: Place = [x + 7, y + LINE / 2 - 2];
    if (tone === 'lost') drawCross(canvas, middle);
    else drawDisc(canvas, middle, 6, TONE_COLOURS[tone]);
    canvas.text(plain(name), x + 22, y, PALE_INK, SCALE);
    x += 22 + SCALE * textWidth(plain(name)) + 28;
  }
}

import { type HtmlValue, html } from '../page/html.js';
import { type Axis, at, extent, type Frame, figureOf, frameOf, showable } from './frame.js';
import { numberText, percentText } from './ticks.js';

/** What a point or a line stands for: one among all, some that were chosen, the others, and what has no value. */
export const TONES = ['best', 'kept', 'dropped', 'lost'] as const;
export type Tone = (typeof TONES)[number];

/** A point of a chart with two axes of numbers. */
export interface ChartPoint {
  readonly x: number;
  /** Of tone `lost` it does not count: the point is a cross at the foot of the chart. */
  readonly y: number;
  readonly tone: Tone;
  /** Shown while the pointer rests on it. */
  readonly caption: string;
}

/** A line through points, from left to right. */
export interface ChartLine {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly tone: Tone;
}

/** Points and lines over two axes of numbers, coloured by what they stand for. */
export interface PointChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly ChartPoint[];
  readonly lines?: readonly ChartLine[];
  /** What the tones are called; those without a name are not in the legend. */
  readonly names?: Readonly<Partial<Record<Tone, string>>>;
  /** Small text below. */
  readonly note?: string;
}

/** What comes last lies on top. */
const BACK_TO_FRONT: readonly Tone[] = ['lost', 'dropped', 'kept', 'best'];

/** Points or lines in the order in which they are drawn. */
export const inOrder = <T extends { readonly tone: Tone }>(list: readonly T[]): T[] =>
  BACK_TO_FRONT.flatMap((tone) => list.filter((one) => one.tone === tone));

/** Smallest and largest value of a chart along its axes. */
export function rangesOf({ x, y, points, lines = [] }: PointChart): [[number, number], [number, number]] {
  const shown = points.filter(({ tone }) => tone !== 'lost');
  const along = (axis: Axis, i: 0 | 1, own: Iterable<number>) =>
    extent(axis, [...own, ...lines.flatMap((line) => line.points.map((point) => point[i]))]) ?? [0, 1];
  const xs = points.map((point) => point.x);
  const ys = shown.map((point) => point.y);
  return [along(x, 0, xs), along(y, 1, ys)];
}

const CROSS = 3.5;

/** Draws points and lines as SVG. Values that an axis can not show are left out. */
export function pointChart(chart: PointChart) {
  const { title, x, y, points, lines = [], names = {}, note } = chart;
  const frame = frameOf(x, y, rangesOf(chart));
  const drawnLines = inOrder(lines).map(({ points: path, tone }) => {
    const shown = path.filter(([px, py]) => showable(x, px) && showable(y, py));
    if (shown.length < 2) return undefined;
    return html`<path class="way ${tone}" d="M${shown.map(([px, py]) => `${at(frame.x(px))} ${at(frame.y(py))}`).join('L')}"/>`;
  });
  const drawnPoints = inOrder(points).map((point) => dot(frame, chart, point));
  const legend = TONES.filter((tone) => names[tone] !== undefined && usesTone(chart, tone));
  const list = html`<ul class="legend">${legend.map((tone) => html`<li><span class="swatch tone ${tone}"></span>${names[tone]}</li>`)}</ul>`;
  const content: HtmlValue = [frame.axes, ...drawnLines, ...drawnPoints];
  return figureOf(frame, { title, alt: describe(chart), note }, html`${content}`, legend.length > 0 ? list : undefined);
}

/** Whether a chart has a point or a line of a tone. */
export const usesTone = ({ points, lines = [] }: PointChart, wanted: Tone): boolean =>
  [...points, ...lines].some(({ tone }) => tone === wanted);

function dot(frame: Frame, { x, y }: PointChart, { x: px, y: py, tone, caption }: ChartPoint) {
  if (!showable(x, px)) return undefined;
  const left = frame.x(px);
  if (tone === 'lost') {
    const [low, high] = [frame.bottom - CROSS, frame.bottom + CROSS];
    const arms = `M${at(left - CROSS)} ${at(low)}L${at(left + CROSS)} ${at(high)}M${at(left - CROSS)} ${at(high)}L${at(left + CROSS)} ${at(low)}`;
    return html`<path class="cross" d="${arms}"><title>${caption}</title></path>`;
  }
  if (!showable(y, py)) return undefined;
  const radius = tone === 'best' ? 5 : 3.5;
  return html`<circle class="dot ${tone}" cx="${at(left)}" cy="${at(frame.y(py))}" r="${radius}"><title>${caption}</title></circle>`;
}

/** The chart in words. */
function describe({ title, x, y, points }: PointChart): string {
  const text = (value: number) => (y.percent ? percentText(value) : numberText(Number(value.toPrecision(3))));
  const shown = points.filter((point) => point.tone !== 'lost' && showable(y, point.y));
  const best = shown.find(({ tone }) => tone === 'best');
  const ends = shown.map((point) => point.y);
  const spread =
    shown.length === 0
      ? 'no values'
      : `${shown.length} points between ${text(Math.min(...ends))} and ${text(Math.max(...ends))}`;
  return `${title}: ${y.label} by ${x.label}; ${spread}${best ? `, the best at ${best.caption}` : ''}.`;
}

import { type Html, html } from '../page/html.js';
import { logTicks, roundTicks, type Tick } from './ticks.js';

/** One axis of a chart. */
export interface Axis {
  readonly label: string;
  /** Logarithmic; values that are not above 0 are left out. */
  readonly log?: boolean;
  /** Ends of the axis; default: those of the data, a little wider. */
  readonly low?: number;
  readonly high?: number;
  /** Write shares as percent. */
  readonly percent?: boolean;
  /** The marks; default: round numbers. */
  readonly ticks?: readonly Tick[];
}

/** The drawing room of a chart: scales from values to pixels, and the axes as markup. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
  readonly axes: Html;
}

/** Size of a chart in its own units, which are about the pixels of a page. */
export const CHART = { width: 410, height: 250 };

const TOP = 10;
const RIGHT = 14;
const BOTTOM = 42;
const CHARACTER = 6.8;

/** A coordinate with one decimal: a tenth of a pixel. */
export const at = (value: number): string => String(Math.round(value * 10) / 10);

/** Whether an axis can show a value. */
export const showable = (axis: Axis, value: number): boolean => Number.isFinite(value) && (!axis.log || value > 0);

/** The smallest and the largest of the values that an axis can show; undefined where there is none. */
export function extent(axis: Axis, values: Iterable<number>): [low: number, high: number] | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!showable(axis, value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : undefined;
}

/** Where the values of an axis lie between its ends, and its marks. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
  /** 0 at the low end, 1 at the high one. */
  share(value: number): number;
}

/** @param margin share of the span that is left free at both ends that the axis does not fix */
export function scaleOf(axis: Axis, [least, most]: readonly [number, number], margin: number): Scale {
  const inner = axis.log ? Math.log10 : (value: number) => value;
  const outer = axis.log ? (value: number) => 10 ** value : (value: number) => value;
  let low = inner(axis.low ?? least);
  let high = inner(axis.high ?? most);
  if (!(high > low)) {
    const half = Math.abs(low) > 0 && !axis.log ? Math.abs(low) / 2 : 0.5;
    if (axis.low === undefined) low -= half;
    high = Math.max(high + half, low + half);
  } else {
    const span = high - low;
    if (axis.low === undefined) low -= margin * span;
    if (axis.high === undefined) high += margin * span;
  }
  const ticks = axis.ticks ?? (axis.log ? logTicks(outer(low), outer(high)) : roundTicks(low, high));
  const texts = axis.percent
    ? roundTicks(100 * low, 100 * high).map((tick) => ({ value: tick.value / 100, text: `${tick.text} %` }))
    : ticks;
  return {
    low: outer(low),
    high: outer(high),
    ticks: texts,
    share: (value) => (inner(value) - low) / (high - low),
  };
}

/** Lays out the axes of a chart over the range of its data. */
export function frameOf(
  x: Axis,
  y: Axis,
  ranges: readonly [x: readonly [number, number], y: readonly [number, number]],
  { width, height, margin = 0.04 }: { width: number; height: number; margin?: number } = CHART,
): Frame {
  const across = scaleOf(x, ranges[0], 0);
  const up = scaleOf(y, ranges[1], margin);
  const widest = Math.max(0, ...up.ticks.map(({ text }) => text.length));
  const left = 28 + widest * CHARACTER;
  const bottom = height - BOTTOM;
  const right = width - RIGHT;
  const toX = (value: number) => left + across.share(value) * (right - left);
  const toY = (value: number) => bottom - up.share(value) * (bottom - TOP);
  const middle = (TOP + bottom) / 2;
  const axes = html`<g class="grid">${up.ticks.map(
    ({ value }) => html`<path d="M${at(left)} ${at(toY(value))}H${at(right)}"/>`,
  )}</g><path class="base" d="M${at(left)} ${at(bottom)}H${at(right)}"/><g class="ticks">${across.ticks.map(
    ({ value, text }) => html`<text x="${at(toX(value))}" y="${at(bottom + 16)}" text-anchor="middle">${text}</text>`,
  )}${up.ticks.map(
    ({ value, text }) => html`<text x="${at(left - 6)}" y="${at(toY(value) + 4)}" text-anchor="end">${text}</text>`,
  )}</g><g class="labels"><text x="${at((left + right) / 2)}" y="${at(height - 8)}" text-anchor="middle">${x.label}</text><text transform="translate(12 ${at(middle)}) rotate(-90)" text-anchor="middle">${y.label}</text></g>`;
  return { width, height, left, right, top: TOP, bottom, x: toX, y: toY, axes };
}

/**
 * A chart as an element of its own: drawing with a text for those who do not see it, title above, legend and note below.
 *
 * @param alt what the chart shows, in a sentence
 */
export function figureOf(
  { width, height }: { readonly width: number; readonly height: number },
  text: { readonly title: string; readonly alt: string; readonly note?: string },
  drawing: Html,
  legend: Html | undefined,
): Html {
  return html`<figure class="chart"><figcaption>${text.title}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${text.alt}">${drawing}</svg>${legend}${
    text.note !== undefined && html`<p class="note">${text.note}</p>`
  }</figure>`;
}

/** A legend for two series and more; one needs none. */
export function legendOf(names: readonly string[], kind: 'line' | 'area' | 'dot' = 'line'): Html | undefined {
  if (names.length < 2) return undefined;
  return html`<ul class="legend">${names.map(
    (name, i) => html`<li><span class="swatch ${kind} s${i % SERIES_COLOURS}"></span>${name}</li>`,
  )}</ul>`;
}

/** Series after so many begin with the first colour again. */
export const SERIES_COLOURS = 6;

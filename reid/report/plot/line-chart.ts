import { html } from '../page/html.js';
import { type Axis, at, extent, type Frame, figureOf, frameOf, legendOf, SERIES_COLOURS, showable } from './frame.js';
import { numberText, percentText } from './ticks.js';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Share that each smoothed value keeps of the one before, 0 to below 1; the raw line stands pale beneath. Default 0. */
  readonly smoothing?: number;
  /** Drawn in steps from point to point: of things that are true between two points. */
  readonly stepped?: boolean;
}

/** Lines over one axis. */
export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Small text below. */
  readonly note?: string;
}

/**
 * Exponential moving average, sₜ = (1 − w)·Σ wᵏ·x₍ₜ₋ₖ₎, divided by the weights that were there (1 − wᵗ), so that the first
 * values are not drawn towards 0. Values that are not finite are passed over and give the average so far.
 */
export function smoothed(values: ArrayLike<number>, weight: number): Float64Array {
  if (!(weight >= 0 && weight < 1)) throw new RangeError(`smoothing: ${weight} should be from 0 to below 1`);
  let sum = 0;
  let total = 0;
  return Float64Array.from(values, (value) => {
    if (Number.isFinite(value)) {
      sum = weight * sum + (1 - weight) * value;
      total = weight * total + (1 - weight);
    }
    return total > 0 ? sum / total : Number.NaN;
  });
}

/**
 * Draws lines as SVG. A line has a gap where a value is not finite; of more points than pixels, each pixel column keeps its
 * first, smallest, largest and last.
 *
 * @throws RangeError naming a series whose lists differ in length
 */
export function lineChart({ title, x, y, series, note }: LineChart) {
  for (const { name, x: xs, y: ys } of series) {
    if (xs.length !== ys.length) {
      throw new RangeError(`line chart "${title}": "${name}" has ${xs.length} places and ${ys.length} values`);
    }
  }
  const ranges = [extent(x, valuesOf(series, 'x')), extent(y, valuesOf(series, 'y'))] as const;
  const frame = frameOf(x, y, [ranges[0] ?? [0, 1], ranges[1] ?? [0, 1]]);
  const lines = series.map(({ x: xs, y: ys, smoothing = 0, stepped = false }, i) => {
    const path = (values: ArrayLike<number>) => pathOf(frame, { x, y }, xs, values, stepped);
    const colour = `s${i % SERIES_COLOURS}`;
    if (smoothing === 0) return html`<path class="line ${colour}" d="${path(ys)}"/>`;
    return html`<path class="line raw ${colour}" d="${path(ys)}"/><path class="line ${colour}" d="${path(smoothed(ys, smoothing))}"/>`;
  });
  const legend = legendOf(series.map(({ name }) => name));
  return figureOf(frame, { title, alt: describe({ title, x, y, series }), note }, html`${frame.axes}${lines}`, legend);
}

function* valuesOf(series: readonly Series[], which: 'x' | 'y'): Generator<number> {
  for (const one of series) for (let i = 0; i < one[which].length; i++) yield one[which][i]!;
}

/** The chart in words: from where to where each line goes. */
function describe({ title, x, y, series }: LineChart): string {
  const text = (value: number) => (y.percent ? percentText(value) : numberText(Number(value.toPrecision(3))));
  const lines = series.map(({ name, y: ys }) => {
    const shown = Array.from(ys).filter((value) => showable(y, value));
    if (shown.length === 0) return `${name}: no values`;
    const least = shown.reduce((a, b) => Math.min(a, b));
    const most = shown.reduce((a, b) => Math.max(a, b));
    return `${name}: from ${text(shown[0]!)} to ${text(shown.at(-1)!)}, between ${text(least)} and ${text(most)}`;
  });
  return `${title}: ${y.label} by ${x.label}. ${lines.join('; ')}.`;
}

/** The commands of a path, one piece for each stretch without a gap. */
function pathOf(
  frame: Frame,
  axes: { readonly x: Axis; readonly y: Axis },
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  stepped: boolean,
): string {
  let path = '';
  let piece: Column[] = [];
  const flush = () => {
    path += drawn(piece, stepped);
    piece = [];
  };
  for (let i = 0; i < xs.length; i++) {
    if (!showable(axes.x, xs[i]!) || !showable(axes.y, ys[i]!)) {
      flush();
      continue;
    }
    const [px, py] = [frame.x(xs[i]!), clamp(frame.y(ys[i]!), frame)];
    const last = piece.at(-1);
    if (last && Math.floor(last.x) === Math.floor(px)) last.points.push([px, py]);
    else piece.push({ x: px, points: [[px, py]] });
  }
  flush();
  return path;
}

/** Axis ends may be set inside of the data. */
const clamp = (y: number, { top, bottom }: Frame): number => Math.min(bottom, Math.max(top, y));

/** The points that fall into one column of pixels. */
interface Column {
  readonly x: number;
  readonly points: [x: number, y: number][];
}

function drawn(columns: readonly Column[], stepped: boolean): string {
  const points = columns.flatMap(({ points: all }) => {
    if (all.length <= 4) return all;
    let [low, high] = [0, 0];
    all.forEach(([, y], i) => {
      if (y < all[low]![1]) low = i;
      if (y > all[high]![1]) high = i;
    });
    return [...new Set([0, Math.min(low, high), Math.max(low, high), all.length - 1])].map((i) => all[i]!);
  });
  if (points.length === 0) return '';
  const [[x0, y0], ...rest] = points as [[number, number], ...[number, number][]];
  // A line of no length shows as a dot, by its round ends.
  if (rest.length === 0) return `M${at(x0)} ${at(y0)}h0`;
  const next = stepped
    ? rest.map(([x, y]) => `H${at(x)}V${at(y)}`).join('')
    : `L${rest.map(([x, y]) => `${at(x)} ${at(y)}`).join(' ')}`;
  return `M${at(x0)} ${at(y0)}${next}`;
}

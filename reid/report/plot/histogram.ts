import { html } from '../page/html.js';
import { at, figureOf, frameOf, legendOf, SERIES_COLOURS } from './frame.js';
import { numberText } from './ticks.js';

/** Counts in bins of one width: bin i goes from `low + i·width` to `low + (i + 1)·width`. */
export interface Bins {
  readonly low: number;
  readonly width: number;
  readonly counts: readonly number[];
}

/** Groups of values, for example distances of pairs of one person and of two. */
export interface Histogram {
  readonly title: string;
  /** What is counted. */
  readonly label: string;
  /** All groups have the same `low`, `width` and number of bins. */
  readonly groups: readonly { readonly name: string; readonly bins: Bins }[];
  /** What has a value: `pairs` by default. */
  readonly of?: string;
  /** Upright lines with a word. */
  readonly marks?: readonly { readonly value: number; readonly text: string }[];
  readonly note?: string;
}

/**
 * Counts values into bins. What lies outside of the range counts into the first or the last bin.
 *
 * @throws RangeError for a value that is not finite
 */
export function countInto(
  values: ArrayLike<number>,
  range: { readonly low: number; readonly high: number; readonly bins: number },
): Bins {
  const width = (range.high - range.low) / range.bins;
  const counts = new Array<number>(range.bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`histogram: value ${i} is ${values[i]}`);
    const bin = width > 0 ? Math.floor((values[i]! - range.low) / width) : 0;
    counts[Math.min(range.bins - 1, Math.max(0, bin))]!++;
  }
  return { low: range.low, width, counts };
}

/** Draws the groups over each other, each as shares of its own total, so that a small group shows beside a large one. */
export function histogramChart({ title, label, groups, of = 'pairs', marks = [], note }: Histogram) {
  const { low, width, counts } = groups[0]!.bins;
  const high = low + width * counts.length;
  const shares = groups.map(({ bins }) => {
    const total = Math.max(
      1,
      bins.counts.reduce((sum, count) => sum + count, 0),
    );
    return bins.counts.map((count) => count / total);
  });
  const most = Math.max(1e-9, ...shares.flat());
  const frame = frameOf({ label, low, high }, { label: `share of ${of}`, percent: true, low: 0 }, [
    [low, high],
    [0, most],
  ]);
  const areas = shares.map((group, i) => {
    const steps = group.map((share, bin) => `V${at(frame.y(share))}H${at(frame.x(low + (bin + 1) * width))}`).join('');
    const outline = `M${at(frame.left)} ${at(frame.bottom)}${steps}V${at(frame.bottom)}`;
    return html`<path class="area s${i % SERIES_COLOURS}" d="${outline}"/>`;
  });
  const lines = marks.map(({ value, text }) => {
    const x = frame.x(Math.min(high, Math.max(low, value)));
    const end = x > (frame.left + frame.right) / 2;
    return html`<path class="mark" d="M${at(x)} ${at(frame.top)}V${at(frame.bottom)}"/><text class="mark" x="${at(x + (end ? -5 : 5))}" y="${at(frame.top + 10)}" text-anchor="${end ? 'end' : 'start'}">${text}</text>`;
  });
  const alt = `${title}: ${groups.map(({ name, bins }) => `${name}, median about ${numberText(medianOf(bins))}`).join('; ')}.`;
  const legend = legendOf(
    groups.map(({ name }) => name),
    'area',
  );
  return figureOf(frame, { title, alt, note }, html`${frame.axes}${areas}${lines}`, legend);
}

/** The middle of the bin that holds the median. */
function medianOf({ low, width, counts }: Bins): number {
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let passed = 0;
  const bin = counts.findIndex((count) => {
    passed += count;
    return passed >= half;
  });
  return Number((low + (bin + 0.5) * width).toPrecision(3));
}

import type { Axis } from '../report/plot/frame.js';
import type { ChartPoint, PointChart, Tone } from '../report/plot/point-chart.js';
import type { Outcome } from './outcome.js';
import type { SearchKey } from './range.js';

/** The legend of all charts. */
const NAMES: PointChart['names'] = {
  best: 'the best',
  kept: 'trained to the end',
  dropped: 'stopped early',
  lost: 'diverged',
};

const Y: Axis = { label: 'validation mAP', percent: true };

/** @param best the number of the best trial */
const toneOf = ({ trial, state }: Outcome, best: number | undefined): Tone =>
  state === 'diverged' ? 'lost' : trial === best ? 'best' : state === 'finished' ? 'kept' : 'dropped';

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Who is best of trials in the order of {@link outcomesOf}; undefined where all diverged. */
export const bestOf = (outcomes: readonly Outcome[]): Outcome | undefined =>
  outcomes[0]?.mAP == null ? undefined : outcomes[0];

/**
 * What each trial came to at each rung, as lines over the epochs.
 *
 * @param outcomes the best first
 */
export function halvingChart(outcomes: readonly Outcome[], epochs: number): PointChart {
  const best = bestOf(outcomes)?.trial;
  const points: ChartPoint[] = outcomes.flatMap((outcome) =>
    outcome.results.map(({ epochs: x, mAP, trial }): ChartPoint => {
      const tone = mAP === null ? 'lost' : toneOf(outcome, best);
      const caption = `trial ${trial + 1}, epoch ${x}${mAP === null ? ', diverged' : `, ${percent(mAP)}`}`;
      // What led up to a divergence was well then.
      return { x, y: mAP ?? 0, tone: tone === 'lost' && mAP !== null ? 'dropped' : tone, caption };
    }),
  );
  const lines = outcomes.map((outcome) => ({
    tone: outcome.state === 'diverged' ? ('dropped' as const) : toneOf(outcome, best),
    points: outcome.results.flatMap(({ epochs: x, mAP }) => (mAP === null ? [] : [[x, mAP] as const])),
  }));
  return {
    title: 'Successive halving',
    x: { label: 'epoch', low: 0, high: epochs },
    y: Y,
    points,
    lines,
    names: NAMES,
  };
}

/** The axis of a key, and where a value lies on it. */
function axisOf({ key, range }: SearchKey): { readonly axis: Axis; readonly at: (value: string) => number } {
  if (range.kind === 'choice') {
    const ticks = range.values.map((text, value) => ({ value, text }));
    const axis = { label: key, low: -0.5, high: range.values.length - 0.5, ticks };
    return { axis, at: (value) => range.values.indexOf(value) };
  }
  const { low, high } = range;
  const pad = range.kind === 'integer' ? 0.5 : 0;
  return { axis: { label: key, log: range.kind === 'log', low: low - pad, high: high + pad }, at: Number };
}

/**
 * The objective against each key: of every trial where it stopped.
 *
 * @param outcomes the best first
 */
export function keyCharts(outcomes: readonly Outcome[], keys: readonly SearchKey[]): PointChart[] {
  const best = bestOf(outcomes)?.trial;
  return keys.map((key) => {
    const { axis, at } = axisOf(key);
    const points = outcomes.map((outcome): ChartPoint => {
      const { trial, setting, epochs, mAP } = outcome;
      const value = setting[key.key]!;
      const came = mAP === null ? 'diverged' : `${percent(mAP)} after ${epochs} epochs`;
      return {
        x: at(value),
        y: mAP ?? 0,
        tone: toneOf(outcome, best),
        caption: `trial ${trial + 1}, ${value}: ${came}`,
      };
    });
    return { title: key.key, x: axis, y: Y, points, names: NAMES };
  });
}

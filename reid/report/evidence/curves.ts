import type { LineChart, Series } from '../plot/line-chart.js';

/** A line of a run's log: the numbers of a step, or of an evaluation. What is no number is passed over. */
export type LoggedLine = Readonly<Record<string, unknown>> & { readonly step: number };

/** Names that count or time a step rather than measure it. */
const COUNTS: readonly string[] = ['step', 'epoch', 'seconds', 'images'];

/** Lines up to so many are not smoothed. */
const FEW = 40;

/** Losses at least this many times apart are drawn on a logarithmic axis. */
const FAR_APART = 100;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** camelCase as words: `idLoss` as `id loss`. */
const words = (name: string): string =>
  name.replace(/([a-z\d])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);

/** What a name measures: names that share an axis are drawn together. */
function chartOf(name: string): 'loss' | 'learning rate' | string {
  if (/loss$/i.test(name)) return 'loss';
  if (/^lr\b|learningRate/i.test(name)) return 'learning rate';
  return words(name);
}

/**
 * Charts from a run's log: losses, learning rate, each other number of the steps, and retrieval figures by epoch. Of two lines of
 * one step the later one counts, as a run that was resumed makes some steps again.
 *
 * @example
 *   const charts = curvesOf(text.trim().split('\n').map((line) => JSON.parse(line)));
 */
export function curvesOf(lines: readonly LoggedLine[]): LineChart[] {
  const steps = new Map<number, LoggedLine>();
  const evaluations = new Map<number, LoggedLine>();
  for (const line of lines) {
    if (!isNumber(line.step)) continue;
    if (typeof line.evaluation === 'object' && line.evaluation !== null) evaluations.set(line.step, line);
    else steps.set(line.step, line);
  }
  const inOrder = (map: Map<number, LoggedLine>) => [...map.values()].sort((a, b) => a.step - b.step);
  return [...stepCharts(inOrder(steps)), ...evaluationCharts(inOrder(evaluations))];
}

function stepCharts(lines: readonly LoggedLine[]): LineChart[] {
  if (lines.length < 2) return [];
  const names = [...new Set(lines.flatMap((line) => Object.keys(line)))].filter(
    (name) => !COUNTS.includes(name) && lines.some((line) => isNumber(line[name])),
  );
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(chartOf(name), [...(groups.get(chartOf(name)) ?? []), name]);
  // Losses and the learning rate come first, the sum before its parts.
  const order = (name: string) =>
    ['loss', 'learning rate'].indexOf(name) + (name === 'loss' || name === 'learning rate' ? 0 : 9);
  return [...groups].sort(([a], [b]) => order(a) - order(b)).map(([group, members]) => chart(group, members, lines));
}

function chart(group: string, names: readonly string[], lines: readonly LoggedLine[]): LineChart {
  const smoothing = group === 'learning rate' || lines.length <= FEW ? 0 : 1 - 1 / Math.max(2, lines.length / 40);
  const series = [...names]
    .sort((a, b) => Number(b === 'loss') - Number(a === 'loss'))
    .map(
      (name): Series => ({
        name: name === 'loss' ? 'total' : words(name),
        x: lines.map(({ step }) => step),
        y: lines.map((line) => (isNumber(line[name]) ? line[name] : Number.NaN)),
        smoothing,
      }),
    );
  const values = series.flatMap(({ y }) => Array.from(y)).filter((value) => Number.isFinite(value));
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const log = group === 'loss' && least > 0 && most / least >= FAR_APART;
  return {
    title: group.charAt(0).toUpperCase() + group.slice(1),
    x: { label: 'step' },
    y: { label: group, log, low: !log && least >= 0 ? 0 : undefined },
    series,
    note: smoothing > 0 ? 'Pale: each step. Strong: moving average.' : undefined,
  };
}

/** Retrieval during training; two evaluations make a line. */
function evaluationCharts(lines: readonly LoggedLine[]): LineChart[] {
  const figures = lines.map(({ evaluation, epoch, step }) => {
    const { mAP, cmc } = evaluation as { mAP?: unknown; cmc?: Record<string, unknown> };
    return { epoch: isNumber(epoch) ? epoch + 1 : step, mAP, first: cmc?.['1'] };
  });
  if (figures.filter(({ mAP }) => isNumber(mAP)).length < 2) return [];
  const label = lines.every(({ epoch }) => isNumber(epoch)) ? 'epoch' : 'step';
  const line = (name: string, of: (row: (typeof figures)[number]) => unknown): Series => ({
    name,
    x: figures.map(({ epoch }) => epoch),
    y: figures.map((row) => (isNumber(of(row)) ? (of(row) as number) : Number.NaN)),
  });
  return [
    {
      title: 'Retrieval during training',
      x: { label },
      y: { label: 'mAP and rank-1', percent: true, low: 0 },
      series: [line('mAP', ({ mAP }) => mAP), line('rank-1', ({ first }) => first)],
    },
  ];
}

import uPlot from 'uplot';
import { h } from '../dom.js';

/** A line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** Name of a colour of the style sheet: `--accent`. */
  readonly colour: string;
  readonly dashed?: boolean;
  /** A dot for each value: of curves with few values. */
  readonly dots?: boolean;
}

/** A chart that grows while it is looked at. */
export interface Chart {
  readonly element: HTMLElement;
  /** One list for x and one for each line; null where a line has no value. */
  set(data: readonly (readonly (number | null)[])[]): void;
}

const HEIGHT = 190;

/** Between two marks of the axis below: epochs, steps and ranks are whole. */
const WHOLE = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** A line chart by uPlot, as wide as its place; its newest values stand in words beside it. */
export function lineChart(
  title: string,
  lines: readonly ChartLine[],
  options: { readonly x: string; readonly format?: (value: number) => string; readonly log?: boolean },
): Chart {
  const { x, format = (value: number) => value.toPrecision(3), log } = options;
  const place = h('div', { 'aria-hidden': 'true' });
  const said = h('p', { class: 'unseen' });
  const element = h('figure', { class: 'chart' }, h('h3', {}, title), place, said);
  let plot: uPlot | undefined;
  let data: uPlot.AlignedData = [[], ...lines.map(() => [])];
  const ink = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const build = (): void => {
    plot?.destroy();
    const axis = {
      stroke: ink('--quiet'),
      grid: { stroke: ink('--line'), width: 1 },
      ticks: { stroke: ink('--line'), width: 1, size: 4 },
      font: '11px system-ui, sans-serif',
    };
    plot = new uPlot(
      {
        width: Math.max(place.clientWidth, 160),
        height: HEIGHT,
        scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
        cursor: { drag: { x: true, y: false } },
        legend: { live: true },
        series: [
          { label: x, value: (_: uPlot, value: number | null) => (value == null ? '–' : String(value)) },
          ...lines.map(({ label, colour, dashed, dots }) => ({
            label,
            stroke: ink(colour),
            width: 1.5,
            dash: dashed ? [5, 4] : undefined,
            spanGaps: true,
            points: { show: dots ?? false, size: 5 },
            value: (_: uPlot, value: number | null) => (value == null ? '–' : format(value)),
          })),
        ],
        axes: [
          { ...axis, size: 28, incrs: WHOLE },
          {
            ...axis,
            size: 54,
            values: (_: uPlot, values: number[]) => values.map((v) => (v == null ? '' : format(v))),
          },
        ],
      },
      data,
      place,
    );
  };

  const visible = new ResizeObserver(() => {
    if (place.clientWidth === 0) return;
    if (!plot) build();
    else if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  visible.observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot && build());
  return {
    element,
    set(values) {
      data = values as uPlot.AlignedData;
      plot?.setData(data);
      const newest = lines.map(({ label }, i) => {
        const value = values[i + 1]!.findLast((one) => one !== null);
        return value == null ? '' : `${label} ${format(value)}`;
      });
      said.textContent = `${title}: ${newest.filter(Boolean).join(', ')} at ${x} ${values[0]!.at(-1) ?? 0}.`;
    },
  };
}

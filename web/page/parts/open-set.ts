import { percent, whole } from '../../words.js';
import type { Evaluated, OpenSetQuery } from '../../worker/evaluate.js';
import { field, fill, h } from '../dom.js';

const BINS = 40;
const HEIGHT = 180;

interface Side {
  readonly label: string;
  readonly values: readonly number[];
  readonly colour: string;
}

/** Known and unknown queries: by labels where some are unknown, else each query once more without its identity. */
function sidesOf(openSet: readonly OpenSetQuery[]): {
  readonly known: readonly OpenSetQuery[];
  readonly unknown: readonly number[];
  readonly how: string;
} {
  const strangers = openSet.filter(({ right }) => right === undefined);
  const known = openSet.filter(({ right }) => right !== undefined);
  return strangers.length > 0
    ? {
        known,
        unknown: strangers.map(({ nearest }) => nearest),
        how: 'queries whose identity the gallery does not hold',
      }
    : {
        known,
        unknown: known.flatMap(({ stranger }) => (stranger === undefined ? [] : [stranger])),
        how: 'each query once more, as if the gallery did not hold its identity',
      };
}

/** The open set: distances of first places of known and unknown queries, with a threshold to slide. */
export function openSetPart({ openSet, report }: Evaluated): HTMLElement {
  const { known, unknown, how } = sidesOf(openSet);
  if (known.length === 0 || unknown.length === 0)
    return h('p', { class: 'hint' }, 'There are no queries of one of the two kinds.');
  const right = known.filter((query) => query.right).map(({ nearest }) => nearest);
  const wrong = known.filter((query) => !query.right).map(({ nearest }) => nearest);
  const all = [...right, ...wrong, ...unknown];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const step = (high - low) / 500 || 1e-6;
  const suggested =
    report.openSet?.dirAtFar.findLast(({ threshold }) => threshold !== null)?.threshold ?? (low + high) / 2;
  const canvas = h('canvas', { class: 'histogram', 'aria-hidden': 'true' });
  const words = h('p', { class: 'figures', role: 'status' });
  const value = h('output', {});
  const slider = h('input', {
    type: 'range',
    min: String(low),
    max: String(high + step),
    step: String(step),
    value: String(suggested),
    oninput: () => show(),
  });
  const sides: readonly Side[] = [
    { label: 'Known, first place right', values: right, colour: '--good' },
    { label: 'Known, first place wrong', values: wrong, colour: '--bad' },
    { label: 'Unknown', values: unknown, colour: '--quiet' },
  ];

  const show = (): void => {
    const threshold = Number(slider.value);
    value.textContent = threshold.toPrecision(4);
    const found = right.filter((distance) => distance <= threshold).length;
    const accepted = unknown.filter((distance) => distance <= threshold).length;
    words.textContent =
      `At ${report.facts.distance} distance ${threshold.toPrecision(4)}: ${percent(found / known.length)} of ${whole(known.length)} known queries are found ` +
      `and right; ${percent(accepted / unknown.length)} of ${whole(unknown.length)} unknown ones are let in by mistake.`;
    draw(canvas, sides, [low, high], threshold);
  };
  new ResizeObserver(show).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  const legend = h('ul', { class: 'legend' });
  fill(
    legend,
    sides.map(({ label, values, colour }) => {
      const swatch = h('span', { class: 'swatch' });
      swatch.style.background = `var(${colour})`;
      return h('li', {}, swatch, `${label} (${whole(values.length)})`);
    }),
  );
  return h(
    'div',
    { class: 'stack' },
    h('p', { class: 'hint' }, `Somebody new should be turned away. Unknown here: ${how}.`),
    canvas,
    legend,
    h('div', { class: 'field' }, field('Threshold: first places nearer than this are taken', slider), value),
    words,
  );
}

function draw(
  canvas: HTMLCanvasElement,
  sides: readonly Side[],
  [low, high]: readonly [number, number],
  threshold: number,
): void {
  const width = canvas.clientWidth;
  if (width === 0) return;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const style = getComputedStyle(canvas);
  const ink = (name: string) => style.getPropertyValue(name).trim();
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const span = high - low || 1;
  const bins = sides.map(({ values }) => {
    const counts = new Array<number>(BINS).fill(0);
    for (const one of values) counts[Math.min(BINS - 1, Math.floor((BINS * (one - low)) / span))]! += 1;
    return counts.map((count) => count / Math.max(values.length, 1));
  });
  const most = Math.max(...bins.flat());
  const bar = width / BINS;
  for (const [i, { colour }] of sides.entries()) {
    context.strokeStyle = ink(colour);
    context.fillStyle = ink(colour);
    context.lineWidth = 2;
    context.beginPath();
    for (const [k, share] of bins[i]!.entries()) {
      const y = HEIGHT - 6 - (share / most) * (HEIGHT - 16);
      context.lineTo(k * bar, y);
      context.lineTo((k + 1) * bar, y);
    }
    context.stroke();
    context.lineTo(width, HEIGHT - 6);
    context.lineTo(0, HEIGHT - 6);
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
  }
  const x = ((threshold - low) / span) * width;
  context.strokeStyle = ink('--ink');
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, HEIGHT);
  context.stroke();
}

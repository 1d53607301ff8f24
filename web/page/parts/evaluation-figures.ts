import type { EvaluationReport, ReportMeans } from '../../../reid/metrics/report.js';
import { percent, whole } from '../../words.js';
import { h } from '../dom.js';
import { lineChart } from './chart.js';
import { readings } from './readings.js';

const RANKS = [1, 5, 10, 20] as const;

/** The figures of an evaluation: the headline, every convention side by side, and the CMC curve. */
export function evaluationFigures(report: EvaluationReport): HTMLElement {
  const { means, queries, valid, gallery, facts, protocol } = report;
  const head = readings(['mAP', 'Rank-1', 'Rank-5', 'Rank-10', 'mINP'], true);
  head.set('mAP', percent(means.skip.mAP.rect));
  for (const k of [1, 5, 10]) head.set(`Rank-${k}`, percent(at(means.skip.cmc, k)));
  head.set('mINP', percent(means.skip.mINP));
  const cmc = lineChart(
    'CMC: share of queries with a match up to a rank',
    [
      { label: 'first match', colour: '--accent' },
      { label: 'all shots', colour: '--quiet', dashed: true },
    ],
    { x: 'rank', format: (value) => percent(value, 0) },
  );
  cmc.set([means.skip.cmc.map((_, i) => i + 1), means.skip.cmc, means.skip.cmcAllShots]);
  return h(
    'div',
    { class: 'stack' },
    head.element,
    h(
      'p',
      { class: 'quiet figures' },
      `${whole(queries)} queries, ${whole(valid)} of them with a match, ${whole(gallery)} in the gallery; ${facts.distance} distance, protocol ${protocol}${facts.flip ? ', mirrored pictures averaged in' : ''}; ` +
        `${Object.entries(report.seconds)
          .map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
          .join(', ')}.`,
    ),
    h('div', { class: 'charts' }, cmc.element, conventions(report)),
  );
}

const at = (curve: readonly number[], k: number): number => curve[Math.min(k, curve.length) - 1] ?? 0;

/** Every convention: average precision in its three ways, over the queries with a match and over all. */
function conventions({ means }: EvaluationReport): HTMLElement {
  const rows: readonly (readonly [string, (of: ReportMeans) => number])[] = [
    ['mAP, rectangles', ({ mAP }) => mAP.rect],
    ['mAP, trapezoids', ({ mAP }) => mAP.trapezoid],
    ['mAP, ties averaged', ({ mAP }) => mAP.tied],
    ...RANKS.map((k) => [`Rank-${k}`, ({ cmc }: ReportMeans) => at(cmc, k)] as const),
    ...RANKS.slice(0, 1).map(
      (k) => [`Rank-${k}, all shots`, ({ cmcAllShots }: ReportMeans) => at(cmcAllShots, k)] as const,
    ),
    ['mINP', ({ mINP }) => mINP],
  ];
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h('caption', {}, 'Both conventions, side by side'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['', `With a match (${whole(means.skip.over)})`, `All queries (${whole(means.zero.over)})`].map((name) =>
            h('th', { scope: 'col' }, name),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(([name, of]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            [means.skip, means.zero].map((one) => h('td', {}, percent(of(one), 2))),
          ),
        ),
      ),
    ),
  );
}

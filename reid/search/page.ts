import { documentOf } from '../report/page/document.js';
import { html } from '../report/page/html.js';
import { factsTable, flattened, keyFigures } from '../report/page/tables.js';
import { pointChart } from '../report/plot/point-chart.js';
import { bestOf, halvingChart, keyCharts } from './charts.js';
import type { Rung } from './halving.js';
import { type Outcome, outcomeTable } from './outcome.js';
import type { SearchKey } from './range.js';

/** All that the page of a search shows. */
export interface SearchPage {
  readonly title: string;
  readonly subtitle?: string;
  readonly date?: string;
  /** The best first. */
  readonly outcomes: readonly Outcome[];
  readonly keys: readonly SearchKey[];
  readonly rungs: readonly Rung[];
  /** What trains the best setting. */
  readonly command?: string;
  /** The recipe of the best setting. */
  readonly recipe?: unknown;
  /** How the figures were measured, in a sentence. */
  readonly note?: string;
  /** Adapter, times. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

/**
 * The page of a search: its best setting, halving curves, the objective against each key, all trials. Complete in itself, as every
 * report of the project.
 */
export function renderSearch(page: SearchPage): string {
  const { title, subtitle, date, outcomes, keys, rungs, command, recipe, note, facts = [] } = page;
  const best = bestOf(outcomes);
  const epochs = rungs.at(-1)!.epochs;
  const head =
    best?.mAP != null && best.rank1 !== null ? { name: 'best', mAP: best.mAP, cmc: { '1': best.rank1 } } : undefined;
  const settings = best && keys.map(({ key, text }) => [key, `${best.setting[key]} (of ${text})`] as const);
  const plan = rungs.map(({ trials, epochs: until }) => `${trials} to epoch ${until}`).join(', ');
  const [first, ...rows] = outcomeTable(
    outcomes,
    keys.map(({ key }) => key),
  );
  const table = html`<div class="wide"><table><thead><tr>${first!.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows.map(
    ([name, ...cells], i) =>
      html`<tr${i === 0 && best && html` class="own"`}><th scope="row">${name}</th>${[...cells.slice(0, -1), outcomes[i]!.state].map((cell) => html`<td><bdi>${cell}</bdi></td>`)}</tr>`,
  )}</tbody></table></div>`;
  const diverged = outcomes.flatMap((one) => (one.diverged ? [[`trial ${one.trial + 1}`, one.diverged] as const] : []));
  const reasons = diverged.length > 0 && html`<h3>Diverged</h3>${factsTable(diverged)}`;
  return documentOf({
    title,
    subtitle,
    date,
    keys: head && keyFigures(head),
    sections: [
      [
        'best',
        'The best setting',
        settings &&
          html`<p class="note">${note}</p>${factsTable(settings)}${command !== undefined && html`<pre class="command">${command}</pre>`}`,
      ],
      [
        'halving',
        'Halving',
        html`<p class="note">Trained: ${plan}. Each goes on from where it was.</p><div class="charts">${pointChart(halvingChart(outcomes, epochs))}</div>`,
      ],
      ['keys', 'By key', html`<div class="charts">${keyCharts(outcomes, keys).map(pointChart)}</div>`],
      ['trials', 'Trials', html`${table}${reasons}`],
      [
        'recipe',
        'Recipe',
        recipe === undefined ? undefined : html`<div class="columns">${factsTable(flattened(recipe))}</div>`,
      ],
      ['environment', 'Environment', facts.length > 0 ? factsTable(facts) : undefined],
    ],
  });
}

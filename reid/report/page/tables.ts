import { numberText } from '../plot/ticks.js';
import type { DatasetSummary, FigureRow, Figures } from '../report-data.js';
import { html } from './html.js';

/** The large figures at the top. */
export function keyFigures({ mAP, cmc, mINP }: FigureRow) {
  const shown: [string, number | undefined][] = [
    ['mAP', mAP],
    ['rank-1', cmc['1']],
    ['rank-5', cmc['5']],
    ['mINP', mINP],
  ];
  return html`<dl class="keys">${shown.map(
    ([name, value]) =>
      value !== undefined &&
      Number.isFinite(value) &&
      html`<div><dt>${name}</dt><dd>${(100 * value).toFixed(1)}<small>%</small></dd></div>`,
  )}</dl>`;
}

/** Rows of figures, in percent; `own` sets off the first. */
export function figuresTable({ rows, note }: Figures, first: string, own: boolean) {
  const ranks = [...new Set(rows.flatMap(({ cmc }) => Object.keys(cmc)))].sort((a, b) => Number(a) - Number(b));
  const cell = (value: number | undefined) =>
    html`<td>${value === undefined || !Number.isFinite(value) ? '–' : (100 * value).toFixed(1)}</td>`;
  const withInp = rows.some(({ mINP }) => mINP !== undefined);
  return html`<div class="wide"><table class="figures"><thead><tr><th scope="col">${first}</th><th scope="col">mAP</th>${ranks.map(
    (rank) => html`<th scope="col">rank-${rank}</th>`,
  )}${withInp && html`<th scope="col">mINP</th>`}</tr></thead><tbody>${rows.map(
    ({ name, mAP, cmc, mINP }, i) =>
      html`<tr${own && i === 0 && html` class="own"`}><th scope="row">${name}</th>${cell(mAP)}${ranks.map((rank) =>
        cell(cmc[rank]),
      )}${withInp && cell(mINP)}</tr>`,
  )}</tbody></table></div>${note !== undefined && html`<p class="note">${note}</p>`}`;
}

/** The counts of a data set, a row for each split. */
export function datasetTable({ name, splits, notes = [] }: DatasetSummary) {
  const columns = ['images', 'identities', 'cameras', 'distractors', 'junk'] as const;
  const shown = columns.filter((column) => splits.some((split) => split[column] > 0));
  return html`<p><bdi>${name}</bdi></p><div class="wide"><table><thead><tr><th scope="col">split</th>${shown.map(
    (column) => html`<th scope="col">${column}</th>`,
  )}</tr></thead><tbody>${splits.map(
    (split) =>
      html`<tr><th scope="row">${split.name}</th>${shown.map((column) => html`<td>${numberText(split[column])}</td>`)}</tr>`,
  )}</tbody></table></div>${notes.map((note) => html`<p class="note">${note}</p>`)}`;
}

/** Names and values, one a row. */
export function factsTable(facts: readonly (readonly [string, string])[]) {
  return html`<table class="facts"><tbody>${facts.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td><bdi>${value}</bdi></td></tr>`,
  )}</tbody></table>`;
}

/** Deeper than any recipe; what is deeper is not written. */
const DEEPEST = 6;

/** A value on one line; what JSON can not hold (a list that holds itself) as JavaScript names it. */
function written(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** A plain value as dotted names and texts: `{ optimiser: { lr: 0.001 } }` as `optimiser.lr`, `0.001`. */
export function flattened(value: unknown, path = '', depth = 0): [name: string, value: string][] {
  const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTree) return [[path, written(value)]];
  if (depth >= DEEPEST) return [[path, '…']];
  return Object.entries(value).flatMap(([name, inner]) =>
    inner === undefined ? [] : flattened(inner, path ? `${path}.${name}` : name, depth + 1),
  );
}

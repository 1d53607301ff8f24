import { html } from '../page/html.js';

/** A matrix with names, for example cameras against cameras. */
export interface HeatTable {
  readonly title: string;
  /** What the rows and the columns are: `query camera`, `gallery camera`. */
  readonly sides: readonly [rows: string, columns: string];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]`, shares from 0 to 1; null where there is none. */
  readonly values: readonly (readonly (number | null)[])[];
  readonly note?: string;
}

/**
 * A table whose cells are the darker, the larger their value is; from the smallest value in the table to the largest. Values are
 * written as percent.
 *
 * @throws RangeError when the values do not fit the names
 */
export function heatTable({ title, sides, rows, columns, values, note }: HeatTable) {
  if (values.length !== rows.length || values.some((row) => row.length !== columns.length)) {
    throw new RangeError(`heat table "${title}": the values are not ${rows.length} rows of ${columns.length}`);
  }
  const known = values.flat().filter((value) => value !== null && Number.isFinite(value)) as number[];
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const cell = (value: number | null) => {
    if (value === null || !Number.isFinite(value)) return html`<td class="none">–</td>`;
    const share = span > 0 ? (value - low) / span : 0;
    return html`<td style="--v:${Math.round(100 * share)}%">${(100 * value).toFixed(1)}</td>`;
  };
  return html`<figure class="heat-table"><figcaption>${title}</figcaption><div class="wide"><table><thead><tr><td></td><th scope="colgroup" colspan="${columns.length}">${sides[1]}</th></tr><tr><th scope="col">${sides[0]}</th>${columns.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (name, i) => html`<tr><th scope="row">${name}</th>${values[i]!.map(cell)}</tr>`,
  )}</tbody></table></div>${note !== undefined && html`<p class="note">${note}</p>`}</figure>`;
}

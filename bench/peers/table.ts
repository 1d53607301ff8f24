// The table and its arithmetic.

import type { Result } from './rounds.js';

/** The middle of some numbers; the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('The median of no values.');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** (Π vᵢ)^(1/n); undefined of no values. */
export const geometricMean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** A column of the table. */
export interface Column {
  readonly name: string;
  readonly role: 'ours' | 'peer' | 'shown';
}

/** A case across the programs. */
export interface Comparison {
  readonly case: string;
  /** The fastest right peer. */
  readonly best?: string;
  /** Our time over that of the best peer: below 1, we are faster. */
  readonly ratio?: number;
}

/** Finds the best peer of a case and our ratio to it, where both have a time. */
export function compareCase(name: string, results: readonly Result[], columns: readonly Column[]): Comparison {
  const role = (result: Result) => columns.find((column) => column.name === result.program)?.role;
  const timed = results.filter((result) => result.case === name && result.status === 'timed');
  const ours = timed.find((result) => role(result) === 'ours');
  const peers = timed.filter((result) => role(result) === 'peer').sort((a, b) => a.ms! - b.ms!);
  const best = peers[0];
  return {
    case: name,
    ...(best && { best: best.program }),
    ...(best && ours && { ratio: ours.ms! / best.ms! }),
  };
}

/** Three figures, or as many as stand before the point. */
export const figures = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const NAME_WIDTH = 12;
const LEAST_WIDTH = 9;

const widthOf = ({ name }: Column): number => Math.max(LEAST_WIDTH, name.length + 2);

function line(
  first: string,
  cells: readonly string[],
  columns: readonly Column[],
  best: string,
  ratio: string,
): string {
  const timed = cells.map((cell, i) => cell.padStart(widthOf(columns[i]!)));
  return `${first.padEnd(NAME_WIDTH)}${timed.join('')}  ${best.padEnd(13)}${ratio.padStart(9)}`.trimEnd();
}

/** The head of the table. */
export const tableHead = (columns: readonly Column[]): string =>
  line(
    'ms',
    columns.map(({ name }) => name),
    columns,
    'best peer',
    'ours/best',
  );

/** Time of a result; `–` where the program can not do the case, and a word where it gave no right one. `*` marks a note. */
function cell(result: Result | undefined): string {
  if (!result || result.status === 'missing') return '–';
  if (result.status !== 'timed') return result.status;
  return `${figures(result.ms!)}${result.note === undefined ? '' : '*'}`;
}

/** A case as a row. */
export function tableRow(name: string, results: readonly Result[], columns: readonly Column[]): string {
  const { best = '–', ratio } = compareCase(name, results, columns);
  const found = (column: Column) => results.find((one) => one.case === name && one.program === column.name);
  return line(
    name,
    columns.map((column) => cell(found(column))),
    columns,
    best,
    ratio === undefined ? '–' : ratio.toFixed(2),
  );
}

/** The last line: the mean of the ratios. */
export function meanLine(comparisons: readonly Comparison[]): string {
  const ratios = comparisons.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  const mean = geometricMean(ratios);
  if (mean === undefined) return 'No case has both our time and a right peer’s: no ratio.';
  return `Geometric mean of ours/best over ${ratios.length} cases: ${mean.toFixed(3)} (${figures(1 / mean)} times as fast)`;
}

/** What stands below the table: notes, and what went wrong. */
export const remarks = (results: readonly Result[]): string[] =>
  results.flatMap(({ case: name, program, status, reason, note }) => [
    ...(status === 'wrong' || status === 'failed' ? [`${name}, ${program} ${status}: ${reason}`] : []),
    ...(note === undefined ? [] : [`* ${name}, ${program}: ${note}`]),
  ]);

import { csvTable } from '../datasets/csv-table.js';
import { textTable } from './text-table.js';

/** A checkpoint on a data set: figures, or why there are none. */
export interface ComparisonCell {
  /** Tells cells apart: checkpoint, test pictures, and how they are compared. */
  readonly key: string;
  readonly checkpoint: string;
  /** A short name of it. */
  readonly model: string;
  readonly data: string;
  readonly status: 'ok' | 'failed';
  /** Why it failed. */
  readonly message?: string;
  readonly mAP?: number;
  readonly rank1?: number;
  readonly mINP?: number;
  /** Trainable numbers of the model, its classifier's among them. */
  readonly parameters?: number;
  /** Numbers of a feature. */
  readonly dimension?: number;
  readonly queries?: number;
  readonly validQueries?: number;
  readonly gallery?: number;
  /** From the first picture to the last figure. */
  readonly seconds?: number;
  readonly adapter?: string;
  /** Names of file and model that did not match. */
  readonly unmatched?: number;
}

/** How all cells are compared. */
export interface ComparisonConventions {
  readonly protocol: string;
  /** Undefined: each recipe's own. */
  readonly distance?: string;
  readonly flip: boolean;
}

const percent = (value: number | undefined): string => (value === undefined ? '-' : (100 * value).toFixed(2));
const whole = (value: number | undefined): string => (value === undefined ? '-' : value.toLocaleString('en'));

/** Cells as a table for people, and below it why some failed. */
export function comparisonText(cells: readonly ComparisonCell[]): string {
  const head = ['model', 'data', 'mAP %', 'rank-1 %', 'mINP %', 'parameters', 'feature', 'pictures', 'seconds'];
  const rows = cells.map((cell) => {
    const { model, data, status, queries = 0, gallery = 0, seconds } = cell;
    if (status === 'failed') return [model, data, 'failed'];
    return [
      cell.unmatched ? `${model} *` : model,
      data,
      percent(cell.mAP),
      percent(cell.rank1),
      percent(cell.mINP),
      whole(cell.parameters),
      whole(cell.dimension),
      whole(queries + gallery),
      seconds === undefined ? '-' : seconds.toFixed(1),
    ];
  });
  const lines = textTable([head, ...rows], [0, 1]);
  if (cells.some(({ unmatched }) => unmatched)) lines.push('* not everything of the file and the model matched');
  const reasons = new Map<string, string[]>();
  for (const { status, message = '', checkpoint, data } of cells) {
    if (status === 'failed') reasons.set(message, [...(reasons.get(message) ?? []), `${checkpoint} on ${data}`]);
  }
  for (const [message, places] of reasons) lines.push('', ...places.map((place) => `${place}:`), `  ${message}`);
  return lines.join('\n');
}

const COLUMNS = [
  'model',
  'checkpoint',
  'data',
  'status',
  'mAP',
  'rank1',
  'mINP',
  'parameters',
  'dimension',
  'queries',
  'validQueries',
  'gallery',
  'seconds',
  'unmatched',
  'message',
] as const;

/** Cells as CSV; figures are fractions. */
export const comparisonCsv = (cells: readonly ComparisonCell[]): string =>
  csvTable([[...COLUMNS], ...cells.map((cell) => COLUMNS.map((column) => cell[column] ?? ''))]);

import type { Result } from './measure.js';

const COLUMNS = ['case', 'ms', 'cpu ms', 'gpu ms', 'GFLOP/s', 'GB/s'] as const;
const WIDTHS = [26, 9, 9, 9, 9, 8] as const;

/** Three figures, or as many as there are before the point. */
function figures(value: number | null): string {
  if (value === null) return '-';
  if (value === 0) return '0';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i]!))).join(' ');

/** The head of the table. */
export const tableHead = (): string => line(COLUMNS);

/** A result as a row of the table. */
export const tableRow = ({ case: name, ms, cpu_ms, gpu_ms, gflops, gbps }: Result): string =>
  line([name, ...[ms, cpu_ms, gpu_ms, gflops, gbps].map(figures)]);

/** A result as a line of JSON, numbers to four figures. */
export const jsonLine = (result: Result): string =>
  JSON.stringify(result, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value));

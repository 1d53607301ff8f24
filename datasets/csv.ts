import { DatasetError } from './error.js';

/** A row of a table, and the line of the file that it begins on, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Splits CSV into rows of fields (RFC 4180, and what spreadsheets make of it): a field in double quotes may hold separators,
 * line ends and doubled quotes; lines end with LF, CR LF or CR. Empty lines are passed over.
 *
 * @param name of the file, for the error
 * @throws DatasetError when a quote is never closed
 *
 * @example
 *   parseCsv('path,id\n"a,b.jpg",7\n', 'table.csv')[1];   // { line: 2, fields: ['a,b.jpg', '7'] }
 */
export function parseCsv(text: string, name: string, separator = ','): CsvRow[] {
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let field = '';
  let quoted = false;
  let line = 1;
  let [rowLine, quoteLine] = [1, 0];
  const endRow = (): void => {
    fields.push(field);
    field = '';
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: rowLine, fields });
    fields = [];
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    const lineEnds = character === '\n' || (character === '\r' && text[i + 1] !== '\n');
    if (lineEnds) line++;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[i + 1] === '"') field += text[i++]!;
      else quoted = false;
    } else if (character === '"' && field.trim() === '') {
      field = '';
      quoted = true;
      quoteLine = line;
    } else if (character === separator) {
      fields.push(field);
      field = '';
    } else if (lineEnds) {
      endRow();
      rowLine = line;
    } else if (character !== '\r') field += character;
  }
  if (quoted) throw new DatasetError(`${name}: the quote that opens on line ${quoteLine} is never closed.`);
  if (field !== '' || fields.length > 0) endRow();
  return rows;
}

/** Separators that spreadsheets write. */
const SEPARATORS = [',', ';', '\t', '|'] as const;

/** The separator of a table: the one that its first line holds most often outside of quotes; a comma where it holds none. */
export function guessSeparator(text: string): string {
  const header = (/[^\r\n]*\S[^\r\n]*/.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '');
  const count = (separator: string): number => header.split(separator).length;
  return SEPARATORS.reduce<string>((best, separator) => (count(separator) > count(best) ? separator : best), ',');
}

import { DatasetError } from './error.js';

/**
 * Splits CSV into rows of fields (RFC 4180): a field in double quotes may hold commas, line ends and doubled quotes.
 * Empty lines are passed over.
 *
 * @param name of the file, for the error
 * @throws DatasetError when a quote is never closed
 *
 * @example
 *   parseCsv('path,id\n"a,b.jpg",7\n', 'table.csv');   // [['path', 'id'], ['a,b.jpg', '7']]
 */
export function parseCsv(text: string, name: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let quoteLine = 0;
  let line = 1;
  const endRow = (): void => {
    row.push(field);
    field = '';
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\n') line++;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[i + 1] === '"') field += text[i++]!;
      else quoted = false;
    } else if (character === '"' && field === '') {
      quoted = true;
      quoteLine = line;
    } else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\n') endRow();
    else if (character !== '\r') field += character;
  }
  if (quoted) throw new DatasetError(`${name}: the quote that opens on line ${quoteLine} is never closed.`);
  if (field !== '' || row.length > 0) endRow();
  return rows;
}

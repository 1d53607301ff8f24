import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { assembleDataset, halveIdentities, type RawEntry } from './assemble.js';
import { parseCsv } from './csv.js';
import type { ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.node.js';
import { DatasetError } from './error.js';
import { splitOf } from './pattern.node.js';

type Row = ReadonlyMap<string, string>;

const COLUMNS = 'path, identity (or id), camera, split';

/** Rows of JSON lines: one object a line. */
function parseJsonLines(text: string, file: string): Row[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new DatasetError(
        `${file}, line ${i + 1} is not JSON: ${(error as Error).message}. Write one object a line.`,
      );
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DatasetError(
        `${file}, line ${i + 1} is not an object. Write {"path": ..., "identity": ..., "camera": ...}.`,
      );
    }
    const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
    return [new Map(fields.map(([key, field]) => [key.toLowerCase(), String(field)]))];
  });
}

/** Rows of CSV: the first line names the columns. */
function parseCsvRows(text: string, file: string): Row[] {
  const [header, ...lines] = parseCsv(text, file);
  if (!header) return [];
  const names = header.map((name) => name.trim().toLowerCase());
  return lines.map((line, i) => {
    if (line.length !== names.length) {
      throw new DatasetError(
        `${file}, row ${i + 2} has ${line.length} fields, and the header names ${names.length} columns. ` +
          'Put a field that holds a comma in double quotes.',
      );
    }
    return new Map(line.map((value, column) => [names[column]!, value]));
  });
}

/**
 * Reads a table of pictures: CSV (with quotes) or JSON lines (a file name that ends in `.jsonl`, `.ndjson` or `.json`, or
 * a first character `{`). Columns: `path` (relative to the table), `identity` or `id`, and, if known, `camera` and `split`
 * (train, query, gallery, or test, which is cut by the rule of `splitTest`). Without splits, the first half of the
 * identities in natural order is for training; without cameras, every picture has one of its own. Identity -1 is junk.
 *
 * @throws DatasetError naming the file, the row, and what to change
 *
 * @example
 *   await openTable('photos.csv');
 */
export async function openTable(file: string): Promise<ReidDataset> {
  const full = resolve(file);
  let text: string;
  try {
    text = (await readFile(full, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new DatasetError(`${full} cannot be opened: ${(error as Error).message}. Give a CSV or JSON-lines file.`);
  }
  const json = /\.(jsonl|ndjson|json)$/i.test(full) || text.trimStart().startsWith('{');
  const rows = json ? parseJsonLines(text, full) : parseCsvRows(text, full);
  if (rows.length === 0)
    throw new DatasetError(`${full} has no rows. Write one picture a line, with columns ${COLUMNS}.`);
  const first = rows[0]!;
  const identityColumn = first.has('identity') ? 'identity' : 'id';
  for (const column of ['path', identityColumn]) {
    if (first.has(column)) continue;
    throw new DatasetError(
      `${full} has no column ${column}; it has ${[...first.keys()].join(', ')}. Needed: ${COLUMNS}.`,
    );
  }
  const value = (row: Row, column: string, number: number): string => {
    const found = row.get(column)?.trim();
    if (!found)
      throw new DatasetError(`${full}, picture ${number}: ${column} is empty. Fill it in, or remove the row.`);
    return found;
  };
  const half = halveIdentities(rows.map((row) => row.get(identityColumn)?.trim() ?? ''));
  const hasSplits = rows.some((row) => (row.get('split')?.trim() ?? '') !== '');
  const folder = dirname(full);
  const entries = rows.map((row, i): RawEntry => {
    const path = value(row, 'path', i + 1);
    const identity = value(row, identityColumn, i + 1);
    const written = hasSplits ? value(row, 'split', i + 1) : half.has(identity) ? 'train' : 'test';
    const split = splitOf(written);
    if (!split) {
      throw new DatasetError(
        `${full}, picture ${i + 1}: the split is ${written}; it should be train, query, gallery or test.`,
      );
    }
    const camera = row.get('camera')?.trim() || undefined;
    return { path: isAbsolute(path) ? path : join(folder, path), identity, camera, split };
  });
  const notes = hasSplits
    ? []
    : ['no column split: the first half of the identities, in natural order, is for training'];
  return assembleDataset({ name: `table, ${full}`, entries, notes, source: full, read: decodeFile });
}

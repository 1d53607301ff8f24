import { guessSeparator, parseCsv } from './csv.js';
import { DatasetError } from './error.js';

/** A row of a table: its values by the names of the columns, in lower case; `line` of the file, from 1. */
export interface TableRow {
  readonly line: number;
  readonly values: ReadonlyMap<string, string>;
}

/** A table of any kind. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** What had to be guessed. */
  readonly notes: readonly string[];
}

const startsWith = (bytes: Uint8Array, ...values: number[]): boolean => values.every((value, i) => bytes[i] === value);

/** UTF-8 or UTF-16 by its mark, UTF-8 without; otherwise what Windows writes in western Europe, which a note says. */
function decodeText(bytes: Uint8Array, name: string): { readonly text: string; readonly note?: string } {
  if (startsWith(bytes, 0x50, 0x4b, 3, 4) || startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw new DatasetError(`${name} is a spreadsheet (or packed). Save it as CSV, and give that file.`);
  }
  if (startsWith(bytes, 0xff, 0xfe)) return { text: new TextDecoder('utf-16le').decode(bytes) };
  if (startsWith(bytes, 0xfe, 0xff)) return { text: new TextDecoder('utf-16be').decode(bytes) };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const note = 'the table is not in UTF-8: it was read as Windows-1252';
    return { text: new TextDecoder('windows-1252').decode(bytes), note };
  }
}

const WRITE_JSON = 'Write {"path": ..., "identity": ..., "camera": ...}.';

function rowOf(value: unknown, line: number, name: string): TableRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DatasetError(`${name}, line ${line} is not an object. ${WRITE_JSON}`);
  }
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  const values = fields.map(([key, field]) => [key.trim().toLowerCase(), String(field).trim()] as const);
  return { line, values: new Map(values) };
}

/** JSON lines, one object a line; or one array of objects, whose rows are counted as lines. */
function parseJson(text: string, name: string): Table {
  const parse = (part: string, what: string, advice: string): unknown => {
    try {
      return JSON.parse(part);
    } catch (error) {
      throw new DatasetError(`${name}${what} is not JSON: ${(error as Error).message}. ${advice}`);
    }
  };
  const isArray = text.trimStart().startsWith('[');
  const rows = isArray
    ? (parse(text, '', WRITE_JSON) as unknown[]).map((value, i) => rowOf(value, i + 1, name))
    : text.split(/\r\n|\r|\n/).flatMap((part, i) => {
        if (part.trim() === '') return [];
        return [rowOf(parse(part, `, line ${i + 1}`, 'Write one object a line.'), i + 1, name)];
      });
  return { columns: [...new Set(rows.flatMap(({ values }) => [...values.keys()]))], rows, notes: [] };
}

function parseTable(text: string, name: string): Table {
  const separator = guessSeparator(text);
  const [header, ...lines] = parseCsv(text, name, separator);
  const columns = (header?.fields ?? []).map((column) => column.trim().toLowerCase());
  const rows = lines.map(({ line, fields }): TableRow => {
    const beyond = fields.slice(columns.length).some((field) => field.trim() !== '');
    if (fields.length < columns.length || beyond) {
      throw new DatasetError(
        `${name}, row ${line} has ${fields.length} fields, and the header names ${columns.length} columns. ` +
          `Put a field that holds ${separator === '\t' ? 'a tab' : `the separator ${separator}`} in double quotes.`,
      );
    }
    return { line, values: new Map(columns.map((column, i) => [column, fields[i]!.trim()])) };
  });
  return { columns: columns.filter((column) => column !== ''), rows, notes: [] };
}

/**
 * Reads a table as spreadsheets and programs write it: commas, semicolons, tabs or bars between the fields; UTF-8 (with a mark or
 * without), UTF-16 or Windows-1252; or JSON: an object a line, or one array of objects.
 *
 * @param name of the file: by its ending, JSON is known; errors print it
 * @throws DatasetError naming the file and the line
 */
export function readTable(bytes: Uint8Array, name: string): Table {
  const { text, note } = decodeText(bytes, name);
  const json = /\.(jsonl|ndjson|json)$/i.test(name) || /^\s*(\{|\[\s*\{)/.test(text);
  const table = json ? parseJson(text, name) : parseTable(text, name);
  return note ? { ...table, notes: [note, ...table.notes] } : table;
}

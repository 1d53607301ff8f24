import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { parseCsv } from '../datasets/csv.js';
import type { NamedArray } from '../engine/io/arrays.js';
import { FileError, readFileBytes } from '../engine/io/files.node.js';
import { readNpy } from '../engine/io/npy.js';
import { readSafetensors } from '../engine/io/safetensors.js';
import { FormatError } from '../engine/io/source.js';
import type { FeatureRows } from '../reid/metrics/distances.js';
import { UsageError } from './command.js';

/** What a table says of the picture behind a row of features; what it does not say is left out. */
export interface FeatureRow {
  readonly path: string;
  /** The same text for the same person; left out for junk and distractors, too. */
  readonly identity?: string;
  readonly camera?: string;
}

/** Features that `extract` wrote, or anyone. */
export interface FeatureFile extends FeatureRows {
  readonly path: string;
  readonly count: number;
  /** The table beside them, where there is one. */
  readonly table?: string;
  /** A row for each feature; without a table their paths are numbers. */
  readonly rows: readonly FeatureRow[];
  /** What they were extracted from, where the file says so. */
  readonly source?: string;
}

/** The table that belongs to a file of features: its name with `.csv`. */
export const tableOf = (path: string): string => `${path.slice(0, path.length - extname(path).length)}.csv`;

/**
 * Reads features (`.npy`, or `features` of `.safetensors`) and the table of their pictures.
 *
 * @param table where the table is, if it is not the file's name with `.csv`; that one may be missing
 * @throws UsageError, FileError or FormatError that names the file
 */
export async function readFeatureFile(path: string, table?: string): Promise<FeatureFile> {
  const { array, source } = await readArray(path);
  const [count, dimension] = array.shape as [number, number];
  if (array.shape.length !== 2 || !(count > 0 && dimension > 0)) {
    throw new FormatError(`${path} holds an array [${array.shape}]; features are [pictures, numbers]`);
  }
  if (!(array.data instanceof Float32Array || array.data instanceof Float64Array)) {
    throw new FormatError(`${path} holds ${array.dtype}; features are float32 or float64`);
  }
  const numbers = array.data instanceof Float32Array ? array.data : Float32Array.from(array.data);
  const place = table ?? (existsSync(tableOf(path)) ? tableOf(path) : undefined);
  const rows = place === undefined ? unnamed(count) : await readRows(place);
  if (rows.length !== count) {
    throw new FormatError(
      `${place} has ${rows.length} rows, and ${path} ${count} features: they do not belong to each other`,
    );
  }
  const broken = numbers.findIndex((value) => !Number.isFinite(value));
  if (broken !== -1) {
    const row = Math.floor(broken / dimension);
    throw new FormatError(
      `${path}: the feature of ${rows[row]!.path} (row ${row}) is ${numbers[broken]} at ${broken % dimension}; extract it anew`,
    );
  }
  return { path, data: numbers, dimension, count, table: place, rows, source };
}

const unnamed = (count: number): FeatureRow[] => Array.from({ length: count }, (_, row) => ({ path: String(row) }));

async function readArray(path: string): Promise<{ array: NamedArray; source?: string }> {
  if (extname(path) === '.npy') return { array: readNpy(await readFileBytes(path), path) };
  if (extname(path) !== '.safetensors') {
    throw new UsageError(
      `${path}: features are a file that ends with .npy or .safetensors. node cli/extract.js makes one.`,
    );
  }
  const { tensors, metadata } = await readSafetensors(await readFileBytes(path), path);
  const array = tensors.get('features');
  if (!array) {
    throw new FormatError(`${path} has no tensor "features", only ${[...tensors.keys()].slice(0, 5).join(', ')}`);
  }
  return { array, source: metadata.data };
}

async function readRows(path: string): Promise<FeatureRow[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new FileError(`cannot read ${path}: ${error.message}`);
  });
  const [head, ...rows] = parseCsv(text.replace(/^\ufeff/, ''), path).map(({ fields }) => fields);
  const column = (name: string): number => (head ?? []).indexOf(name);
  const [at, identity, name, camera, split] = ['path', 'identity', 'name', 'camera', 'split'].map(column);
  if (at === -1) throw new FormatError(`${path} has no column "path"; its first line is "${(head ?? []).join(',')}"`);
  const cell = (fields: readonly string[], place: number): string => fields[place]?.trim() ?? '';
  return rows.map((fields) => {
    const number = cell(fields, identity!);
    // Of training pictures 0 is an identity; elsewhere it marks distractors, and -1 junk.
    const nobody = number === '-1' || (number === '0' && split !== -1 && cell(fields, split!) !== 'train');
    const known = nobody ? '' : cell(fields, name!) || number;
    const lens = cell(fields, camera!);
    return {
      path: cell(fields, at!),
      ...(known === '' ? {} : { identity: known }),
      ...(lens === '' ? {} : { camera: lens }),
    };
  });
}

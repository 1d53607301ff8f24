import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { DatasetError, type ImageRecord, type Split } from '../datasets/index.js';
import { splitOf } from '../datasets/pattern.js';
import { findColumns } from '../datasets/table-columns.js';
import { readTable } from '../datasets/table-text.js';
import { type NamedArray, toFloat32 } from '../engine/io/arrays.js';
import { readFileBytes } from '../engine/io/files.node.js';
import { readNpy } from '../engine/io/npy.js';
import { readSafetensors } from '../engine/io/safetensors.js';
import type { Features } from '../reid/training/features.js';
import type { RetrievalSide } from '../reid/training/retrieval.js';
import { UsageError } from './command.js';

/** Features that lie in files, with who they show. */
export interface StoredFeatures {
  /** The files, for people. */
  readonly name: string;
  readonly query: RetrievalSide;
  readonly gallery: RetrievalSide;
}

/** How they are given, for help texts and errors. */
export const FEATURE_FORMS = `FILE.npy or FILE.safetensors as extract writes it, with its table FILE.csv beside it;
QUERY.npy,GALLERY.npy with --labels; a folder with query_features.npy, gallery_features.npy and labels.json`;

type Labels = Readonly<Record<'query' | 'gallery', readonly ImageRecord[]>>;

/** An array of features: [pictures, numbers]. */
async function readFeatures(path: string): Promise<Features> {
  const bytes = await readFileBytes(path);
  let array: NamedArray | undefined;
  if (extname(path).toLowerCase() === '.safetensors') {
    const { tensors } = await readSafetensors(bytes);
    array = tensors.get('features') ?? (tensors.size === 1 ? [...tensors.values()][0] : undefined);
    if (!array) throw new DatasetError(`${path} has no array "features"; it has ${[...tensors.keys()].join(', ')}.`);
  } else array = readNpy(bytes, path);
  if (array.shape.length !== 2 || array.data.length === 0) {
    throw new DatasetError(`${path} has the shape [${array.shape.join(', ')}]; features are [pictures, numbers].`);
  }
  const [count, dimension] = array.shape as [number, number];
  return { data: toFloat32(array, path), count, dimension };
}

/** Some rows of features. */
function rowsOf({ data, dimension }: Features, rows: readonly number[]): Features {
  const first = rows[0] ?? 0;
  if (rows.every((row, i) => row === first + i)) {
    return { data: data.subarray(first * dimension, (first + rows.length) * dimension), count: rows.length, dimension };
  }
  const out = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) out.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  return { data: out, count: rows.length, dimension };
}

function numberOf(text: unknown, what: string, place: string): number {
  const value = typeof text === 'number' ? text : Number(String(text ?? '').trim() || Number.NaN);
  if (Number.isInteger(value)) return value;
  throw new DatasetError(`${place}: ${what} is ${String(text)}; it should be a whole number.`);
}

/** Columns of labels in JSON: of each side an object of arrays. */
function sidesOfJson(value: unknown, path: string): Labels | undefined {
  const sides = value as Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>;
  if (!sides?.query || !sides.gallery) return undefined;
  const read = (side: 'query' | 'gallery'): ImageRecord[] => {
    const columns = findColumns(Object.keys(sides[side]!), `${path}, ${side}`);
    const column = (name: string | undefined): readonly unknown[] => (name === undefined ? [] : sides[side]![name]!);
    const [paths, identities, cameras] = [column(columns.path), column(columns.id), column(columns.camera)];
    return paths.map((name, i) => {
      const place = `${path}, ${side} ${i}`;
      const identity = numberOf(identities[i], columns.id, place);
      const camera = columns.camera === undefined ? i : numberOf(cameras[i], columns.camera, place);
      return { path: String(name), identity, camera, identityName: String(identity) };
    });
  };
  return { query: read('query'), gallery: read('gallery') };
}

/** Labels by row, each with its split where the table says. */
async function readLabels(path: string): Promise<Labels | readonly { record: ImageRecord; split?: Split | 'test' }[]> {
  const bytes = await readFileBytes(path);
  if (/\.json$/i.test(path)) {
    try {
      const sides = sidesOfJson(JSON.parse(new TextDecoder().decode(bytes)), path);
      if (sides) return sides;
    } catch (error) {
      if (error instanceof DatasetError) throw error;
    }
  }
  const { rows, columns: names } = readTable(bytes, path);
  const columns = findColumns(names, path);
  return rows.map(({ line, values }, i) => {
    const place = `${path}, row ${line}`;
    const identity = numberOf(values.get(columns.id), columns.id, place);
    const camera = columns.camera === undefined ? i : numberOf(values.get(columns.camera), columns.camera, place);
    const record = { path: values.get(columns.path)!, identity, camera, identityName: String(identity) };
    return { record, split: columns.split === undefined ? undefined : splitOf(values.get(columns.split) ?? '') };
  });
}

function side(records: readonly ImageRecord[], features: Features, name: string): RetrievalSide {
  if (records.length === 0) throw new DatasetError(`${name} is empty: label rows with the splits query and gallery.`);
  if (records.length !== features.count) {
    throw new DatasetError(
      `${name}: ${features.count} features and ${records.length} labels. Give the labels of these files.`,
    );
  }
  return { records, features };
}

/** Where features and labels of a place lie. */
function filesOf(place: string, labels: string | undefined): { features: readonly string[]; labels: string } {
  if (existsSync(place) && statSync(place).isDirectory()) {
    const features = ['query_features.npy', 'gallery_features.npy'].map((name) => join(place, name));
    const lacking = features.find((file) => !existsSync(file));
    if (lacking) throw new UsageError(`${place} has no ${basename(lacking)}. Features may be:\n${FEATURE_FORMS}`);
    return { features, labels: labels ?? join(place, 'labels.json') };
  }
  const features = existsSync(place) ? [place] : place.split(',');
  const lacking = features.find((file) => !existsSync(file));
  if (lacking !== undefined) throw new UsageError(`${lacking} is not there. Features may be:\n${FEATURE_FORMS}`);
  if (features.length > 2)
    throw new UsageError(`${place} names ${features.length} files. Features may be:\n${FEATURE_FORMS}`);
  if (features.length === 2 && labels === undefined) {
    throw new UsageError('--labels is missing: a table with path, identity, camera and split, or labels.json.');
  }
  const [first] = features as [string];
  return { features, labels: labels ?? join(dirname(first), `${basename(first, extname(first))}.csv`) };
}

/**
 * Reads features of query and gallery from files, and who they show.
 *
 * @param labels their table, where it does not lie beside them
 * @throws UsageError for a file that is not there, DatasetError for files that do not fit together
 */
export async function readStoredFeatures(place: string, labels?: string): Promise<StoredFeatures> {
  const files = filesOf(place, labels);
  if (!existsSync(files.labels)) {
    throw new UsageError(`${files.labels} is not there. Say where the labels lie, by --labels.`);
  }
  const features: Features[] = [];
  for (const file of files.features) features.push(await readFeatures(file));
  const found = await readLabels(files.labels);
  const name = files.features.join(' and ');
  if ('query' in found) {
    const [query, gallery] =
      features.length === 2
        ? (features as [Features, Features])
        : ([
            rowsOf(features[0]!, [...found.query.keys()]),
            rowsOf(
              features[0]!,
              [...found.gallery.keys()].map((i) => i + found.query.length),
            ),
          ] as const);
    return { name, query: side(found.query, query, 'query'), gallery: side(found.gallery, gallery, 'gallery') };
  }
  const total = features.reduce((sum, { count }) => sum + count, 0);
  if (found.length !== total) {
    throw new DatasetError(
      `${name}: ${total} features, and ${files.labels} has ${found.length} rows. Give the table of these files.`,
    );
  }
  const pick = (wanted: 'query' | 'gallery', offset: number, part: Features): RetrievalSide => {
    const rows = found.flatMap(({ split }, row) => (split === wanted ? [row] : []));
    const own = rows.map((row) => row - offset);
    if (own.some((row) => row < 0 || row >= part.count)) {
      throw new DatasetError(`${files.labels}: rows with the split ${wanted} are not those of its file of features.`);
    }
    return side(
      rows.map((row) => found[row]!.record),
      rowsOf(part, own),
      wanted,
    );
  };
  const [first, second = first] = features as [Features, Features?];
  return { name, query: pick('query', 0, first), gallery: pick('gallery', second === first ? 0 : first.count, second) };
}

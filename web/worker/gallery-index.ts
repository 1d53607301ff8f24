import { csvTable } from '../../datasets/csv-table.js';
import type { DistanceKind } from '../../reid/metrics/distances.js';

/** What made the features of a gallery. */
export interface GalleryModel {
  /** A digest of weights and input, or `pixels`: features of different keys cannot be compared. */
  readonly key: string;
  /** For people. */
  readonly title: string;
  readonly recipe: string;
  /** Numbers of a feature; 0 while the gallery is empty. */
  readonly dimension: number;
  readonly distance: DistanceKind;
  readonly flip: boolean;
}

/** A picture of a gallery. */
export interface GalleryItem {
  readonly id: number;
  /** Folder and name, as it was chosen. */
  readonly path: string;
  /** Left out where nobody said. */
  readonly camera?: string;
  /** Who it shows, where that is known. */
  readonly identity?: string;
  /** Size of its file, where that is known. */
  readonly bytes?: number;
  /** First byte and length of its small picture. */
  readonly thumb: readonly [offset: number, bytes: number];
}

/** All of a gallery but its numbers and small pictures; item i has row i of the features. */
export interface GalleryIndex {
  readonly format: typeof GALLERY_FORMAT;
  readonly model: GalleryModel;
  /** Names of the files beside it. */
  readonly features: string;
  readonly thumbs: string;
  /** The next picture's number. */
  readonly next: number;
  readonly items: readonly GalleryItem[];
}

export const GALLERY_FORMAT = 'reid-webgpu gallery 1';

/** The key of features that are the pictures' own pixels. */
export const PIXELS = 'pixels';

const isText = (value: unknown): value is string => typeof value === 'string';
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const DISTANCES: readonly unknown[] = ['euclidean', 'sqeuclidean', 'cosine'];

function isModel(value: unknown): value is GalleryModel {
  if (!isRecord(value)) return false;
  const { key, title, recipe, dimension, distance, flip } = value;
  return (
    [key, title, recipe].every(isText) &&
    isWhole(dimension) &&
    DISTANCES.includes(distance) &&
    typeof flip === 'boolean'
  );
}

function isItem(value: unknown): value is GalleryItem {
  if (!isRecord(value)) return false;
  const { id, path, camera, identity, bytes, thumb } = value;
  const texts = [camera, identity].every((one) => one === undefined || isText(one));
  if (bytes !== undefined && !isWhole(bytes)) return false;
  return isWhole(id) && isText(path) && texts && Array.isArray(thumb) && thumb.length === 2 && thumb.every(isWhole);
}

/**
 * The name under which a picture is in a gallery, or would be: two different files of one name and different sizes get different ones.
 *
 * @param there sizes of the files that are there, by their names
 */
export function nameFor(
  path: string,
  bytes: number | undefined,
  there: ReadonlyMap<string, number | undefined>,
): string {
  let name = path;
  for (let i = 2; ; i++) {
    const size = there.get(name);
    if (!there.has(name) || size === undefined || bytes === undefined || size === bytes) return name;
    name = `${path} (${i})`;
  }
}

/** What was read as an index; undefined where it is none, or damaged. */
export function checkIndex(value: unknown): GalleryIndex | undefined {
  if (!isRecord(value) || value.format !== GALLERY_FORMAT) return undefined;
  const { model, features, thumbs, next, items } = value;
  if (!isModel(model) || !isText(features) || !isText(thumbs) || !isWhole(next)) return undefined;
  if (!Array.isArray(items) || !items.every(isItem)) return undefined;
  if (new Set(items.map(({ id }) => id)).size < items.length || items.some(({ id }) => id >= next)) return undefined;
  return value as unknown as GalleryIndex;
}

/**
 * Numbers in place of names: those that the names are, where all are whole numbers, or their order from `first` on.
 *
 * @returns −1 for names that are left out
 */
export function numbersOf(names: readonly (string | undefined)[], first: number): Int32Array {
  const known = [...new Set(names.filter((name) => name !== undefined))];
  const numeric = known.every((name) => /^(0|[1-9]\d{0,8})$/.test(name));
  const order = new Map(known.map((name, i) => [name, numeric ? Number(name) : first + i]));
  return Int32Array.from(names, (name) => (name === undefined ? -1 : order.get(name)!));
}

/** The table beside a file of features, in the columns of `cli/extract.js`. */
export function galleryTable(items: readonly GalleryItem[]): string {
  const identities = numbersOf(
    items.map(({ identity }) => identity),
    1,
  );
  const cameras = numbersOf(
    items.map(({ camera }) => camera),
    0,
  );
  return csvTable([
    ['row', 'path', 'identity', 'camera', 'split', 'name'],
    ...items.map(({ path, identity = '' }, row) => [
      row,
      path,
      identities[row]!,
      cameras[row]! < 0 ? '' : cameras[row]!,
      'gallery',
      identity,
    ]),
  ]);
}

/** The table of groups, in the columns of `cli/cluster.js`. */
export function groupTable(items: readonly GalleryItem[], labels: ArrayLike<number>): string {
  const known = (['identity', 'camera'] as const).filter((column) => items.some((item) => item[column] !== undefined));
  return csvTable([
    ['row', 'path', 'cluster', ...known],
    ...items.map((item, row) => [row, item.path, labels[row]!, ...known.map((column) => item[column] ?? '')]),
  ]);
}

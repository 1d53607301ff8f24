import { encodePng, type Image } from '../datasets/index.js';
import type { Partition } from '../reid/clustering/partition.js';
import { type ContactRow, drawContactSheet } from '../reid/report/drawing/contact-sheet.js';
import type { FeatureRow } from './feature-file.js';
import { evenly } from './ranked-pictures.js';

/** A row of a sheet: which pictures, and what stands above them. */
export interface SheetRow {
  readonly label: string;
  readonly pictures: readonly number[];
}

export interface SheetOptions {
  /** Pictures a row. */
  readonly columns: number;
  /** Rows a page. */
  readonly rows: number;
  /** Pages at most. */
  readonly pages: number;
}

/** The text of a value that most have, and how many do. */
function commonest(values: readonly string[]): [value: string, count: number] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]!;
}

function labelOf(title: string, members: readonly number[], rows: readonly FeatureRow[]): string {
  const cameras = new Set(members.flatMap((i) => rows[i]!.camera ?? []));
  const identities = members.flatMap((i) => rows[i]!.identity ?? []);
  const parts = [`${title}: ${members.length} ${members.length === 1 ? 'picture' : 'pictures'}`];
  if (cameras.size > 0) parts.push(`${cameras.size} ${cameras.size === 1 ? 'camera' : 'cameras'}`);
  if (identities.length > 0) {
    const [identity, count] = commonest(identities);
    const different = new Set(identities).size;
    parts.push(different === 1 ? `all ${identity}` : `${different} identities, mostly ${identity} (${count})`);
  }
  return parts.join(', ');
}

/**
 * The pages of contact sheets: a row for each cluster of two pictures or more, the largest first, then one for the outliers and
 * one for clusters of one picture. Of a long row pictures at even steps are shown.
 */
export function sheetPages(
  { labels, sizes }: Partition,
  rows: readonly FeatureRow[],
  { columns, rows: height, pages }: SheetOptions,
): SheetRow[][] {
  const members = Array.from(sizes, (): number[] => []);
  const outliers: number[] = [];
  labels.forEach((label, i) => {
    (label < 0 ? outliers : members[label]!).push(i);
  });
  const row = (title: string, those: readonly number[], about = rows): SheetRow => ({
    label: labelOf(title, those, about),
    pictures: evenly(those, columns),
  });
  // Of pictures that belong to nothing, who they show is said of nobody.
  const bare = rows.map(({ path }) => ({ path }));
  const singles = members.filter(({ length }) => length === 1).flat();
  const last = [
    ...(outliers.length > 0 ? [row('outliers', outliers, bare)] : []),
    ...(singles.length > 0 ? [row('clusters of one picture', singles, bare)] : []),
  ];
  const most = pages * height - last.length;
  const shown = members.filter(({ length }) => length > 1).slice(0, most);
  const all = [...shown.map((those, cluster) => row(`cluster ${cluster}`, those)), ...last];
  return Array.from({ length: Math.ceil(all.length / height) }, (_, page) =>
    all.slice(page * height, (page + 1) * height),
  );
}

/** Draws a page; gives the bytes of a PNG. */
export async function sheetPng(
  page: readonly SheetRow[],
  read: (row: number) => Promise<Image>,
  cell: { readonly width: number; readonly height: number },
): Promise<Uint8Array> {
  const drawn: ContactRow[] = [];
  for (const { label, pictures } of page) {
    const images: Image[] = [];
    for (const picture of pictures) images.push(await read(picture));
    drawn.push({ label, images });
  }
  return encodePng(drawContactSheet(drawn, cell));
}

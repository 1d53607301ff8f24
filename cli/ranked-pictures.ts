import { encodePng, type Image, type ImageRecord } from '../datasets/index.js';
import { drawRanks, type RankPictureRow } from '../reid/report/drawing/rank-picture.js';

/** A query with the gallery pictures that were found for it, nearest first. */
export interface RankedList {
  readonly query: ImageRecord;
  /** Under the query, such as `AP 0.83`. */
  readonly note?: string;
  /** `match` is left out where nobody knows who the query shows. */
  readonly nearest: readonly { readonly record: ImageRecord; readonly distance: number; readonly match?: boolean }[];
}

/** How the picture of ranked lists is labelled. */
export interface RankedPictureOptions {
  readonly title: string;
  readonly caption: string;
  /** Gallery pictures a row. Default 10. */
  readonly columns?: number;
}

/** Draws ranked lists, a row each: right ones green, wrong ones red, unknown ones blue. Gives the bytes of a PNG. */
export async function rankedPng(
  lists: readonly RankedList[],
  read: (record: ImageRecord) => Promise<Image>,
  options: RankedPictureOptions,
): Promise<Uint8Array> {
  const item = async (record: ImageRecord) => {
    // Pictures from outside have no camera.
    const camera = record.camera < 0 ? undefined : record.camera + 1;
    return { image: await read(record), identity: record.identityName, camera };
  };
  const rows: RankPictureRow[] = [];
  for (const { query, note, nearest } of lists) {
    const items = [];
    for (const { record, distance, match } of nearest) items.push({ ...(await item(record)), distance, match });
    rows.push({ query: await item(query), note, nearest: items });
  }
  return encodePng(drawRanks(rows, options));
}

/** Some of a list at even steps, from its first to its last. */
export function evenly<T>(list: readonly T[], count: number): T[] {
  const shown = Math.min(count, list.length);
  return Array.from({ length: shown }, (_, i) => list[Math.round((i * (list.length - 1)) / Math.max(shown - 1, 1))]!);
}

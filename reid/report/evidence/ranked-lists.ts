import type { ImageRecord, ReidDataset } from '../../../datasets/index.js';
import type { EvaluationReport, QueryReport } from '../../metrics/report.js';
import { type EmbeddedPicture, embed } from '../page/picture.js';
import type { RankedList, RankedLists, RankedPicture } from '../report-data.js';

/** Which queries a report shows. */
export interface ShownQueries {
  /** Queries with the lowest average precision. Default 8. */
  readonly worst?: number;
  /** Queries at even steps from the highest average precision to the lowest, for comparison. Default 4. */
  readonly spread?: number;
}

/** A query with a match and what it found. */
export interface FoundQuery {
  readonly query: number;
  /** Average precision by the evaluation's own convention. */
  readonly ap: number;
  readonly firstMatch: number;
  readonly kept: number;
  readonly nearest: QueryReport['nearest'];
}

/** Queries with a match, the lowest average precision first; of equals the one whose first match comes later. */
export function worstFirst({ perQuery, averagePrecision }: EvaluationReport): FoundQuery[] {
  return perQuery
    .flatMap(({ query, ap, firstMatch, kept, nearest }): FoundQuery[] =>
      ap && firstMatch !== null ? [{ query, ap: ap[averagePrecision], firstMatch, kept, nearest }] : [],
    )
    .sort((a, b) => a.ap - b.ap || b.firstMatch - a.firstMatch || a.query - b.query);
}

/** `count` entries of a list at even steps, first and last included. */
export function evenly<T>(list: readonly T[], count: number): T[] {
  const shown = Math.min(count, list.length);
  return Array.from({ length: shown }, (_, i) => list[Math.round((i * (list.length - 1)) / Math.max(shown - 1, 1))]!);
}

/** How a camera is called: numbered from 1. */
export const cameraName = (record: ImageRecord): string => `camera ${record.camera + 1}`;

/**
 * Ranked lists with their pictures: the worst queries first, then some of all. A picture that occurs in several lists is read
 * once.
 */
export async function rankedListsOf(
  dataset: ReidDataset,
  report: EvaluationReport,
  { worst = 8, spread = 4 }: ShownQueries = {},
): Promise<RankedLists[]> {
  const ordered = worstFirst(report);
  const known = new Map<ImageRecord, Promise<EmbeddedPicture>>();
  const pictured = async (record: ImageRecord, alt: string): Promise<RankedPicture> => {
    let picture = known.get(record);
    if (!picture) {
      picture = dataset.read(record).then((image) => embed(image, ''));
      known.set(record, picture);
    }
    return { picture: { ...(await picture), alt }, identity: record.identityName, camera: cameraName(record) };
  };
  const listOf = async ({ query, ap, firstMatch, kept, nearest }: FoundQuery): Promise<RankedList> => {
    const record = dataset.query[query]!;
    const list = [];
    for (const [i, { gallery, distance, match }] of nearest.entries()) {
      const item = dataset.gallery[gallery]!;
      const alt = `Rank ${i + 1}: identity ${item.identityName}, ${cameraName(item)}, ${match ? 'right' : 'wrong'}`;
      list.push({ ...(await pictured(item, alt)), distance, match });
    }
    return {
      query: await pictured(record, `Query: identity ${record.identityName}, ${cameraName(record)}`),
      ap,
      firstMatch,
      length: kept,
      nearest: list,
    };
  };
  const group = async (title: string, note: string, queries: readonly FoundQuery[]): Promise<RankedLists> => {
    const lists = [];
    for (const query of queries) lists.push(await listOf(query));
    return { title, note, lists };
  };
  const all = `${ordered.length} queries`;
  const rest = ordered.slice(worst).reverse();
  return [
    await group(
      'The worst queries',
      `The ${Math.min(worst, ordered.length)} of ${all} with the lowest average precision, each with its nearest pictures: right ones ticked, wrong ones crossed, with their rank and distance.`,
      ordered.slice(0, worst),
    ),
    await group('From the best to the worst', 'The other queries, at even steps.', evenly(rest, spread)),
  ].filter(({ lists }) => lists.length > 0);
}

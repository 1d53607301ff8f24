import type { ImageRecord } from '../datasets/index.js';
import type { Gpu } from '../engine/index.js';
import { visitRows } from '../reid/metrics/distance-rows.js';
import type { DistanceKind } from '../reid/metrics/distances.js';
import { gpuDistances } from '../reid/metrics/gpu-distances.js';
import { type ItemLabels, type Protocol, rankingTask } from '../reid/metrics/protocols.js';
import { rankQuery } from '../reid/metrics/rank-query.js';
import type { RetrievalSide } from '../reid/training/retrieval.js';
import type { RankedList } from './ranked-pictures.js';

/** The identity of a picture that is of no data set: no picture of any gallery has it. */
export const UNKNOWN_IDENTITY = -1_000_000_007;

/** A query's list, and how good it is. */
export interface RankedQuery extends RankedList {
  /** Average precision (rect); null where the gallery holds no match, or nobody knows. */
  readonly ap: number | null;
  readonly firstMatch: number | null;
}

export interface RankListsOptions {
  readonly distance: DistanceKind;
  readonly protocol: Protocol;
  /** Length of the lists. */
  readonly top: number;
}

const labelsOf = (records: readonly ImageRecord[]): ItemLabels => ({
  identities: records.map(({ identity }) => identity),
  cameras: records.map(({ camera }) => camera),
  files: records.map(({ path }) => path),
});

/**
 * Ranks the gallery for each query, those without a match and those from outside of the data set too.
 *
 * @param asked queries in parts; some may be empty
 */
export async function rankLists(
  gpu: Gpu,
  asked: readonly RetrievalSide[],
  { records: gallery, features: found }: RetrievalSide,
  { distance, protocol, top }: RankListsOptions,
): Promise<RankedQuery[]> {
  const query = asked.flatMap(({ records }) => records);
  const { dimension } = found;
  const data = new Float32Array(query.length * dimension);
  let at = 0;
  for (const { features } of asked) {
    data.set(features.data, at);
    at += features.data.length;
  }
  const { rows, blockRows, release } = await gpuDistances(gpu, distance, { data, dimension }, found, {
    nameQuery: (i) => query[i]!.path,
    nameGallery: (i) => gallery[i]!.path,
  });
  const task = rankingTask(labelsOf(query), labelsOf(gallery), protocol, -1);
  const lists: RankedQuery[] = [];
  try {
    await visitRows(
      rows,
      task,
      (q, row) => {
        const { ap, firstMatch, nearest } = rankQuery(q, task.listOf(q), row, 'rect', top);
        const record = query[q]!;
        const known = record.identity !== UNKNOWN_IDENTITY;
        lists.push({
          query: record,
          ap,
          firstMatch,
          note: known ? (ap === null ? 'no match' : `AP ${ap.toFixed(2)}`) : undefined,
          nearest: nearest.map(({ gallery: g, distance: d, match }) => ({
            record: gallery[g]!,
            distance: d,
            match: known ? match : undefined,
          })),
        });
      },
      blockRows,
    );
  } finally {
    release();
  }
  return lists;
}

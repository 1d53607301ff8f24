import type { ItemLabels } from './protocols.js';
import type { RankingOptions } from './ranking.js';

/** Which of a list of test tracklets are queries and gallery, and by which rules they are ranked. */
export interface TrackletProtocol {
  readonly name: 'mars-official' | 'mars-split';
  /** Numbers of tracklets. */
  readonly query: readonly number[];
  readonly gallery: readonly number[];
  readonly queryLabels: ItemLabels;
  readonly galleryLabels: ItemLabels;
  readonly options: RankingOptions;
}

/**
 * MARS by its authors: the gallery is all test tracklets, the queries among them; junk has identity −1, or the query's identity
 * and camera. Trapezoid AP, means over all queries.
 *
 * @param tracklets labels of all test tracklets
 * @param queries which of them are queries
 */
export function marsOfficial(tracklets: ItemLabels, queries: readonly number[]): TrackletProtocol {
  const gallery = Array.from({ length: tracklets.identities.length }, (_, i) => i);
  return protocol('mars-official', tracklets, queries, gallery, {
    averagePrecision: 'trapezoid',
    invalidQueries: 'zero',
  });
}

/**
 * MARS as torchreid and its descendants split it: the gallery is the test tracklets less the queries and less identity −1. Queries
 * without a match are skipped.
 */
export function marsSplit(tracklets: ItemLabels, queries: readonly number[]): TrackletProtocol {
  const isQuery = new Set(queries);
  const gallery = Array.from({ length: tracklets.identities.length }, (_, i) => i).filter(
    (i) => !isQuery.has(i) && tracklets.identities[i] !== -1,
  );
  return protocol('mars-split', tracklets, queries, gallery, { averagePrecision: 'rect', invalidQueries: 'skip' });
}

function protocol(
  name: TrackletProtocol['name'],
  tracklets: ItemLabels,
  query: readonly number[],
  gallery: readonly number[],
  options: RankingOptions,
): TrackletProtocol {
  const count = tracklets.identities.length;
  const bad = query.find((i) => !Number.isInteger(i) || i < 0 || i >= count);
  if (bad !== undefined) throw new RangeError(`${name}: query ${bad} is none of the ${count} tracklets`);
  return {
    name,
    query,
    gallery,
    queryLabels: pick(tracklets, query),
    galleryLabels: pick(tracklets, gallery),
    options: { protocol: 'market1501', junkIdentity: -1, ...options },
  };
}

const pick = ({ identities, cameras, files }: ItemLabels, indices: readonly number[]): ItemLabels => ({
  identities: indices.map((i) => identities[i]),
  cameras: cameras && indices.map((i) => cameras[i]),
  files: files && indices.map((i) => files[i]),
});

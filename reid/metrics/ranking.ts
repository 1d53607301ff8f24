import type { ApConvention } from './average-precision.js';
import { type DistanceRows, visitBlock, visitRows } from './distance-rows.js';
import { type ItemLabels, type Protocol, type RankingTask, rankingTask } from './protocols.js';
import { type QueryRanking, rankQuery } from './rank-query.js';

export type { DistanceRows } from './distance-rows.js';
export type { QueryRanking, RankedItem } from './rank-query.js';

/** What becomes of a query without a match: `skip` leaves it out of every mean, `zero` counts it as 0. */
export type InvalidQueryPolicy = 'skip' | 'zero';

/** Every option has the default that most published numbers use. */
export interface RankingOptions {
  /** Default `market1501`. */
  protocol?: Protocol;
  /** Default `rect`. */
  averagePrecision?: ApConvention;
  /** Default `skip`. */
  invalidQueries?: InvalidQueryPolicy;
  /** Gallery items with this identity are left out for every query; `null` for none. Default −1. */
  junkIdentity?: number | null;
  /** Length of the CMC curve. Default 50. */
  maxRank?: number;
  /** How many of the nearest gallery items are kept for each query. Default 10. */
  nearest?: number;
}

/** The numbers of an evaluation, with the conventions that they depend on. */
export interface RankingResult {
  protocol: Protocol;
  averagePrecision: ApConvention;
  invalidQueries: InvalidQueryPolicy;
  /** Number of queries. */
  queries: number;
  /** Number of queries that have a match. */
  valid: number;
  /** Number of gallery items, junk included. */
  gallery: number;
  /** `cmc[k − 1]`: share of queries whose first match is among the first k; carried forward beyond the end of a list. */
  cmc: number[];
  mAP: number;
  mINP: number;
  perQuery: QueryRanking[];
}

/**
 * Retrieval evaluation on a whole distance matrix: CMC, mAP, mINP and what each query found.
 *
 * For each query the gallery, less junk and less what the protocol leaves out, is ranked by distance, ascending and
 * stable (ties by gallery index). The rank of a match is 1 + the number of listed items before it, so nothing is sorted
 * but the matches.
 *
 * @example
 * const { mAP, cmc } = evaluateRanking(distances, { identities, cameras }, { identities: ids, cameras: cams });
 *
 * @param distances `[queries, gallery]`, row-major; smaller is more alike
 * @throws when the sizes do not fit, a label is missing, a distance is NaN (the message names both items), or no query
 *   has a match (the message says why that is likely)
 */
export function evaluateRanking(
  distances: Float32Array,
  query: ItemLabels,
  gallery: ItemLabels,
  options: RankingOptions = {},
): RankingResult {
  const task = startRanking(query, gallery, options);
  const perQuery: QueryRanking[] = [];
  visitBlock(distances, 0, task.queries, task, rankInto(perQuery, task, options));
  return summariseRanking(task, perQuery, options);
}

/**
 * The same evaluation with distances made a block of queries at a time, for sets whose matrix does not fit in memory.
 *
 * @param rows gives the distances of a block of queries; the next block is asked for when the last one was ranked
 * @param options as for {@link evaluateRanking}; `blockRows` queries a block (default: about 16 MiB of distances)
 * @throws as {@link evaluateRanking}
 */
export async function evaluateRankingByRows(
  rows: DistanceRows,
  query: ItemLabels,
  gallery: ItemLabels,
  options: RankingOptions & { blockRows?: number } = {},
): Promise<RankingResult> {
  const task = startRanking(query, gallery, options);
  const perQuery: QueryRanking[] = [];
  await visitRows(rows, task, rankInto(perQuery, task, options), options.blockRows);
  return summariseRanking(task, perQuery, options);
}

/** Checks options and labels; throws as {@link evaluateRanking}. */
export function startRanking(query: ItemLabels, gallery: ItemLabels, options: RankingOptions): RankingTask {
  const { protocol = 'market1501', junkIdentity = -1, maxRank = 50, nearest = 10 } = options;
  if (!Number.isInteger(maxRank) || maxRank < 1 || !Number.isInteger(nearest) || nearest < 0) {
    throw new RangeError(`ranking: maxRank must be at least 1 and nearest at least 0, got ${maxRank} and ${nearest}`);
  }
  return rankingTask(query, gallery, protocol, junkIdentity);
}

const rankInto =
  (perQuery: QueryRanking[], task: RankingTask, { averagePrecision = 'rect', nearest = 10 }: RankingOptions) =>
  (query: number, row: Float32Array) => {
    perQuery.push(rankQuery(query, task.listOf(query), row, averagePrecision, nearest));
  };

/** The means over the queries that the policy counts; throws when none has a match. */
export function summariseRanking(task: RankingTask, perQuery: QueryRanking[], options: RankingOptions): RankingResult {
  const { protocol = 'market1501', averagePrecision = 'rect', invalidQueries = 'skip', maxRank = 50 } = options;
  const valid = perQuery.filter((ranking) => ranking.valid).length;
  if (valid === 0)
    throw new Error(`ranking: none of the ${task.queries} queries has a match: ${task.explainNoMatch()}`);
  const divisor = invalidQueries === 'skip' ? valid : task.queries;
  const sum = (of: (ranking: QueryRanking) => number | null) =>
    perQuery.reduce((total, ranking) => total + (of(ranking) ?? 0), 0);
  return {
    protocol,
    averagePrecision,
    invalidQueries,
    queries: task.queries,
    valid,
    gallery: task.gallery,
    cmc: cmcCurve(perQuery, maxRank, divisor),
    mAP: sum(({ ap }) => ap) / divisor,
    mINP: sum(({ inp }) => inp) / divisor,
    perQuery,
  };
}

/** `curve[k − 1]`: how many queries have their first match among the first k, over `divisor`. */
export function cmcCurve(perQuery: readonly QueryRanking[], maxRank: number, divisor: number): number[] {
  const firstAt = new Int32Array(maxRank);
  for (const { firstMatch } of perQuery) {
    if (firstMatch !== null && firstMatch <= maxRank) firstAt[firstMatch - 1]++;
  }
  let found = 0;
  return Array.from(firstAt, (count) => {
    found += count;
    return found / divisor;
  });
}

import {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './average-precision.js';
import { type ItemLabels, type Protocol, type RankingTask, rankingTask } from './protocols.js';

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

/** One gallery item in a query's list. */
export interface RankedItem {
  gallery: number;
  distance: number;
  /** Whether it has the query's identity. */
  match: boolean;
}

/** What one query found. */
export interface QueryRanking {
  query: number;
  /** Whether the list holds a match at all. */
  valid: boolean;
  /** Average precision; `null` for an invalid query. */
  ap: number | null;
  /** Inverse negative penalty R/p_R; `null` for an invalid query. */
  inp: number | null;
  /** 1-based rank of the first match; `null` for an invalid query. */
  firstMatch: number | null;
  /** 1-based ranks of all matches, ascending. */
  matchRanks: Int32Array;
  /** Length of the ranked list: the gallery less what the protocol leaves out. */
  kept: number;
  /** The first items of the list, nearest first. */
  nearest: RankedItem[];
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

/** Distances of the queries `[first, first + count)` to the whole gallery, `[count, gallery]`. */
export type DistanceRows = (first: number, count: number) => Float32Array | Promise<Float32Array>;

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
  const task = startTask(query, gallery, options);
  checkBlock(distances, task.queries, task);
  const perQuery = Array.from({ length: task.queries }, (_, q) =>
    rankQuery(task, q, distances.subarray(q * task.gallery, (q + 1) * task.gallery), options),
  );
  return summarise(task, perQuery, options);
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
  const task = startTask(query, gallery, options);
  const blockRows = options.blockRows ?? Math.max(1, Math.floor(2 ** 22 / task.gallery));
  if (!Number.isInteger(blockRows) || blockRows < 1) {
    throw new RangeError(`ranking: blockRows must be a positive integer, got ${blockRows}`);
  }
  const perQuery: QueryRanking[] = [];
  for (let first = 0; first < task.queries; first += blockRows) {
    const count = Math.min(blockRows, task.queries - first);
    const block = await rows(first, count);
    checkBlock(block, count, task);
    for (let i = 0; i < count; i++) {
      const row = block.subarray(i * task.gallery, (i + 1) * task.gallery);
      perQuery.push(rankQuery(task, first + i, row, options));
    }
  }
  return summarise(task, perQuery, options);
}

function startTask(query: ItemLabels, gallery: ItemLabels, options: RankingOptions): RankingTask {
  const { protocol = 'market1501', junkIdentity = -1, maxRank = 50, nearest = 10 } = options;
  if (!Number.isInteger(maxRank) || maxRank < 1 || !Number.isInteger(nearest) || nearest < 0) {
    throw new RangeError(`ranking: maxRank must be at least 1 and nearest at least 0, got ${maxRank} and ${nearest}`);
  }
  return rankingTask(query, gallery, protocol, junkIdentity);
}

function checkBlock(block: Float32Array, count: number, { gallery }: RankingTask): void {
  if (block.length !== count * gallery) {
    throw new Error(
      `ranking: ${block.length} distances for ${count} queries × ${gallery} gallery items; expected ${count * gallery}`,
    );
  }
}

/** Ranks one query's row of distances `[gallery]`. */
function rankQuery(task: RankingTask, query: number, row: Float32Array, options: RankingOptions): QueryRanking {
  const { galleryIdentities, junk } = task;
  const removed = task.removes(query);
  const identity = task.queryIdentities[query];
  const matches = (task.byIdentity.get(identity) ?? []).filter((g) => !removed(g));
  matches.sort((a, b) => row[a] - row[b] || a - b);
  const matchDistances = Float32Array.from(matches, (g) => row[g]);
  const farthestMatch = matches.length > 0 ? matchDistances[matches.length - 1] : Number.NEGATIVE_INFINITY;

  // Non-matches whose place is before match i but not before match i − 1; and the same by distance alone.
  const between = new Int32Array(matches.length + 1);
  const within = new Int32Array(matches.length + 1);
  const nearest = new NearestList(options.nearest ?? 10);
  let kept = 0;
  for (let g = 0; g < row.length; g++) {
    const distance = row[g];
    if (Number.isNaN(distance)) {
      throw new Error(
        `ranking: the distance of query ${task.nameQuery(query)} to gallery item ${task.nameGallery(g)} is NaN; ` +
          'look for NaN in the features of both',
      );
    }
    if (junk[g] || removed(g)) continue;
    kept++;
    if (nearest.hasRoom || distance < nearest.limit) nearest.insert(g, distance);
    if (distance > farthestMatch || galleryIdentities[g] === identity) continue;
    let i = firstNotBelow(matchDistances, distance);
    within[i]++;
    while (i < matches.length && matchDistances[i] === distance && matches[i] < g) i++;
    between[i]++;
  }

  const matchRanks = Int32Array.from(matches, (_, i) => {
    between[i + 1] += between[i];
    return i + 1 + between[i];
  });
  const valid = matches.length > 0;
  const convention = options.averagePrecision ?? 'rect';
  const ap = convention === 'tied' ? tiedAp(matchDistances, within) : averagePrecision(matchRanks, convention);
  return {
    query,
    valid,
    ap: valid ? ap : null,
    inp: valid ? inverseNegativePenalty(matchRanks) : null,
    firstMatch: valid ? matchRanks[0] : null,
    matchRanks,
    kept,
    nearest: nearest.items().map(([gallery, distance]) => ({
      gallery,
      distance,
      match: galleryIdentities[gallery] === identity,
    })),
  };
}

/** AP by distinct distances: `nonMatches[i]` non-matches are nearer than match i or level with it, but beyond match i − 1. */
function tiedAp(matchDistances: Float32Array, nonMatches: Int32Array): number {
  const matchesWithin = new Int32Array(matchDistances.length);
  const keptWithin = new Int32Array(matchDistances.length);
  let passed = 0;
  for (let i = 0; i < matchDistances.length; ) {
    let end = i;
    while (end < matchDistances.length && matchDistances[end] === matchDistances[i]) passed += nonMatches[end++];
    matchesWithin.fill(end, i, end);
    keptWithin.fill(end + passed, i, end);
    i = end;
  }
  return tiedAveragePrecision(matchesWithin, keptWithin);
}

/** First index of an ascending list whose value is not below `value`. */
function firstNotBelow(ascending: Float32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The few nearest items of a list that is walked in index order; of equal distances the earlier one comes first. */
class NearestList {
  readonly #indices: Int32Array;
  readonly #distances: Float32Array;
  #count = 0;
  /** Once the list is full, only distances below `limit` enter. */
  hasRoom: boolean;
  limit = Number.NEGATIVE_INFINITY;

  constructor(size: number) {
    this.#indices = new Int32Array(size);
    this.#distances = new Float32Array(size);
    this.hasRoom = size > 0;
  }

  insert(index: number, distance: number): void {
    const size = this.#indices.length;
    let place = Math.min(this.#count, size - 1);
    for (; place > 0 && this.#distances[place - 1] > distance; place--) {
      this.#distances[place] = this.#distances[place - 1];
      this.#indices[place] = this.#indices[place - 1];
    }
    this.#distances[place] = distance;
    this.#indices[place] = index;
    this.#count = Math.min(this.#count + 1, size);
    this.hasRoom = this.#count < size;
    if (!this.hasRoom) this.limit = this.#distances[size - 1];
  }

  items(): [index: number, distance: number][] {
    return Array.from({ length: this.#count }, (_, i) => [this.#indices[i], this.#distances[i]]);
  }
}

function summarise(task: RankingTask, perQuery: QueryRanking[], options: RankingOptions): RankingResult {
  const { protocol = 'market1501', averagePrecision = 'rect', invalidQueries = 'skip', maxRank = 50 } = options;
  const valid = perQuery.filter((ranking) => ranking.valid).length;
  if (valid === 0)
    throw new Error(`ranking: none of the ${task.queries} queries has a match: ${task.explainNoMatch()}`);
  const divisor = invalidQueries === 'skip' ? valid : task.queries;
  const firstAt = new Int32Array(maxRank);
  let apSum = 0;
  let inpSum = 0;
  for (const { ap, inp, firstMatch } of perQuery) {
    apSum += ap ?? 0;
    inpSum += inp ?? 0;
    if (firstMatch !== null && firstMatch <= maxRank) firstAt[firstMatch - 1]++;
  }
  let found = 0;
  const cmc = Array.from(firstAt, (count) => {
    found += count;
    return found / divisor;
  });
  return {
    protocol,
    averagePrecision,
    invalidQueries,
    queries: task.queries,
    valid,
    gallery: task.gallery,
    cmc,
    mAP: apSum / divisor,
    mINP: inpSum / divisor,
    perQuery,
  };
}

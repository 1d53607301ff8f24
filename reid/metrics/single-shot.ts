import { RandomStream } from '../../random/philox.js';
import { type DistanceRows, visitRows } from './distance-rows.js';
import { groupBy, valueAt } from './groups.js';
import { type ItemLabels, LEFT_OUT, type Protocol, type QueryList, rankingTask } from './protocols.js';
import { firstNotBelow } from './rank-query.js';

/** Gives numbers in [0, 1), one a call. */
export type Uniform = () => number;

export interface SingleShotOptions {
  /**
   * What is left out first: `separate-cameras` all of the query's camera (open-reid), `market1501` (default) what has the query's
   * identity too (torchreid, fast-reid, OpenUnReID).
   */
  readonly protocol?: Protocol;
  /** How often a gallery is drawn for each query, or `exact` (default) for the expectation over all draws. */
  readonly draws?: number | 'exact';
  /** Seed of the draws. Default 0. */
  readonly seed?: number;
  /** Draws from these numbers in place of the seed's. */
  readonly random?: Uniform;
  /** Length of the curve. Default 50. */
  readonly maxRank?: number;
  /** Default −1. */
  readonly junkIdentity?: number | null;
  readonly blockRows?: number;
}

/** CMC with a single gallery picture of each identity. There is no average precision of it. */
export interface SingleShotResult {
  readonly protocol: 'cuhk03-single-gallery-shot';
  readonly removal: Protocol;
  readonly draws: number | 'exact';
  readonly queries: number;
  /** Queries with a match: the curve is their mean. */
  readonly valid: number;
  /** `cmc[k − 1]`: share of queries found among the first k, in expectation over the draws. */
  readonly cmc: readonly number[];
}

/**
 * The single-gallery-shot protocol of CUHK03: for each query one picture of each gallery identity is drawn, and the query's own
 * identity is looked for among them.
 *
 * `exact` computes what the mean over draws tends to: given the drawn match, every other identity comes before it by itself, with the
 * share of its pictures that are nearer; the rank is 1 + the number of those that do.
 *
 * @throws as evaluateRanking
 */
export async function evaluateSingleShot(
  rows: DistanceRows,
  query: ItemLabels,
  gallery: ItemLabels,
  options: SingleShotOptions = {},
): Promise<SingleShotResult> {
  const { protocol = 'market1501', draws = 'exact', seed = 0, maxRank = 50, junkIdentity = -1, blockRows } = options;
  if (draws !== 'exact' && (!Number.isInteger(draws) || draws < 1)) {
    throw new RangeError(`single shot: draws must be a positive integer or 'exact', got ${draws}`);
  }
  if (!Number.isInteger(maxRank) || maxRank < 1) throw new RangeError(`single shot: maxRank is ${maxRank}`);
  const stream = new RandomStream(seed, 'single gallery shot');
  const random = options.random ?? (() => stream.uniform());
  const task = rankingTask(query, gallery, protocol, junkIdentity);
  const sums = new Float64Array(maxRank);
  let valid = 0;
  await visitRows(
    rows,
    task,
    (q, row) => {
      const list = task.listOf(q);
      if (list.matches.length === 0) return;
      valid++;
      const places =
        draws === 'exact'
          ? expectedPlaces(row, list, task.galleryIdentities, maxRank)
          : drawnPlaces(row, list, task.galleryIdentities, task.queryIdentities[q], maxRank, draws, random);
      for (let k = 0; k < maxRank; k++) sums[k] += places[k];
    },
    blockRows,
  );
  if (valid === 0)
    throw new Error(`single shot: none of the ${task.queries} queries has a match: ${task.explainNoMatch()}`);
  let found = 0;
  const cmc = Array.from(sums, (share) => {
    found += share;
    return found / valid;
  });
  return { protocol: 'cuhk03-single-gallery-shot', removal: protocol, draws, queries: task.queries, valid, cmc };
}

/** Probability of each place 1 … maxRank. */
function expectedPlaces(
  row: Float32Array,
  { roles, matches: unordered }: QueryList,
  identities: Int32Array,
  maxRank: number,
): Float64Array {
  const matches = Array.from(unordered).sort((a, b) => row[a] - row[b] || a - b);
  const distances = Float32Array.from(matches, (g) => row[g]);
  const count = matches.length;
  // For each other identity, how many of its pictures stand between match i − 1 and match i; the last entry: behind all.
  const others = new Map<number, Int32Array>();
  const isMatch = new Set(matches);
  for (let g = 0; g < row.length; g++) {
    if (roles[g] === LEFT_OUT || isMatch.has(g)) continue;
    const pictures = valueAt(others, identities[g], () => new Int32Array(count + 1));
    let i = firstNotBelow(distances, row[g]);
    while (i < count && distances[i] === row[g] && matches[i] < g) i++;
    pictures[i]++;
  }
  const places = new Float64Array(maxRank);
  const sizes = Array.from(others.values(), (pictures) => pictures.reduce((sum, n) => sum + n, 0));
  const before = new Int32Array(sizes.length);
  const chance = new Float64Array(maxRank);
  for (let i = 0; i < count; i++) {
    let k = 0;
    chance.fill(0);
    chance[0] = 1;
    for (const pictures of others.values()) {
      before[k] += pictures[i];
      addTrial(chance, before[k] / sizes[k]);
      k++;
    }
    for (let place = 0; place < maxRank; place++) places[place] += chance[place] / count;
  }
  return places;
}

/** `chance[s]` of s successes, after one more trial; what goes beyond the end is lost. */
function addTrial(chance: Float64Array, probability: number): void {
  if (probability === 0) return;
  for (let s = chance.length - 1; s > 0; s--) chance[s] += probability * (chance[s - 1] - chance[s]);
  chance[0] *= 1 - probability;
}

/** The share of draws that found the match at each place. Identities draw in the order of their first picture in the ranked list. */
function drawnPlaces(
  row: Float32Array,
  { roles }: QueryList,
  identities: Int32Array,
  identity: number,
  maxRank: number,
  draws: number,
  random: Uniform,
): Float64Array {
  const ranked: number[] = [];
  for (let g = 0; g < row.length; g++) if (roles[g] !== LEFT_OUT) ranked.push(g);
  ranked.sort((a, b) => row[a] - row[b] || a - b);
  const byIdentity = groupBy(ranked.keys(), (position) => identities[ranked[position]]);
  const places = new Float64Array(maxRank);
  for (let draw = 0; draw < draws; draw++) {
    const drawn: number[] = [];
    let own = 0;
    for (const [other, positions] of byIdentity) {
      const position = positions[Math.floor(random() * positions.length)];
      if (other === identity) own = position;
      drawn.push(position);
    }
    const place = drawn.reduce((sum, position) => sum + (position < own ? 1 : 0), 0);
    if (place < maxRank) places[place] += 1 / draws;
  }
  return places;
}

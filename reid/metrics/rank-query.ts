import {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './average-precision.js';
import { NearestList } from './nearest-list.js';
import { LEFT_OUT, MATCH, NON_MATCH, type QueryList } from './protocols.js';

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
  /** Average precision in the convention that was asked for; `null` for an invalid query. */
  ap: number | null;
  /** Average precision in every convention; `null` for an invalid query. */
  aps: Record<ApConvention, number> | null;
  /** Inverse negative penalty R/p_R; `null` for an invalid query. */
  inp: number | null;
  /** 1-based rank of the first match; `null` for an invalid query. */
  firstMatch: number | null;
  /** 1-based ranks of all matches, ascending. */
  matchRanks: Int32Array;
  /** Length of the ranked list: the gallery less what the protocol leaves out. */
  kept: number;
  /** Distance of the nearest non-match; `null` where the list holds none. */
  nearestNonMatch: number | null;
  /** The first items of the list, nearest first. */
  nearest: RankedItem[];
}

/**
 * Ranks one query's row of distances `[gallery]`, ascending and stable. The rank of a match is 1 + the number of listed items
 * before it, so nothing is sorted but the matches: most of the row is passed over after one comparison.
 *
 * @param row no NaN
 * @param convention which average precision becomes `ap`
 * @param keep how many of the nearest items are kept
 */
export function rankQuery(
  query: number,
  { roles, matches: unordered, kept }: QueryList,
  row: Float32Array,
  convention: ApConvention,
  keep: number,
): QueryRanking {
  const matches = Int32Array.from(unordered).sort((a, b) => row[a] - row[b] || a - b);
  const distances = Float32Array.from(matches, (g) => row[g]);
  const count = matches.length;
  const farthestMatch = count > 0 ? distances[count - 1] : Number.NEGATIVE_INFINITY;

  // Non-matches whose place is before match i but not before match i − 1; and the same by distance alone.
  const between = new Int32Array(count + 1);
  const within = new Int32Array(count + 1);
  const nearest = new NearestList(keep);
  let nearestNonMatch = Number.POSITIVE_INFINITY;
  let bound = Number.POSITIVE_INFINITY;
  for (let g = 0; g < row.length; g++) {
    const distance = row[g];
    if (distance > bound) continue;
    const role = roles[g];
    if (role === LEFT_OUT) continue;
    nearest.offer(g, distance);
    if (role === NON_MATCH) {
      if (distance < nearestNonMatch) nearestNonMatch = distance;
      if (distance <= farthestMatch) {
        let i = firstNotBelow(distances, distance);
        within[i]++;
        while (i < count && distances[i] === distance && matches[i] < g) i++;
        between[i]++;
      }
    }
    bound = Math.max(farthestMatch, nearest.limit, nearestNonMatch);
  }

  const matchRanks = Int32Array.from(matches, (_, i) => {
    between[i + 1] += between[i];
    return i + 1 + between[i];
  });
  const valid = count > 0;
  const aps = valid
    ? {
        rect: averagePrecision(matchRanks, 'rect'),
        trapezoid: averagePrecision(matchRanks, 'trapezoid'),
        tied: tiedAp(distances, within),
      }
    : null;
  return {
    query,
    valid,
    ap: aps?.[convention] ?? null,
    aps,
    inp: valid ? inverseNegativePenalty(matchRanks) : null,
    firstMatch: valid ? matchRanks[0] : null,
    matchRanks,
    kept,
    nearestNonMatch: kept > count ? nearestNonMatch : null,
    nearest: nearest.items().map(([gallery, distance]) => ({ gallery, distance, match: roles[gallery] === MATCH })),
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
export function firstNotBelow(ascending: Float32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

import type { RankingTask } from './protocols.js';
import type { QueryRanking } from './rank-query.js';
import { checkRates } from './verification.js';

/** Detection and identification rate where at most a share `far` of unknown people is accepted. */
export interface DirAtFar {
  readonly far: number;
  /** Share of known people whose first place is right and not beyond the threshold; `null` with too few unknown queries. */
  readonly dir: number | null;
  /** First places up to this distance are accepted; `null` where none may be. */
  readonly threshold: number | null;
  /** How many unknown queries the value needs, where there are fewer; else `null`. */
  readonly needs: number | null;
}

/** Open-set identification: known people are to be found, unknown ones turned away. */
export interface OpenSet {
  /**
   * Who counts as unknown. `labels`: queries whose identity the gallery does not hold. `left-out`: there are none, so each query
   * counts once as known, and once as unknown with all gallery items of its identity left out.
   */
  readonly unknownBy: 'labels' | 'left-out';
  readonly known: number;
  readonly unknown: number;
  /** Queries that are neither: their identity is in the gallery, but the protocol leaves all of it out. */
  readonly neither: number;
  readonly dirAtFar: readonly DirAtFar[];
}

/**
 * Open-set figures from a ranking, of which each query must have kept its nearest item (`nearest` ≥ 1).
 *
 * @throws when no query is known, or the ranking kept no items
 */
export function openSet(
  perQuery: readonly QueryRanking[],
  task: Pick<RankingTask, 'holds' | 'queryIdentities'>,
  rates: readonly number[] = [1e-3, 1e-2, 1e-1],
): OpenSet {
  checkRates('open set', rates);
  const known = perQuery.filter(({ valid }) => valid);
  if (known.length === 0) throw new Error('open set: no query has a match in the gallery');
  if (known.some(({ nearest }) => nearest.length === 0)) {
    throw new Error('open set: the ranking kept no nearest items; rank with nearest 1 or more');
  }
  const strangers = perQuery.filter(
    ({ query, nearest }) => !task.holds(task.queryIdentities[query]) && nearest.length > 0,
  );
  const byLabels = strangers.length > 0;
  const distances = byLabels
    ? strangers.map(({ nearest }) => nearest[0].distance)
    : known.flatMap(({ nearestNonMatch }) => nearestNonMatch ?? []);
  const unknown = Float64Array.from(distances).sort();
  const right = Float64Array.from(
    known.filter(({ nearest }) => nearest[0].match),
    ({ nearest }) => nearest[0].distance,
  ).sort();
  return {
    unknownBy: byLabels ? 'labels' : 'left-out',
    known: known.length,
    unknown: unknown.length,
    neither: perQuery.filter(({ query, valid }) => !valid && task.holds(task.queryIdentities[query])).length,
    dirAtFar: rates.map((far) => dirAt(far, known.length, right, unknown)),
  };
}

/** @param right distances of right first places, ascending; `unknown` likewise */
function dirAt(far: number, known: number, right: Float64Array, unknown: Float64Array): DirAtFar {
  if (far * unknown.length < 1) return { far, dir: null, threshold: null, needs: Math.ceil(1 / far) };
  // The first unknown query that may not be accepted; what is nearer may.
  let allowed = Math.floor(far * unknown.length);
  while ((allowed + 1) / unknown.length <= far) allowed++;
  const limit = unknown[allowed];
  const below = (list: Float64Array) => list.reduce((count, distance) => count + (distance < limit ? 1 : 0), 0);
  const found = below(right);
  const accepted = below(unknown);
  const threshold = Math.max(
    found > 0 ? right[found - 1] : Number.NEGATIVE_INFINITY,
    accepted > 0 ? unknown[accepted - 1] : Number.NEGATIVE_INFINITY,
  );
  return { far, dir: found / known, threshold: Number.isFinite(threshold) ? threshold : null, needs: null };
}

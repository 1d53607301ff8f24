/** Metrics read off the 1-based ranks p₁ < … < p_R of one query's matches; the means over queries are left to the caller. */

/**
 * Precision at k: the share of matches among the first k. With `bounded` the denominator is min(k, R), so that 1 is always
 * reachable (open-metric-learning's convention); without, it is k.
 */
export function precisionAt(matchRanks: ArrayLike<number>, k: number, bounded = false): number {
  const denominator = bounded ? Math.min(k, matchRanks.length) : k;
  return denominator === 0 ? 0 : countWithin(matchRanks, k) / denominator;
}

/**
 * Average precision at k: Σ_{r ≤ k} rel[r]·precision(r) / min(k, R). With k = R it is the AP of mAP@R, which differs from the AP
 * of the whole list (Musgrave et al., "A Metric Learning Reality Check", ECCV 2020).
 */
export function averagePrecisionAt(matchRanks: ArrayLike<number>, k: number): number {
  const found = countWithin(matchRanks, k);
  const denominator = Math.min(k, matchRanks.length);
  let sum = 0;
  for (let i = 0; i < found; i++) sum += (i + 1) / matchRanks[i];
  return denominator === 0 ? 0 : sum / denominator;
}

/** Average precision of the first R places alone: see {@link averagePrecisionAt}. */
export const averagePrecisionAtR = (matchRanks: ArrayLike<number>): number =>
  averagePrecisionAt(matchRanks, matchRanks.length);

/** Precision at R: how many of the first R are matches. */
export const rPrecision = (matchRanks: ArrayLike<number>): number => precisionAt(matchRanks, matchRanks.length);

/** 1/p₁; 0 without a match. Its mean over queries is the MRR. */
export const reciprocalRank = (matchRanks: ArrayLike<number>): number =>
  matchRanks.length === 0 ? 0 : 1 / matchRanks[0];

/**
 * One query's part of open-reid's `allshots` CMC: each match at 0-based position k, being the j-th match, adds 1/R at k − j, its
 * rank among the non-matches. Adds to `curve`, which is not cumulated yet.
 */
export function addAllShots(matchRanks: ArrayLike<number>, curve: Float64Array): void {
  for (let j = 0; j < matchRanks.length; j++) {
    const place = matchRanks[j] - 1 - j;
    if (place < curve.length) curve[place] += 1 / matchRanks.length;
  }
}

/** `curve[k − 1]`: the `allshots` CMC of many queries over `divisor`. */
export function allShotsCurve(matchRanks: Iterable<ArrayLike<number>>, maxRank: number, divisor: number): number[] {
  const curve = new Float64Array(maxRank);
  for (const ranks of matchRanks) addAllShots(ranks, curve);
  let sum = 0;
  return Array.from(curve, (share) => {
    sum += share;
    return sum / divisor;
  });
}

function countWithin(ascending: ArrayLike<number>, k: number): number {
  let count = 0;
  while (count < ascending.length && ascending[count] <= k) count++;
  return count;
}

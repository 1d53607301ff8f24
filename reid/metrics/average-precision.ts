/**
 * How average precision is read off a ranked list. Published tables mix the first two; they differ by up to a few points.
 *
 * - `rect`: (1/R) Σ i/pᵢ
 * - `trapezoid`: (1/R) Σ ½(i/pᵢ + (i−1)/(pᵢ−1)), the second term 1 when pᵢ = 1; never above `rect`
 * - `tied`: precision and recall at distinct distances only, so that the order of equal distances does not matter
 */
export type ApConvention = 'rect' | 'trapezoid' | 'tied';

/**
 * Average precision of one ranked list from the 1-based ranks p₁ < … < p_R of its matches.
 *
 * @example
 * averagePrecision([2, 4, 5], 'rect'); // 0.533333
 *
 * @returns the AP in [0, 1]; 0 without a match
 */
export function averagePrecision(matchRanks: ArrayLike<number>, convention: 'rect' | 'trapezoid'): number {
  const count = matchRanks.length;
  let sum = 0;
  for (let i = 1; i <= count; i++) {
    const rank = matchRanks[i - 1];
    const precision = i / rank;
    const before = rank === 1 ? 1 : (i - 1) / (rank - 1);
    sum += convention === 'rect' ? precision : (precision + before) / 2;
  }
  return count === 0 ? 0 : sum / count;
}

/**
 * Average precision where equal distances form one step: (1/R) Σ over matches of precision at the match's distance.
 *
 * @param matchesWithin for every match, how many matches have a distance not above its own
 * @param keptWithin for every match, how many items of the list have a distance not above its own
 * @returns the AP in [0, 1]; 0 without a match
 */
export function tiedAveragePrecision(matchesWithin: ArrayLike<number>, keptWithin: ArrayLike<number>): number {
  const count = matchesWithin.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += matchesWithin[i] / keptWithin[i];
  return count === 0 ? 0 : sum / count;
}

/**
 * Inverse negative penalty R/p_R: 1 when the last match comes before every non-match
 * (Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook", TPAMI 2021).
 *
 * @returns the INP in [0, 1]; 0 without a match
 */
export function inverseNegativePenalty(matchRanks: ArrayLike<number>): number {
  const count = matchRanks.length;
  return count === 0 ? 0 : count / matchRanks[count - 1];
}

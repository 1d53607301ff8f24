/** A figure of several splits or draws: their mean, their standard deviation (of the population: over n) and all of them. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly values: readonly number[];
}

/**
 * Mean and standard deviation over splits or draws.
 *
 * @throws when there are none
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('a mean over no splits');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance), values };
}

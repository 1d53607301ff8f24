import { RandomStream } from '../../random/philox.js';
import type { FeatureRows } from '../metrics/distances.js';
import { pairwise } from '../metrics/reranking/feature-points.js';

/**
 * The points that k-means++ begins with (Arthur and Vassilvitskii, SODA 2007): each is drawn with a probability that grows as its
 * squared distance to the nearest of those before it. In float64 on the CPU. A point is compared with a new one only where that can
 * be nearer than its own one: where the two of them are less than twice as far apart.
 */
export function firstCentres(features: FeatureRows, unit: boolean, clusters: number, seed: number): number[] {
  const random = new RandomStream(seed, 'k-means++');
  const points = features.data.length / features.dimension;
  const between = pairwise(features, unit);
  const all = Int32Array.from({ length: points }, (_, i) => i);
  const chosen = [random.integer(points)];
  const owners = new Int32Array(points);
  const distances = between(chosen[0], all);
  distances[chosen[0]] = 0;
  while (chosen.length < clusters) {
    const next = drawn(distances, chosen, random.uniform());
    const apart = between(next, chosen);
    // The rest is for rounding.
    const compared = all.filter((i) => apart[owners[i]] <= 4 * distances[i] * (1 + 1e-9) + 1e-12);
    between(next, compared).forEach((distance, k) => {
      if (distance >= distances[compared[k]]) return;
      distances[compared[k]] = distance;
      owners[compared[k]] = chosen.length;
    });
    distances[next] = 0;
    owners[next] = chosen.length;
    chosen.push(next);
  }
  return chosen;
}

/** The point at which the running sum of the weights passes `share` of their total; the first unchosen where all are 0. */
function drawn(weights: Float64Array, chosen: readonly number[], share: number): number {
  const target = share * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let last = -1;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    sum += weights[i];
    last = i;
    if (sum > target) return i;
  }
  if (last >= 0) return last;
  const taken = new Set(chosen);
  return weights.findIndex((_, i) => !taken.has(i));
}

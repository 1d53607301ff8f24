import { checkFeatures, type FeatureRows } from './distances.js';
import { featurePoints } from './reranking/feature-points.js';
import { nearestNeighbours } from './reranking/neighbours.js';
import type { PointDistances } from './reranking/point-distances.js';

export interface QueryExpansionOptions {
  /** Neighbours that are averaged, the point included. Default 5. */
  readonly k?: number;
  /** Weights are similarities to this power; 0 is plain averaging (AQE). Default 3. */
  readonly alpha?: number;
  /** Passes. Default 1. */
  readonly times?: number;
  /** Where neighbours are looked for; default: plain loops. gpuPoints with `unit` serves large sets; it is released after use. */
  readonly points?: (features: FeatureRows) => Promise<PointDistances & { release?(): void }>;
}

/**
 * α query expansion (Radenović et al., TPAMI 2019), as fast-reid does it: every point, of queries and gallery alike, becomes the
 * mean over its k nearest by cosine of their features, as they are, weighted by the similarity to the power α. Negative
 * similarities weigh nothing where α > 0.
 *
 * @returns the new features of both sides, not divided by their lengths
 */
export async function expandQueries(
  query: FeatureRows,
  gallery: FeatureRows,
  {
    k = 5,
    alpha = 3,
    times = 1,
    points = async (features) => featurePoints(features, { unit: true }),
  }: QueryExpansionOptions = {},
): Promise<{ query: Float32Array; gallery: Float32Array }> {
  checkFeatures(query, gallery);
  for (const [name, value, least] of [
    ['k', k, 1],
    ['times', times, 1],
  ] as const) {
    if (!Number.isInteger(value) || value < least) throw new RangeError(`query expansion: ${name} is ${value}`);
  }
  if (!(alpha >= 0)) throw new RangeError(`query expansion: alpha must not be negative, got ${alpha}`);
  const { dimension } = query;
  let data = new Float32Array(query.data.length + gallery.data.length);
  data.set(query.data);
  data.set(gallery.data, query.data.length);
  for (let pass = 0; pass < times; pass++) {
    const search = await points({ data, dimension });
    try {
      data = await expandOnce({ data, dimension }, search, k, alpha);
    } finally {
      search.release?.();
    }
  }
  return { query: data.slice(0, query.data.length), gallery: data.slice(query.data.length) };
}

async function expandOnce(
  { data, dimension }: FeatureRows,
  search: PointDistances,
  k: number,
  alpha: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { points, size, indices, distances } = await nearestNeighbours(search, k);
  const out = new Float32Array(data.length);
  const sums = new Float64Array(dimension);
  for (let i = 0; i < points; i++) {
    sums.fill(0);
    for (let at = i * size; at < (i + 1) * size; at++) {
      // On unit vectors the squared distance is 2 − 2 cos.
      const weight = Math.max(0, 1 - distances[at] / 2) ** alpha;
      const start = indices[at] * dimension;
      for (let d = 0; d < dimension; d++) sums[d] += weight * data[start + d];
    }
    for (let d = 0; d < dimension; d++) out[i * dimension + d] = sums[d] / size;
  }
  return out;
}

import { type FeatureRows, rowCount } from './distances.js';
import { groupBy } from './groups.js';
import type { ItemLabels } from './protocols.js';
import { type Pooling, poolFeatures } from './tracklets.js';

/**
 * Query features of Market-1501's multi-query protocol: for each query the pooled features of all pictures with its identity and
 * camera (of `gt_bbox`).
 *
 * @returns `[queries, dimension]`, as long as pooling leaves them
 * @throws when a query has no such picture
 */
export function multiQueryFeatures(
  query: ItemLabels,
  features: FeatureRows,
  labels: ItemLabels,
  pooling: Pooling = 'mean',
): Float32Array {
  const [queryCameras, cameras] = [query.cameras, labels.cameras];
  if (!queryCameras || !cameras) throw new Error('multi-query: both sides need cameras');
  const { data, dimension } = features;
  const rows = rowCount('picture', features);
  if (labels.identities.length !== rows) {
    throw new Error(`multi-query: ${labels.identities.length} labels for ${rows} features`);
  }
  const pictures = groupBy(Array.from({ length: rows }).keys(), (i) => `${labels.identities[i]} ${cameras[i]}`);
  const out = new Float32Array(query.identities.length * dimension);
  for (let q = 0; q < query.identities.length; q++) {
    const own = pictures.get(`${query.identities[q]} ${queryCameras[q]}`);
    if (!own) {
      const name = query.files ? `${q} (${query.files[q]})` : `${q}`;
      throw new Error(
        `multi-query: no picture shows identity ${query.identities[q]} in camera ${queryCameras[q]} for query ${name}`,
      );
    }
    const taken = new Float32Array(own.length * dimension);
    own.forEach((i, k) => {
      taken.set(data.subarray(i * dimension, (i + 1) * dimension), k * dimension);
    });
    out.set(poolFeatures({ data: taken, dimension }, new Int32Array(own.length), 1, pooling, false), q * dimension);
  }
  return out;
}

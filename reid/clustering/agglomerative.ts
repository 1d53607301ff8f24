import type { PointDistances } from '../metrics/reranking/point-distances.js';
import type { ClusterDistance } from './cluster-distance.js';
import { type LinkageTree, treeOf } from './linkage-tree.js';
import { neighbourChain, UPDATES } from './neighbour-chain.js';
import { pairTable } from './pair-table.js';
import { spanningTree } from './spanning-tree.js';

/**
 * How far two clusters are apart: the mean distance of their pairs, the largest, the smallest, or by how much joining them raises
 * the sum of squared distances from their centres (as √ of twice that).
 */
export type Linkage = 'average' | 'complete' | 'single' | 'ward';

export interface AgglomerativeOptions {
  readonly linkage: Linkage;
  /** What the distance of two points is. Default `euclidean`, which is the only one that `ward` has. */
  readonly distance?: ClusterDistance;
}

/**
 * The tree of agglomerative clustering, as scikit-learn's AgglomerativeClustering makes it; {@link cutTree} gives its clusters.
 *
 * Holds the distances of all pairs once: up to 1,024 points computed one by one in float64, up to 8,192 points in float64, beyond
 * that in float32 (1.8 GB of 30,000 points).
 *
 * @example
 * const points = await gpuPoints(gpu, { data, dimension }, { unit: true });
 * const { labels } = cutTree(await agglomerative(points, { linkage: 'average', distance: 'cosine' }), { threshold: 0.4 });
 *
 * @throws when there are no points, `ward` is given another distance, or a distance is NaN
 */
export async function agglomerative(
  points: PointDistances,
  { linkage, distance = 'euclidean' }: AgglomerativeOptions,
): Promise<LinkageTree> {
  if (points.points < 1) throw new Error('agglomerative: there are no points');
  if (linkage === 'ward' && distance !== 'euclidean') {
    throw new RangeError(`agglomerative: ward is defined by Euclidean distances, not by ${distance}`);
  }
  const table = await pairTable(points, linkage === 'ward' ? 'sqeuclidean' : distance);
  if (linkage === 'single') return treeOf(points.points, spanningTree(table), false);
  const links = neighbourChain(table, UPDATES[linkage]);
  const rooted = (of: number) => Math.sqrt(Math.max(0, of));
  return treeOf(
    points.points,
    linkage === 'ward' ? links.map((link) => ({ ...link, distance: rooted(link.distance) })) : links,
    true,
  );
}

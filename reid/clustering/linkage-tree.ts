import { UnionFind } from './union-find.js';

/** How clusters were joined, two by two, as scikit-learn writes it. */
export interface LinkageTree {
  readonly points: number;
  /** `[points − 1, 2]`: the clusters that a step joins. Below `points` it is a point, else the result of step number − points. */
  readonly children: Int32Array;
  /** How far apart the two of each step were, ascending. */
  readonly distances: Float64Array;
}

/** Two points whose clusters are joined, and how far apart these are. */
export interface Link {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

/**
 * A tree of links in any order: sorted by distance (what is level stays as it is), and named by the clusters of their points.
 *
 * @param ordered the smaller name of a step's two comes first
 */
export function treeOf(points: number, links: readonly Link[], ordered: boolean): LinkageTree {
  const sorted = [...links].sort((a, b) => a.distance - b.distance);
  const sets = new UnionFind(points);
  const names = Int32Array.from({ length: points }, (_, i) => i);
  const children = new Int32Array(2 * sorted.length);
  sorted.forEach(({ a, b }, step) => {
    const [first, second] = [names[sets.find(a)], names[sets.find(b)]];
    children[2 * step] = ordered ? Math.min(first, second) : first;
    children[2 * step + 1] = ordered ? Math.max(first, second) : second;
    sets.union(a, b);
    names[sets.find(a)] = points + step;
  });
  return { points, children, distances: Float64Array.from(sorted, ({ distance }) => distance) };
}

/** Where a tree is cut: so many clusters are left, or those whose distance is below a threshold are joined. */
export type TreeCut = { readonly clusters: number } | { readonly threshold: number };

/**
 * The cluster of each point when a tree is cut, numbered by their first points.
 *
 * @throws when there can not be so many clusters
 */
export function cutTree(tree: LinkageTree, cut: TreeCut): { labels: Int32Array; clusters: number } {
  const { points, children, distances } = tree;
  const clusters =
    'clusters' in cut ? cut.clusters : points - distances.filter((distance) => distance < cut.threshold).length;
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > points) {
    throw new RangeError(`cutTree: ${clusters} clusters of ${points} points`);
  }
  const steps = points - clusters;
  const sets = new UnionFind(points + steps);
  for (let step = 0; step < steps; step++) {
    sets.union(children[2 * step], points + step);
    sets.union(children[2 * step + 1], points + step);
  }
  const labels = new Int32Array(points);
  let next = 0;
  for (let point = 0; point < points; point++) {
    const first = sets.find(point);
    labels[point] = first === point ? next++ : labels[first];
  }
  return { labels, clusters };
}

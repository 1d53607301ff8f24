import type { Link } from './linkage-tree.js';
import type { PairTable } from './pair-table.js';

/** The links of single linkage: the smallest spanning tree, grown from the first point (Prim 1957). */
export function spanningTree({ values, starts }: PairTable): Link[] {
  const n = starts.length;
  const links: Link[] = [];
  const distances = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const sources = new Int32Array(n);
  let outside = Int32Array.from({ length: n }, (_, i) => i);
  let newest = 0;
  while (links.length < n - 1) {
    outside = outside.filter((point) => point !== newest);
    let nearest = -1;
    for (const point of outside) {
      const distance = values[point < newest ? starts[newest] + point : starts[point] + newest];
      if (distance < distances[point]) {
        distances[point] = distance;
        sources[point] = newest;
      }
      if (nearest < 0 || distances[point] < distances[nearest]) nearest = point;
    }
    links.push({ a: sources[nearest], b: nearest, distance: distances[nearest] });
    newest = nearest;
  }
  return links;
}

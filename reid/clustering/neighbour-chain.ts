import type { Link } from './linkage-tree.js';
import type { PairTable } from './pair-table.js';

/** The distance of cluster C to the union of A and B, from those of its pairs and the three sizes. */
export type LinkageUpdate = (
  toA: number,
  toB: number,
  between: number,
  sizeA: number,
  sizeB: number,
  sizeC: number,
) => number;

/** Lance and Williams' formulas (1967). Ward's is of squared distances. */
export const UPDATES: Readonly<Record<'average' | 'complete' | 'ward', LinkageUpdate>> = {
  average: (toA, toB, _, sizeA, sizeB) => (sizeA * toA + sizeB * toB) / (sizeA + sizeB),
  complete: (toA, toB) => Math.max(toA, toB),
  ward: (toA, toB, between, sizeA, sizeB, sizeC) =>
    ((sizeC + sizeA) * toA + (sizeC + sizeB) * toB - sizeC * between) / (sizeA + sizeB + sizeC),
};

/**
 * All links of a hierarchy whose distances only grow, by chains of nearest neighbours (Murtagh 1983): from a cluster to its nearest,
 * to that one's nearest, until two are each other's nearest, which are joined. O(N²) time; the table is used up.
 */
export function neighbourChain(table: PairTable, update: LinkageUpdate): Link[] {
  const { values, starts } = table;
  const n = starts.length;
  const sizes = new Int32Array(n).fill(1);
  const links: Link[] = [];
  const chain: number[] = [];
  // The clusters that are left, ascending; a cluster has the name of its last point.
  let left = Int32Array.from({ length: n }, (_, i) => i);
  while (links.length < n - 1) {
    if (chain.length === 0) chain.push(left[0]);
    const before = chain.at(-2);
    const x = chain.at(-1)!;
    const { nearest, distance } = nearestOf(table, left, x, before);
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [a, b] = [Math.min(x, nearest), Math.max(x, nearest)];
    left = without(left, a);
    for (let k = 0; k < left.length; k++) {
      const c = left[k];
      if (c === b) continue;
      const toA = c < a ? starts[a] + c : starts[c] + a;
      const toB = c < b ? starts[b] + c : starts[c] + b;
      values[toB] = update(values[toA], values[toB], distance, sizes[a], sizes[b], sizes[c]);
    }
    sizes[b] += sizes[a];
    links.push({ a, b, distance });
  }
  return links;
}

/** An ascending list without one of its members, in its own memory. */
function without(list: Int32Array<ArrayBuffer>, member: number): Int32Array<ArrayBuffer> {
  const at = list.indexOf(member);
  list.copyWithin(at, at + 1);
  return list.subarray(0, list.length - 1);
}

/** The nearest of the clusters left: the one before in the chain if none is nearer, else the first of those level. */
function nearestOf(
  { values, starts }: PairTable,
  left: Int32Array,
  x: number,
  before: number | undefined,
): { nearest: number; distance: number } {
  const row = starts[x];
  let nearest = before ?? -1;
  let distance = Number.POSITIVE_INFINITY;
  if (before !== undefined) distance = values[before < x ? row + before : starts[before] + x];
  let at = 0;
  for (; left[at] < x; at++) {
    const value = values[row + left[at]];
    if (value < distance) {
      nearest = left[at];
      distance = value;
    }
  }
  for (at++; at < left.length; at++) {
    const value = values[starts[left[at]] + x];
    if (value < distance) {
      nearest = left[at];
      distance = value;
    }
  }
  return { nearest, distance };
}

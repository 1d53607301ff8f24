/** Clusters as people look at them. */
export interface Partition {
  /** Cluster of each point, the largest cluster 0 (of those level the one whose first point comes first); −1: an outlier. */
  readonly labels: Int32Array;
  /** Points of each cluster. */
  readonly sizes: Int32Array;
  readonly outliers: number;
}

/** Numbers clusters by their size, the largest first. Labels below 0 are outliers. */
export function largestFirst(labels: ArrayLike<number>): Partition {
  const counts = new Map<number, number>();
  let outliers = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] < 0) outliers++;
    else counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  }
  // Stable: a map keeps the order in which its keys came.
  const ordered = [...counts].sort(([, a], [, b]) => b - a);
  const numbers = new Map(ordered.map(([label], number) => [label, number]));
  return {
    labels: Int32Array.from(labels, (label) => (label < 0 ? -1 : numbers.get(label)!)),
    sizes: Int32Array.from(ordered, ([, size]) => size),
    outliers,
  };
}

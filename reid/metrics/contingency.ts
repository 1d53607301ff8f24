/** How two ways of grouping the same points overlap. */
export interface Contingency {
  readonly points: number;
  /** Points of each group of the first, and of the second; groups in the order of their first points. */
  readonly classSizes: Int32Array;
  readonly clusterSizes: Int32Array;
  /** Points that a group of the first (`row`) and one of the second (`column`) share, where there are any. */
  readonly cells: readonly { readonly row: number; readonly column: number; readonly count: number }[];
}

/** Groups by number, in the order of their first points. */
function numbered(labels: ArrayLike<number>): { numbers: Int32Array; sizes: Int32Array } {
  const known = new Map<number, number>();
  const numbers = Int32Array.from(labels, (label) => {
    const number = known.get(label) ?? known.size;
    known.set(label, number);
    return number;
  });
  const sizes = new Int32Array(known.size);
  for (const number of numbers) sizes[number]++;
  return { numbers, sizes };
}

/**
 * The overlaps of true groups and clusters.
 *
 * @throws when the two are not of the same length, or empty
 */
export function contingency(truth: ArrayLike<number>, predicted: ArrayLike<number>): Contingency {
  if (truth.length !== predicted.length || truth.length === 0) {
    throw new Error(
      `clusters: ${truth.length} true labels and ${predicted.length} clusters' labels cannot be compared`,
    );
  }
  const { numbers: rows, sizes: classSizes } = numbered(truth);
  const { numbers: columns, sizes: clusterSizes } = numbered(predicted);
  const counts = new Map<number, number>();
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i] * clusterSizes.length + columns[i];
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const cells = Array.from(counts, ([cell, count]) => ({
    row: Math.floor(cell / clusterSizes.length),
    column: cell % clusterSizes.length,
    count,
  }));
  return { points: truth.length, classSizes, clusterSizes, cells };
}

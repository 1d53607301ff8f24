/** Re-ranking as it is written down, with dense matrices and plain loops: what the sparse form is compared with. */
export interface DenseOptions {
  readonly k1: number;
  readonly k2: number;
  readonly form?: 'authors' | 'faiss';
  readonly exclusive?: boolean;
  readonly squaredTwice?: boolean;
}

/**
 * The vectors V, the distances E and the Jaccard distances J of all points, `[n][n]` each.
 *
 * @param squared squared distances `[n][n]`
 */
export function denseReranking(
  squared: readonly (readonly number[])[],
  { k1, k2, form = 'authors', exclusive = false, squaredTwice = false }: DenseOptions,
): { v: number[][]; e: number[][]; j: number[][] } {
  const n = squared.length;
  const points = Array.from({ length: n }, (_, i) => i);
  const e = squared.map((row) => {
    const distances = squaredTwice ? row.map((d) => d * d) : [...row];
    const most = Math.max(...distances);
    return form === 'faiss' ? distances : distances.map((d) => d / most);
  });
  const rho = e.map((row, i) => {
    const others = points.filter((j) => j !== i).sort((a, b) => row[a] - row[b] || a - b);
    return [i, ...others];
  });
  const near = (i: number, count: number) => rho[i].slice(0, count);
  const mutual = (i: number, count: number) => near(i, count).filter((j) => near(j, count).includes(i));
  const even = (x: number) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  const full = exclusive || form === 'faiss' ? k1 : k1 + 1;
  const half = even(k1 / 2) + (exclusive ? 0 : 1);
  const sets = points.map((i) => {
    const own = mutual(i, full);
    const star = new Set(own);
    for (const c of own) {
      const set = mutual(c, half);
      if (set.filter((j) => own.includes(j)).length > (2 / 3) * set.length) for (const j of set) star.add(j);
    }
    return star;
  });
  const weights = points.map((i) => {
    const total = [...sets[i]].reduce((sum, j) => sum + Math.exp(-e[i][j]), 0);
    return points.map((j) => (sets[i].has(j) ? Math.exp(-e[i][j]) / total : 0));
  });
  const v = weights.map((row, i) =>
    k2 === 1 ? row : row.map((_, j) => near(i, k2).reduce((sum, k) => sum + weights[k][j], 0) / near(i, k2).length),
  );
  const j = points.map((a) =>
    points.map((b) => {
      const s = points.reduce((sum, k) => sum + Math.min(v[a][k], v[b][k]), 0);
      return Math.max(0, 1 - s / (2 - s));
    }),
  );
  return { v, e, j };
}

import { DistanceCounts } from './distance-counts.js';

/** How many pairs lie in each of some equally wide bins from `from` to `to`. */
export interface PairHistogram {
  readonly from: number;
  readonly to: number;
  readonly genuine: readonly number[];
  readonly impostor: readonly number[];
}

/** The histogram of genuine and impostor distances over their common range; what is infinite is left out. */
export function pairHistogram(genuine: DistanceCounts, impostor: DistanceCounts, bins: number): PairHistogram {
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`histogram: bins must be a positive integer, got ${bins}`);
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  DistanceCounts.ascending(genuine, impostor, (distance) => {
    if (!Number.isFinite(distance)) return;
    from = Math.min(from, distance);
    to = Math.max(to, distance);
  });
  const out = { from, to, genuine: new Array<number>(bins).fill(0), impostor: new Array<number>(bins).fill(0) };
  const scale = to > from ? bins / (to - from) : 0;
  DistanceCounts.ascending(genuine, impostor, (distance, g, i) => {
    if (!Number.isFinite(distance)) return;
    const bin = Math.min(bins - 1, Math.floor((distance - from) * scale));
    out.genuine[bin] += g;
    out.impostor[bin] += i;
  });
  return out;
}

/**
 * Where genuine and impostor pairs are equally dense: between the fullest bin of either, the first place where the share of
 * impostor pairs reaches that of genuine ones, linear between the centres of bins. `null` where the genuine pairs' fullest bin does
 * not come before the other's.
 */
export function equalDensity({ from, to, genuine, impostor }: PairHistogram): number | null {
  const share = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / total);
  };
  const [g, i] = [share(genuine), share(impostor)];
  const [first, last] = [g.indexOf(Math.max(...g)), i.indexOf(Math.max(...i))];
  const width = (to - from) / g.length;
  for (let bin = first + 1; bin <= last; bin++) {
    if (i[bin] < g[bin]) continue;
    const before = g[bin - 1] - i[bin - 1];
    const after = g[bin] - i[bin];
    const part = before - after > 0 ? Math.max(0, before) / (before - after) : 0;
    return from + (bin - 0.5 + part) * width;
  }
  return null;
}

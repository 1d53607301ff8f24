import type { PointDistances } from '../metrics/reranking/point-distances.js';
import { type ClusterDistance, distanceOf } from './cluster-distance.js';

/** Distances of all pairs: that of i and j < i is `values[starts[i] + j]`. */
export interface PairTable {
  readonly values: Float32Array | Float64Array;
  /** `[points]` */
  readonly starts: Uint32Array;
}

/** A table of no distances yet. */
export function emptyTable(points: number): PairTable {
  const Values = points <= DOUBLE_POINTS ? Float64Array : Float32Array;
  return {
    values: new Values((points * (points - 1)) / 2),
    starts: Uint32Array.from({ length: points }, (_, i) => (i * (i - 1)) / 2),
  };
}

/** Up to so many points, distances are computed by `between`, in float64, and not by tiles. */
const EXACT_POINTS = 1024;

/** Up to so many points (256 MiB) a table is in float64. */
const DOUBLE_POINTS = 8192;

/**
 * The table of all distances: N (N − 1) / 2 numbers, 1.8 GB of 30,000 points.
 *
 * @throws when a distance is NaN
 */
export async function pairTable(points: PointDistances, kind: ClusterDistance): Promise<PairTable> {
  const n = points.points;
  const table = emptyTable(n);
  const { values: into, starts } = table;
  if (n <= EXACT_POINTS) {
    const all = Array.from({ length: n }, (_, i) => i);
    for (let i = 1; i < n; i++) {
      const squared = points.between(i, all.slice(0, i));
      for (let j = 0; j < i; j++) into[starts[i] + j] = checked(distanceOf(kind, squared[j]), i, j);
    }
    return table;
  }
  for await (const { row, rows, column, columns, values } of points.tiles()) {
    for (let j = Math.max(column, row + 1); j < column + columns; j++) {
      for (let i = row; i < Math.min(row + rows, j); i++) {
        into[starts[j] + i] = checked(distanceOf(kind, values[(i - row) * columns + j - column]), i, j);
      }
    }
  }
  return table;
}

function checked(distance: number, i: number, j: number): number {
  if (!Number.isNaN(distance)) return distance;
  throw new Error(`the distance of points ${i} and ${j} is NaN; look for NaN in the features of both`);
}

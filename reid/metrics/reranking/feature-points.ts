import { checkFinite, type FeatureRows, rowCount } from '../distances.js';
import { checkQueries, type PointDistances, TILE_ROWS } from './point-distances.js';

export interface FeaturePointOptions {
  /** How many of the points are queries: the first ones. Default 0. */
  readonly queries?: number;
  /** Features are divided by their length first. Default false. */
  readonly unit?: boolean;
  /** What a point is called in errors; default: its number. */
  readonly nameOf?: (point: number) => string;
}

/**
 * Points whose distances are computed from features `[points, dimension]` by plain loops, in float64.
 *
 * @throws when a feature is not finite
 */
export function featurePoints(
  features: FeatureRows,
  { queries = 0, unit = false, nameOf }: FeaturePointOptions = {},
): PointDistances {
  const points = rowCount('point', features);
  checkQueries('featurePoints', queries, points);
  checkFinite('point', features, nameOf);
  const between = pairwise(features, unit);
  const block = (row: number, rows: number, column: number): Float32Array => {
    const others = Int32Array.from({ length: points - column }, (_, i) => column + i);
    const values = new Float32Array(rows * others.length);
    for (let i = 0; i < rows; i++) values.set(between(row + i, others), i * others.length);
    return values;
  };
  return {
    points,
    queries,
    *tiles() {
      for (let row = 0; row < points; row += TILE_ROWS) {
        const rows = Math.min(TILE_ROWS, points - row);
        yield { row, rows, column: row, columns: points - row, values: block(row, rows, row) };
      }
    },
    between,
    queryRows: (first, count) => block(first, count, queries),
  };
}

/** The function that gives squared distances of one point to others, from features, in float64. */
export function pairwise(
  { data, dimension }: FeatureRows,
  unit: boolean,
): (point: number, others: ArrayLike<number>) => Float64Array {
  const lengths = unit
    ? Float64Array.from({ length: data.length / dimension }, (_, i) =>
        Math.max(Math.sqrt(dot(data, i * dimension, i * dimension, dimension)), 1e-12),
      )
    : undefined;
  return (point, others) => {
    const out = new Float64Array(others.length);
    const x = point * dimension;
    for (let i = 0; i < out.length; i++) {
      const y = others[i] * dimension;
      if (lengths) {
        const cosine = dot(data, x, y, dimension) / (lengths[point] * lengths[others[i]]);
        out[i] = others[i] === point ? 0 : Math.max(0, 2 - 2 * cosine);
      } else {
        out[i] = squaredDifference(data, x, y, dimension);
      }
    }
    return out;
  };
}

/** Four sums at a time: one would wait for itself. */
function dot(data: Float32Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += data[a + k] * data[b + k];
    s1 += data[a + k + 1] * data[b + k + 1];
    s2 += data[a + k + 2] * data[b + k + 2];
    s3 += data[a + k + 3] * data[b + k + 3];
  }
  for (; k < length; k++) s0 += data[a + k] * data[b + k];
  return s0 + s1 + (s2 + s3);
}

function squaredDifference(data: Float32Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const difference = data[a + k] - data[b + k];
    sum += difference * difference;
  }
  return sum;
}

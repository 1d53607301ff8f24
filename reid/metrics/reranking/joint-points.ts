import { jointScore, type Sightings, type TimeHistograms, walkShare } from '../spatial-temporal.js';
import type { PointDistances } from './point-distances.js';

/** The steepest that 2 − 2 · score is in a squared distance 2 − 2 · cosine: α / 4, where the share of walks is 1. */
const STEEPEST = 5 / 4;

/**
 * Points of unit features at the distances 2 − 2 · joint score of spatial-temporal re-identification in place of squared ones, for
 * re-ranking: tile by tile, so that no whole matrix is held. A pair seen at the same frame counts as walked by the first of the two.
 *
 * @param points squared distances of unit features
 * @param sightings camera and frame of each point
 */
export function jointPoints(
  points: PointDistances,
  histograms: TimeHistograms,
  { cameras, frames }: Sightings,
): PointDistances {
  const joint = (i: number, j: number, squared: number): number => {
    const [a, b] = i < j ? [i, j] : [j, i];
    const share = walkShare(histograms, cameras[a], frames[a], cameras[b], frames[b]);
    return 2 - 2 * jointScore(1 - squared / 2, share);
  };
  const rows = (values: Float32Array, row: number, column: number, columns: number): Float32Array => {
    const out = new Float32Array(values.length);
    for (let at = 0; at < values.length; at++) {
      out[at] = joint(row + Math.floor(at / columns), column + (at % columns), values[at]);
    }
    return out;
  };
  const { queries } = points;
  return {
    points: points.points,
    queries,
    spare: points.spare,
    rounding: points.rounding === undefined ? undefined : points.rounding * STEEPEST,
    async *tiles() {
      for await (const tile of points.tiles()) {
        yield { ...tile, values: rows(tile.values, tile.row, tile.column, tile.columns) };
      }
    },
    between: (point, others) => {
      const squared = points.between(point, others);
      return Float64Array.from({ length: others.length }, (_, k) => joint(point, others[k], squared[k]));
    },
    queryRows: async (first, count) =>
      rows(await points.queryRows(first, count), first, queries, points.points - queries),
  };
}

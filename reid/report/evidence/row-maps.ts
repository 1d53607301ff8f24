import { type PointRows, pca } from '../embedding/pca.js';
import { tsne } from '../embedding/tsne.js';
import type { Scatter, ScatterPoint } from '../plot/scatter.js';
import { percentText } from '../plot/ticks.js';
import { evenly } from './ranked-lists.js';

export interface RowMapOptions {
  /** What the rows are: `Centres`, `Rows of the classifier`. */
  readonly title: string;
  /** The name of each row, shown while the pointer rests on its point. */
  readonly names: readonly string[];
  /** Rows shown at most, at even steps: the time of t-SNE grows with them. Default 1000. */
  readonly rows?: number;
  /** Of t-SNE's first positions, where these are random. */
  readonly seed?: number;
}

/** Rows as maps of the plane, and how much of their variance each component explains. */
export interface RowMaps {
  readonly scatters: readonly Scatter[];
  /** Of the first three components, as shares. */
  readonly shares: readonly number[];
}

const COMPONENTS = 3;
/** As the original's pictures have it. */
const COLOURS = 10;
/** Dimensions that t-SNE sees. */
const DIMENSIONS = 50;
const PERPLEXITY = 20;

/**
 * Maps of a row for each identity (its centre, its row of the classifier): along the first three principal components, as the
 * first with the second and with the third, and by t-SNE. Ten colours, by the number of the row. Undefined for fewer than 8 rows.
 */
export async function rowMaps(
  all: PointRows,
  { title, names, rows: most = 1000, seed = 1 }: RowMapOptions,
): Promise<RowMaps | undefined> {
  const { dimension } = all;
  if (all.count < 8 || dimension < COMPONENTS) return undefined;
  const shown = evenly(
    Array.from({ length: all.count }, (_, i) => i),
    most,
  );
  const count = shown.length;
  const data = new Float64Array(count * dimension);
  for (const [i, row] of shown.entries()) {
    for (let j = 0; j < dimension; j++) data[i * dimension + j] = all.data[row * dimension + j]!;
  }
  const kept = Math.min(DIMENSIONS, dimension);
  const { points, shares } = pca({ data, count, dimension }, kept);
  const perplexity = Math.min(PERPLEXITY, Math.floor((count - 1) / 3));
  const map = await tsne({ data: points, count, dimension: kept }, { perplexity, seed });
  const pointsOf = (at: (i: number, axis: 0 | 1) => number): ScatterPoint[] =>
    shown.map((row, i) => ({ x: at(i, 0), y: at(i, 1), caption: names[row]!, group: String(row % COLOURS) }));
  const along = (second: 1 | 2): Scatter => ({
    title: `${title}: components 1 and ${second + 1}`,
    labels: [
      `first component, ${percentText(shares[0]!)} of the variance`,
      `${second === 1 ? 'second' : 'third'}, ${percentText(shares[second]!)}`,
    ],
    points: pointsOf((i, axis) => points[kept * i + (axis === 0 ? 0 : second)]!),
  });
  return {
    shares: Array.from(shares.subarray(0, COMPONENTS)),
    scatters: [
      along(1),
      along(2),
      {
        title: `${title}: t-SNE`,
        labels: ['', ''],
        points: pointsOf((i, axis) => map.points[2 * i + axis]!),
        note: `${count}${count < all.count ? ` of ${all.count}` : ''} rows, one for each identity; colours only tell neighbours in the list apart. Perplexity ${perplexity}.`,
      },
    ],
  };
}

import { DISTRACTOR, type ImageRecord, JUNK } from '../../../datasets/index.js';
import { type PointRows, pca } from '../embedding/pca.js';
import { type TsneProgress, tsne } from '../embedding/tsne.js';
import type { Scatter, ScatterPoint } from '../plot/scatter.js';
import { percentText } from '../plot/ticks.js';
import { cameraName, evenly } from './ranked-lists.js';

/** Records and their features, row by row. */
export interface FeaturedRecords {
  readonly records: readonly ImageRecord[];
  readonly features: PointRows;
}

export interface FeatureMapOptions {
  /** Features are brought to length 1 first, as cosine distance sees them. */
  readonly unit?: boolean;
  /** Identities shown, at even steps through all. Default 40. */
  readonly identities?: number;
  /** Distractors shown, at even steps. Default 80. */
  readonly distractors?: number;
  /** Pictures shown at most, at even steps: the time of t-SNE grows with them. Default 1000. */
  readonly points?: number;
  readonly seed?: number;
  readonly onProgress?: (progress: TsneProgress) => void;
}

/** Dimensions that t-SNE sees: beyond, noise adds up and time with it. */
const DIMENSIONS = 50;
const PERPLEXITY = 20;

/** Distractors show nobody that a query looks for; junk is left out. */
const isPerson = ({ identity }: ImageRecord): boolean => identity !== DISTRACTOR && identity !== JUNK;

/**
 * Maps of query and gallery features in the plane, by t-SNE and by principal components; points of one person have one colour,
 * queries are rings, distractors pale. Empty where there are too few pictures.
 */
export async function featureMaps(
  query: FeaturedRecords,
  gallery: FeaturedRecords,
  {
    unit = false,
    identities = 40,
    distractors = 80,
    points: most = 1000,
    seed = 1,
    onProgress,
  }: FeatureMapOptions = {},
): Promise<Scatter[]> {
  const items = [query, gallery].flatMap(({ records, features }, side) =>
    records.map((record, row) => ({ record, row, features, isQuery: side === 0 })),
  );
  const people = [...new Set(items.filter(({ record }) => isPerson(record)).map(({ record }) => record.identity))];
  const chosen = new Set(evenly(people, identities));
  const drawn = [
    ...items.filter(({ record }) => isPerson(record) && chosen.has(record.identity)),
    ...evenly(
      items.filter(({ record }) => record.identity === DISTRACTOR),
      distractors,
    ),
  ];
  const shown = evenly(drawn, most);
  const { dimension } = query.features;
  if (shown.length < 8 || dimension < 2) return [];
  const data = new Float32Array(shown.length * dimension);
  shown.forEach(({ features, row }, i) => {
    const values = Array.from({ length: dimension }, (_, j) => features.data[row * dimension + j]!);
    const length = unit ? Math.max(Math.hypot(...values), 1e-12) : 1;
    data.set(
      values.map((value) => value / length),
      i * dimension,
    );
  });
  const kept = Math.min(DIMENSIONS, dimension);
  const { points, shares } = pca({ data, count: shown.length, dimension }, kept);
  const perplexity = Math.min(PERPLEXITY, Math.floor((shown.length - 1) / 3));
  const map = await tsne({ data: points, count: shown.length, dimension: kept }, { perplexity, seed, onProgress });
  const pointsAt = (x: (i: number) => number, y: (i: number) => number): ScatterPoint[] =>
    shown.map(({ record, isQuery }, i) => ({
      x: x(i),
      y: y(i),
      caption: `${isPerson(record) ? record.identityName : 'distractor'}, ${cameraName(record)}, ${isQuery ? 'query' : 'gallery'}`,
      group: isPerson(record) ? `${record.identity}` : undefined,
      ring: isQuery,
    }));
  const all = chosen.size < people.length ? `${chosen.size} of ${people.length} people` : `All ${people.length} people`;
  const some = shown.length < drawn.length ? `, ${shown.length} of their ${drawn.length} pictures` : '';
  const pale = shown.some(({ record }) => record.identity === DISTRACTOR) ? ', distractors pale' : '';
  return [
    {
      title: 'Features by t-SNE',
      labels: ['', ''],
      points: pointsAt(
        (i) => map.points[2 * i]!,
        (i) => map.points[2 * i + 1]!,
      ),
      note: `${all}${some}, one colour each; rings are queries, dots gallery${pale}. Near points are alike; gaps and sizes of clusters mean little. Perplexity ${perplexity}.`,
    },
    {
      title: 'Features by principal components',
      labels: [`first component, ${percentText(shares[0]!)} of the variance`, `second, ${percentText(shares[1]!)}`],
      points: pointsAt(
        (i) => points[kept * i]!,
        (i) => points[kept * i + 1]!,
      ),
    },
  ];
}

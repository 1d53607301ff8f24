import { DISTRACTOR, JUNK } from '../../datasets/index.js';
import { pca } from '../../reid/report/embedding/pca.js';
import { tsne } from '../../reid/report/embedding/tsne.js';
import { evenly } from '../../reid/report/evidence/ranked-lists.js';
import { type Features, normalisedFeatures } from '../../reid/training/features.js';
import { evaluationOf } from './evaluate.js';
import { type Handler, PageError } from './job.js';

/** A picture in the plane. */
export interface MapPoint {
  readonly x: number;
  readonly y: number;
  readonly path: string;
  readonly identity: string;
  readonly camera: number;
  readonly query: boolean;
  /** Shows nobody that a query looks for. */
  readonly distractor: boolean;
}

/** Most points, at even steps: the time of t-SNE grows with them. */
const MOST = 1200;
/** Dimensions that t-SNE sees. */
const DIMENSIONS = 50;
const PERPLEXITY = 20;

/** Query and gallery features in the plane, by t-SNE: near points look alike to the model. */
const featureMap: Handler<
  { readonly evaluation: string; readonly seed: number },
  MapPoint[],
  { readonly done: number; readonly total: number }
> = async ({ evaluation, seed }, { tell }) => {
  const { sides, distance } = evaluationOf(evaluation);
  const all = (['query', 'gallery'] as const).flatMap((side) =>
    sides[side].records.map((record, index) => ({ side, record, index })),
  );
  const shown = evenly(
    all.filter(({ record }) => record.identity !== JUNK),
    MOST,
  );
  const { dimension } = sides.query.features;
  const data = new Float32Array(shown.length * dimension);
  for (const [i, { side, index }] of shown.entries()) {
    data.set(sides[side].features.data.subarray(index * dimension, (index + 1) * dimension), i * dimension);
  }
  if (shown.length < 4) throw new PageError('A map takes at least four pictures.');
  const rows: Features = { data, count: shown.length, dimension };
  const kept = Math.min(DIMENSIONS, dimension, shown.length - 1);
  const { points } = pca(distance === 'cosine' ? normalisedFeatures(rows) : rows, kept);
  const map = await tsne(
    { data: points, count: shown.length, dimension: kept },
    {
      perplexity: Math.max(1, Math.min(PERPLEXITY, Math.floor((shown.length - 1) / 3))),
      seed,
      onProgress: ({ iteration, iterations }) => tell({ done: iteration, total: iterations }),
    },
  );
  return shown.map(({ side, record }, i) => ({
    x: map.points[2 * i]!,
    y: map.points[2 * i + 1]!,
    path: record.path,
    identity: record.identityName,
    camera: record.camera,
    query: side === 'query',
    distractor: record.identity === DISTRACTOR,
  }));
};

export const featureMapCalls = { featureMap };

import type { ImageRecord } from '../../datasets/index.js';
import { type Gpu, scope, tensor } from '../../engine/index.js';
import { cosineDistance, euclidean } from '../../engine/ops/distance.js';
import { evaluateRankingByRows, type RankingResult } from '../metrics/ranking.js';
import type { Features } from './features.js';

/** The three figures of a run, as fractions. */
export interface Metrics {
  readonly mAP: number;
  readonly cmc: Readonly<Record<string, number>>;
  readonly mINP: number;
}

const RANKS = [1, 5, 10, 20] as const;

export function metricsOf({ mAP, cmc, mINP }: RankingResult): Metrics {
  return { mAP, cmc: Object.fromEntries(RANKS.map((k) => [String(k), cmc[k - 1] ?? cmc.at(-1)!])), mINP };
}

const labels = (records: readonly ImageRecord[]) => ({
  identities: records.map(({ identity }) => identity),
  cameras: records.map(({ camera }) => camera),
  files: records.map(({ path }) => path),
});

/** Numbers of a query block's distances that are held at a time. */
const BLOCK = 8 * 2 ** 20;

/**
 * Ranks the gallery for every query by the Market-1501 rule (see reid/metrics). Distances are computed on the GPU, a block of
 * queries at a time, so that the whole matrix is never held.
 */
export async function evaluateRetrieval(
  gpu: Gpu,
  kind: 'cosine' | 'euclidean',
  query: { readonly records: readonly ImageRecord[]; readonly features: Features },
  gallery: { readonly records: readonly ImageRecord[]; readonly features: Features },
): Promise<RankingResult> {
  const { dimension } = gallery.features;
  const distance = kind === 'cosine' ? cosineDistance : euclidean;
  const all = tensor(gallery.features.data, [gallery.features.count, dimension], { gpu }).keep();
  const rows = (first: number, count: number) =>
    scope(async () => {
      const block = query.features.data.subarray(first * dimension, (first + count) * dimension);
      return (await distance(tensor(block, [count, dimension], { gpu }), all).read()) as Float32Array;
    }, gpu);
  try {
    const blockRows = Math.max(1, Math.floor(BLOCK / Math.max(gallery.features.count, dimension)));
    return await evaluateRankingByRows(rows, labels(query.records), labels(gallery.records), { blockRows });
  } finally {
    all.storage.release();
  }
}

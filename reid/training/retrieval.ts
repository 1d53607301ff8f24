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
 * queries against a part of the gallery at a time: neither the whole matrix nor a tensor beyond the adapter's limit is ever held.
 */
export async function evaluateRetrieval(
  gpu: Gpu,
  kind: 'cosine' | 'euclidean',
  query: { readonly records: readonly ImageRecord[]; readonly features: Features },
  gallery: { readonly records: readonly ImageRecord[]; readonly features: Features },
): Promise<RankingResult> {
  const { dimension } = gallery.features;
  const distance = kind === 'cosine' ? cosineDistance : euclidean;
  const most = Math.max(1, Math.floor(gpu.limits.maxStorageBufferBindingSize / (4 * dimension)));
  const { data, count: total } = gallery.features;
  const parts = Array.from({ length: Math.ceil(total / most) }, (_, i) => {
    const start = i * most;
    const rows = Math.min(most, total - start);
    const part = data.subarray(start * dimension, (start + rows) * dimension);
    return { start, rows, features: tensor(part, [rows, dimension], { gpu }).keep() };
  });
  const rows = async (first: number, count: number) => {
    const out = new Float32Array(count * total);
    const block = query.features.data.subarray(first * dimension, (first + count) * dimension);
    for (const part of parts) {
      const piece = await scope(() => distance(tensor(block, [count, dimension], { gpu }), part.features).read(), gpu);
      for (let i = 0; i < count; i++) {
        out.set(piece.subarray(i * part.rows, (i + 1) * part.rows), i * total + part.start);
      }
    }
    return out;
  };
  try {
    const blockRows = Math.max(1, Math.floor(BLOCK / Math.max(total, dimension)));
    return await evaluateRankingByRows(rows, labels(query.records), labels(gallery.records), { blockRows });
  } finally {
    for (const { features } of parts) features.storage.release();
  }
}

import type { ImageRecord } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { DistanceRows } from '../metrics/distance-rows.js';
import type { DistanceKind } from '../metrics/distances.js';
import { gpuDistances } from '../metrics/gpu-distances.js';
import { evaluateRankingByRows, type RankingOptions, type RankingResult } from '../metrics/ranking.js';
import { type EvaluationReport, evaluationReport, type ReportFacts, type ReportOptions } from '../metrics/report.js';
import { gpuPoints } from '../metrics/reranking/gpu-points.js';
import { type RerankOptions, rerank } from '../metrics/reranking/rerank.js';
import type { Features } from './features.js';

/** The three figures of a run, as fractions. */
export interface Metrics {
  readonly mAP: number;
  readonly cmc: Readonly<Record<string, number>>;
  readonly mINP: number;
}

/** One side of a retrieval: its pictures and their features, in the same order. */
export interface RetrievalSide {
  readonly records: readonly ImageRecord[];
  readonly features: Features;
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

const distancesOf = (gpu: Gpu, kind: DistanceKind, query: RetrievalSide, gallery: RetrievalSide) =>
  gpuDistances(gpu, kind, query.features, gallery.features, {
    nameQuery: (i) => query.records[i]!.path,
    nameGallery: (i) => gallery.records[i]!.path,
  });

/**
 * Ranks the gallery for every query, by default by the Market-1501 rule (see reid/metrics). Distances are computed on the GPU, a
 * block of queries against a part of the gallery at a time: neither the whole matrix nor a tensor beyond the adapter's limit is
 * ever held.
 */
export async function evaluateRetrieval(
  gpu: Gpu,
  kind: DistanceKind,
  query: RetrievalSide,
  gallery: RetrievalSide,
  options: RankingOptions = {},
): Promise<RankingResult> {
  const { rows, blockRows, release } = await distancesOf(gpu, kind, query, gallery);
  try {
    const sides = [labels(query.records), labels(gallery.records)] as const;
    return await evaluateRankingByRows(rows, ...sides, { ...options, blockRows });
  } finally {
    release();
  }
}

export interface RetrievalReportOptions extends Omit<ReportOptions, 'facts' | 'blockRows'> {
  /** What the report says of model, pictures and data; distance and re-ranking are filled in. */
  readonly facts?: Omit<ReportFacts, 'distance' | 'reranking'>;
  /** Re-ranks by k-reciprocal encoding with these parameters; `{}` for the authors'. With cosine distance on unit features. */
  readonly rerank?: RerankOptions;
}

/** The full report of a retrieval: every convention side by side, pairs, open set, cameras and each query. */
export async function reportRetrieval(
  gpu: Gpu,
  kind: DistanceKind,
  query: RetrievalSide,
  gallery: RetrievalSide,
  { facts, rerank: parameters, ...options }: RetrievalReportOptions = {},
): Promise<EvaluationReport> {
  const report = (rows: DistanceRows, more: Partial<ReportOptions>, said: ReportFacts) =>
    evaluationReport(rows, labels(query.records), labels(gallery.records), {
      ...options,
      ...more,
      facts: { ...facts, ...said },
    });
  if (!parameters) {
    const { rows, blockRows, release } = await distancesOf(gpu, kind, query, gallery);
    try {
      return await report(rows, { blockRows }, { distance: kind });
    } finally {
      release();
    }
  }
  const { dimension } = gallery.features;
  const data = joined(query.features.data, gallery.features.data);
  const start = performance.now();
  const points = await gpuPoints(
    gpu,
    { data, dimension },
    {
      queries: query.features.count,
      unit: kind === 'cosine',
      nameOf: (i) => [...query.records, ...gallery.records][i]!.path,
    },
  );
  try {
    const { rows, settings } = await rerank(points, parameters);
    const seconds = { ...options.seconds, reranking: (performance.now() - start) / 1000 };
    return await report(rows, { seconds }, { distance: `re-ranked ${kind}`, reranking: { ...settings } });
  } finally {
    points.release();
  }
}

/** Both lists as one: without a copy where one follows the other in memory, as features that were extracted together do. */
function joined(first: Float32Array, second: Float32Array): Float32Array {
  if (first.buffer === second.buffer && second.byteOffset === first.byteOffset + first.byteLength) {
    return new Float32Array(first.buffer, first.byteOffset, first.length + second.length);
  }
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

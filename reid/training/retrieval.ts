import type { ImageRecord } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { DistanceKind } from '../metrics/distances.js';
import { imageToTrackRows } from '../metrics/image-to-track.js';
import { evaluateRankingByRows, type RankingOptions, type RankingResult } from '../metrics/ranking.js';
import { type EvaluationReport, evaluationReport, type ReportFacts, type ReportOptions } from '../metrics/report.js';
import { type DistanceOptions, type RetrievalSide, rankedDistances } from './ranked-distances.js';

export type { RetrievalSide } from './ranked-distances.js';

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

/** Ranks the gallery for every query by plain distances, by default by the Market-1501 rule (see reid/metrics). */
export async function evaluateRetrieval(
  gpu: Gpu,
  kind: DistanceKind,
  query: RetrievalSide,
  gallery: RetrievalSide,
  options: RankingOptions = {},
): Promise<RankingResult> {
  const { rows, blockRows, release } = await rankedDistances(gpu, kind, query, gallery);
  try {
    const sides = [labels(query.records), labels(gallery.records)] as const;
    return await evaluateRankingByRows(rows, ...sides, { ...options, blockRows });
  } finally {
    release();
  }
}

export interface RetrievalReportOptions extends Omit<ReportOptions, 'facts' | 'blockRows'>, DistanceOptions {
  /** What the report says of model, pictures and data; distance and re-ranking are filled in. */
  readonly facts?: Omit<ReportFacts, 'distance' | 'reranking'>;
  /** The tracks of the gallery's pictures, which are ranked in their place: each as near as its nearest picture. */
  readonly tracks?: GalleryTracks;
}

/** Tracks of gallery pictures. */
export interface GalleryTracks {
  /** The track of each picture. */
  readonly of: ArrayLike<number>;
  /** A picture for each track. */
  readonly records: readonly ImageRecord[];
}

/** The full report of a retrieval: every convention side by side, pairs, open set, cameras and each query. */
export async function reportRetrieval(
  gpu: Gpu,
  kind: DistanceKind,
  query: RetrievalSide,
  gallery: RetrievalSide,
  { facts, rerank, walks, tracks, ...options }: RetrievalReportOptions = {},
): Promise<EvaluationReport> {
  const made = await rankedDistances(gpu, kind, query, gallery, { rerank, walks });
  try {
    const rows = tracks ? imageToTrackRows(made.rows, tracks.of, tracks.records.length) : made.rows;
    const found = tracks?.records ?? gallery.records;
    return await evaluationReport(rows, labels(query.records), labels(found), {
      ...options,
      blockRows: made.blockRows,
      seconds: { ...options.seconds, ...made.seconds },
      facts: { ...facts, distance: made.distance, ...(made.reranking && { reranking: made.reranking }) },
    });
  } finally {
    made.release();
  }
}

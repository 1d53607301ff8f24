import type { ReidDataset } from '../../../datasets/index.js';
import type { Module } from '../../../engine/nn/index.js';
import type { EvaluationReport } from '../../metrics/report.js';
import type { PointRows } from '../embedding/pca.js';
import type { ReportData } from '../report-data.js';
import { attentionLooks } from './attention-looks.js';
import { featureMaps } from './feature-map.js';
import type { LookOptions } from './looks.js';
import { rankedListsOf, type ShownQueries } from './ranked-lists.js';
import { similarityLooks } from './similarity-looks.js';
import { cmcChart, conventionFigures, summariseDataset } from './summaries.js';
import { cameraTables, verificationSection } from './verification-charts.js';

/** What a finished evaluation knows. Only the first two are needed; each of the others adds sections. */
export interface Evidence {
  readonly dataset: ReidDataset;
  readonly report: EvaluationReport;
  /** Features of all queries and of the gallery, for their map. */
  readonly features?: { readonly query: PointRows; readonly gallery: PointRows };
  /** The model, for Grad-CAM and attention. */
  readonly looks?: Pick<LookOptions, 'gpu' | 'model' | 'input' | 'count'> & {
    /** Whose map Grad-CAM weighs; default: the last one of the forward pass. */
    readonly layer?: Module;
  };
  readonly shown?: ShownQueries;
  /** Of the first positions of the map, where these are random. */
  readonly seed?: number;
  /** Told what is being made next. */
  readonly onProgress?: (what: string) => void;
}

/**
 * The parts of a report that come from an evaluation: counts, conventions, ranks, ranked lists, cameras, thresholds, maps of
 * features, what the network looked at.
 *
 * @example
 *   const report = await reportRetrieval(gpu, 'cosine', query, gallery);
 *   const page = renderReport({ title: 'A run', ...(await evidenceOf({ dataset, report })) });
 */
export async function evidenceOf(evidence: Evidence): Promise<Omit<ReportData, 'title'>> {
  const { dataset, report, features, looks, seed = 1, onProgress } = evidence;
  onProgress?.('ranked lists');
  const ranked = await rankedListsOf(dataset, report, evidence.shown);
  if (features) onProgress?.('map of features');
  const maps = features && (await mapsOf(dataset, report, features, seed));
  if (looks) onProgress?.('what the network looked at');
  return {
    dataset: summariseDataset(dataset),
    conventions: conventionFigures(report),
    retrieval: [cmcChart(report)],
    verification: verificationSection(report.verification, report.openSet, report.facts.distance),
    cameras: report.cameras ? cameraTables(report.cameras) : undefined,
    ranked,
    maps,
    looks: looks && (await looksOf({ ...looks, dataset, report })),
  };
}

function mapsOf(
  { query, gallery }: ReidDataset,
  { facts }: EvaluationReport,
  features: NonNullable<Evidence['features']>,
  seed: number,
) {
  return featureMaps(
    { records: query, features: features.query },
    { records: gallery, features: features.gallery },
    { unit: /cosine/.test(facts.distance), seed },
  );
}

async function looksOf(options: LookOptions & { readonly layer?: Module }) {
  const grids = [await similarityLooks(options), await attentionLooks(options)];
  return grids.filter((grid) => grid !== undefined);
}

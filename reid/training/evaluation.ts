import type { ImageRecord, ImageStore, ReidDataset } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { DistanceKind } from '../metrics/distances.js';
import { gpuDistances } from '../metrics/gpu-distances.js';
import { multiQueryFeatures } from '../metrics/multi-query.js';
import type { ItemLabels } from '../metrics/protocols.js';
import { expandQueries, type QueryExpansionOptions } from '../metrics/query-expansion.js';
import type { RankingResult } from '../metrics/ranking.js';
import type { EvaluationReport } from '../metrics/report.js';
import { gpuPoints } from '../metrics/reranking/gpu-points.js';
import type { RerankOptions } from '../metrics/reranking/rerank.js';
import { evaluateSingleShot, type SingleShotResult } from '../metrics/single-shot.js';
import type { RetrievalModel } from '../models/model.js';
import type { RecipeBase } from '../recipes/recipe.js';
import { extractFeatures, type Features, rawPixels } from './features.js';
import { Progress, type ProgressOutput } from './progress.js';
import { evaluateRetrieval, type RetrievalReportOptions, type RetrievalSide, reportRetrieval } from './retrieval.js';

export interface EvaluationContext {
  readonly gpu: Gpu;
  readonly dataset: ReidDataset;
  readonly recipe: Pick<RecipeBase, 'input' | 'evaluation'>;
  readonly output: ProgressOutput;
  readonly store?: ImageStore;
}

/**
 * A model's features of some pictures of a data set, with progress. The model is in eval mode meanwhile.
 *
 * @throws as extractFeatures
 */
export async function modelFeatures(
  model: RetrievalModel,
  records: readonly ImageRecord[],
  { output, ...context }: EvaluationContext,
): Promise<Features> {
  const wasTraining = model.training;
  model.eval();
  const progress = new Progress(output, 'features', 'pictures');
  try {
    return await extractFeatures((x) => model.forward(x), records, { ...context, progress });
  } finally {
    progress.end();
    model.train(wasTraining);
  }
}

/** A model's features of query and gallery, extracted in one go. */
export async function retrievalSides(
  model: RetrievalModel,
  context: EvaluationContext,
): Promise<{ readonly query: RetrievalSide; readonly gallery: RetrievalSide }> {
  const { query, gallery } = context.dataset;
  const { data, dimension } = await modelFeatures(model, [...query, ...gallery], context);
  const cut = query.length * dimension;
  return {
    query: { records: query, features: { data: data.subarray(0, cut), count: query.length, dimension } },
    gallery: { records: gallery, features: { data: data.subarray(cut), count: gallery.length, dimension } },
  };
}

/** Retrieval with a model's features. The model is in eval mode meanwhile. */
export async function evaluateModel(model: RetrievalModel, context: EvaluationContext): Promise<RankingResult> {
  const { query, gallery } = await retrievalSides(model, context);
  return evaluateRetrieval(context.gpu, context.recipe.evaluation.distance, query, gallery);
}

/** Retrieval with the pictures' own pixels (64×32, Euclidean): what any model must beat. */
export async function evaluateRawPixels({ gpu, dataset }: EvaluationContext): Promise<RankingResult> {
  const query = { records: dataset.query, features: await rawPixels(dataset, dataset.query) };
  const gallery = { records: dataset.gallery, features: await rawPixels(dataset, dataset.gallery) };
  return evaluateRetrieval(gpu, 'euclidean', query, gallery);
}

const labelsOf = (records: readonly ImageRecord[]): ItemLabels => ({
  identities: records.map(({ identity }) => identity),
  cameras: records.map(({ camera }) => camera),
  files: records.map(({ path }) => path),
});

/** What is done with features before and while they are compared. */
export interface FeatureEvaluation extends Omit<RetrievalReportOptions, 'rerank'> {
  readonly distance: DistanceKind;
  /** Averages every feature with its neighbours' first. */
  readonly expansion?: QueryExpansionOptions;
  /** Re-ranks by k-reciprocal encoding. The faiss form mixes in plain distances. */
  readonly rerank?: RerankOptions;
  /** Each query's feature becomes the mean over the pictures with its identity and camera here. */
  readonly multiQuery?: RetrievalSide;
  /** CMC with one gallery picture of each identity too: draws for each query, or the expectation over all. */
  readonly draws?: number | 'exact';
}

export interface FeatureEvaluationResult {
  readonly report: EvaluationReport;
  readonly singleShot?: SingleShotResult;
}

/**
 * Evaluates features by every convention: multi-query pooling, then query expansion, then re-ranking, each only where it is asked
 * for. The single-gallery-shot curve is of the distances without re-ranking.
 *
 * @throws as evaluationReport
 */
export async function evaluateFeatures(
  gpu: Gpu,
  query: RetrievalSide,
  gallery: RetrievalSide,
  { distance, expansion, rerank, multiQuery, draws, ...options }: FeatureEvaluation,
): Promise<FeatureEvaluationResult> {
  const seconds: Record<string, number> = { ...options.seconds };
  let sides = { query, gallery };
  if (multiQuery) {
    const { records, features } = multiQuery;
    const data = multiQueryFeatures(labelsOf(query.records), features, labelsOf(records));
    sides = { ...sides, query: { ...query, features: { ...query.features, data } } };
  }
  if (expansion) {
    const start = performance.now();
    sides = await expanded(gpu, sides, expansion);
    seconds.expansion = (performance.now() - start) / 1000;
  }
  const plain = () => gpuDistances(gpu, distance, sides.query.features, sides.gallery.features);
  const unscaled = rerank?.form === 'faiss' && rerank.lambda !== 0 ? await plain() : undefined;
  let report: EvaluationReport;
  try {
    report = await reportRetrieval(gpu, distance, sides.query, sides.gallery, {
      ...options,
      seconds,
      rerank: unscaled ? { ...rerank, unscaled: unscaled.rows } : rerank,
    });
  } finally {
    unscaled?.release();
  }
  if (draws === undefined) return { report };
  const { rows, blockRows, release } = await plain();
  try {
    const { protocol, junkIdentity, maxRank } = options;
    const shot = { protocol, junkIdentity, maxRank, draws, blockRows };
    const singleShot = await evaluateSingleShot(rows, labelsOf(query.records), labelsOf(gallery.records), shot);
    return { report, singleShot };
  } finally {
    release();
  }
}

async function expanded(
  gpu: Gpu,
  { query, gallery }: { readonly query: RetrievalSide; readonly gallery: RetrievalSide },
  options: QueryExpansionOptions,
): Promise<{ query: RetrievalSide; gallery: RetrievalSide }> {
  const files = [...query.records, ...gallery.records].map(({ path }) => path);
  const nameOf = (i: number) => files[i]!;
  const data = await expandQueries(query.features, gallery.features, {
    points: (features) => gpuPoints(gpu, features, { unit: true, nameOf }),
    ...options,
  });
  return {
    query: { ...query, features: { ...query.features, data: data.query } },
    gallery: { ...gallery, features: { ...gallery.features, data: data.gallery } },
  };
}

import type { ImageRecord, ImageStore, ReidDataset } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { RankingResult } from '../metrics/ranking.js';
import type { Pooling } from '../metrics/tracklets.js';
import type { RetrievalModel } from '../models/model.js';
import type { RecipeBase } from '../recipes/recipe.js';
import { extractFeatures, type Features, rawPixels } from './features.js';
import { Progress, type ProgressOutput } from './progress.js';
import { evaluateRetrieval, type RetrievalSide } from './retrieval.js';
import { extractTrackletFeatures, pooledTracklets } from './tracklet-features.js';

export interface EvaluationContext {
  readonly gpu: Gpu;
  readonly dataset: ReidDataset;
  readonly recipe: Pick<RecipeBase, 'input' | 'evaluation' | 'clips'> & Partial<Pick<RecipeBase, 'model'>>;
  readonly output: ProgressOutput;
  readonly store?: ImageStore;
  /** Of models of pictures: the features of each tracklet's frames become one. */
  readonly pooling?: Pooling;
}

/** Runs `work` with the model in eval mode, and a line of progress. */
async function evaluating<T>(
  model: RetrievalModel,
  output: ProgressOutput,
  unit: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const wasTraining = model.training;
  model.eval();
  const progress = new Progress(output, 'features', unit);
  try {
    return await work(progress);
  } finally {
    progress.end();
    model.train(wasTraining);
  }
}

/**
 * A model's features of some pictures of a data set, one by one, with progress. The model is in eval mode meanwhile.
 *
 * @throws as extractFeatures
 */
export function modelFeatures(
  model: RetrievalModel,
  records: readonly ImageRecord[],
  { output, pooling: _, ...context }: EvaluationContext,
): Promise<Features> {
  // FGReID's are compared by their differences, where the factor of the sum would count.
  const mirrored = context.recipe.model?.kind === 'fgreid' ? 'unit' : 'sum';
  return evaluating(model, output, 'pictures', (progress) =>
    extractFeatures((x) => model.forward(x), records, { ...context, progress, mirrored }),
  );
}

/**
 * A model's features of some records: of models of clips, and with `pooling`, those of the tracklets that the records are frames of,
 * each as its middle frame; otherwise of every picture.
 *
 * @throws as extractFeatures and extractTrackletFeatures
 */
export async function modelSide(
  model: RetrievalModel,
  records: readonly ImageRecord[],
  context: EvaluationContext,
): Promise<RetrievalSide> {
  const { output, pooling, ...rest } = context;
  const { clips, model: spec } = context.recipe;
  if (!clips) {
    const side = { records, features: await modelFeatures(model, records, context) };
    return pooling ? pooledTracklets(side, pooling) : side;
  }
  const alone = spec?.kind === 'fgreid' && spec.minScope === 'batch';
  return evaluating(model, output, 'batches of clips', (progress) =>
    extractTrackletFeatures((x) => model.forward(x), records, { ...rest, progress, clips, alone }),
  );
}

/** Query and gallery, as they are ranked. */
export interface RetrievalSides {
  readonly query: RetrievalSide;
  readonly gallery: RetrievalSide;
}

/** A data set whose query and gallery are what was ranked, so that numbers in lists of ranks are those of its records. */
export const asRanked = (
  dataset: ReidDataset,
  { query, gallery }: { readonly [side in 'query' | 'gallery']: Pick<RetrievalSide, 'records'> },
): ReidDataset => ({ ...dataset, query: query.records, gallery: gallery.records });

/** The same of several lists of records; the pictures of all of them go through the model together. */
export async function modelSides(
  model: RetrievalModel,
  lists: readonly (readonly ImageRecord[])[],
  context: EvaluationContext,
): Promise<RetrievalSide[]> {
  const sides: RetrievalSide[] = [];
  if (context.recipe.clips || context.pooling) {
    for (const records of lists) {
      const none = { records, features: { data: new Float32Array(0), count: 0, dimension: 0 } };
      sides.push(records.length === 0 ? none : await modelSide(model, records, context));
    }
    return sides;
  }
  const { data, dimension } = await modelFeatures(model, lists.flat(), context);
  let from = 0;
  for (const records of lists) {
    const to = from + records.length * dimension;
    sides.push({ records, features: { data: data.subarray(from, to), count: records.length, dimension } });
    from = to;
  }
  return sides;
}

/** A model's features of query and gallery, see `modelSides`. */
export async function retrievalSides(model: RetrievalModel, context: EvaluationContext): Promise<RetrievalSides> {
  const [query, gallery] = await modelSides(model, [context.dataset.query, context.dataset.gallery], context);
  return { query: query!, gallery: gallery! };
}

/** Retrieval with a model's features. The model is in eval mode meanwhile. */
export async function evaluateModel(model: RetrievalModel, context: EvaluationContext): Promise<RankingResult> {
  const { query, gallery } = await retrievalSides(model, context);
  return evaluateRetrieval(context.gpu, context.recipe.evaluation.distance, query, gallery);
}

/** Retrieval with the pictures' own pixels (64×32, Euclidean), averaged over tracklets: what any model must beat. */
export async function evaluateRawPixels({ gpu, dataset, recipe, pooling }: EvaluationContext): Promise<RankingResult> {
  const sideOf = async (records: readonly ImageRecord[]): Promise<RetrievalSide> => {
    const side = { records, features: await rawPixels(dataset, records) };
    return recipe.clips || pooling ? pooledTracklets(side, 'mean', false) : side;
  };
  return evaluateRetrieval(gpu, 'euclidean', await sideOf(dataset.query), await sideOf(dataset.gallery));
}

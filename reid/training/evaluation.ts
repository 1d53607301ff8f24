import type { ImageStore, ReidDataset } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { RankingResult } from '../metrics/ranking.js';
import type { Baseline } from '../models/baseline.js';
import type { Recipe } from '../recipes/recipe.js';
import { extractFeatures, rawPixels } from './features.js';
import { Progress, type ProgressOutput } from './progress.js';
import { evaluateRetrieval } from './retrieval.js';

export interface EvaluationContext {
  readonly gpu: Gpu;
  readonly dataset: ReidDataset;
  readonly recipe: Recipe;
  readonly output: ProgressOutput;
  readonly store?: ImageStore;
}

/** Retrieval with a model's features. The model is in eval mode meanwhile. */
export async function evaluateModel(
  model: Baseline,
  { gpu, dataset, recipe, output, store }: EvaluationContext,
): Promise<RankingResult> {
  const wasTraining = model.training;
  model.eval();
  try {
    const progress = new Progress(output, 'features', 'pictures');
    const { query, gallery } = dataset;
    const records = [...query, ...gallery];
    const { data, dimension } = await extractFeatures((x) => model.forward(x), records, {
      gpu,
      dataset,
      recipe,
      store,
      progress,
    });
    progress.end();
    const cut = query.length * dimension;
    return await evaluateRetrieval(
      gpu,
      recipe.evaluation.distance,
      { records: query, features: { data: data.subarray(0, cut), count: query.length, dimension } },
      { records: gallery, features: { data: data.subarray(cut), count: gallery.length, dimension } },
    );
  } finally {
    model.train(wasTraining);
  }
}

/** Retrieval with the pictures' own pixels (64×32, Euclidean): what any model must beat. */
export async function evaluateRawPixels({ gpu, dataset }: EvaluationContext): Promise<RankingResult> {
  const query = { records: dataset.query, features: await rawPixels(dataset, dataset.query) };
  const gallery = { records: dataset.gallery, features: await rawPixels(dataset, dataset.gallery) };
  return evaluateRetrieval(gpu, 'euclidean', query, gallery);
}

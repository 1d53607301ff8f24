/** Re-identification on the engine: models, losses, metrics, recipes and training. Runs in Node and in a browser. */
export * from './metrics/index.js';
export { batchHardTriplet } from './losses/triplet.js';
export {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './metrics/average-precision.js';
export { distanceMatrix, distanceRows } from './metrics/distances.js';
export {
  evaluateRanking,
  evaluateRankingByRows,
  type QueryRanking,
  type RankingOptions,
  type RankingResult,
} from './metrics/ranking.js';
export { OSNet, type OSNetOptions } from './models/backbones/osnet.js';
export { ResNet, type ResNetOptions } from './models/backbones/resnet.js';
export { Baseline } from './models/baseline.js';
export type { ReidModel, TrainingOutput } from './models/model.js';
export {
  baseline,
  baselineR50,
  baselineTiny,
  overrideRecipe,
  type Recipe,
  RecipeError,
  recipeCalled,
  recipes,
} from './recipes/index.js';
export * from './report/index.js';
export { type EvaluationContext, evaluateModel, evaluateRawPixels } from './training/evaluation.js';
export { extractFeatures, type FeatureModel, type Features } from './training/features.js';
export { buildModel, buildOptimiser } from './training/model.js';
export { duration, Progress, type ProgressOutput } from './training/progress.js';
export { drawRankedQueries } from './training/ranks.js';
export {
  evaluateRetrieval,
  type Metrics,
  metricsOf,
  type RetrievalReportOptions,
  type RetrievalSide,
  reportRetrieval,
} from './training/retrieval.js';
export { DivergedError, type StepReport, Trainer } from './training/trainer.js';

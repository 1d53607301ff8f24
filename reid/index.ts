/** Re-identification on the engine: models, losses, metrics, recipes and training. Runs in Node and in a browser. */
export { batchHardTriplet } from './losses/triplet.js';
export {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './metrics/average-precision.js';
export { type ContactRow, drawContactSheet } from './metrics/contact-sheet.js';
export { distanceMatrix, distanceRows } from './metrics/distances.js';
export {
  drawRanks,
  type RankPictureItem,
  type RankPictureOptions,
  type RankPictureRow,
} from './metrics/rank-picture.js';
export {
  evaluateRanking,
  evaluateRankingByRows,
  type QueryRanking,
  type RankingOptions,
  type RankingResult,
} from './metrics/ranking.js';
export { OSNet, type OSNetOptions } from './models/backbones/osnet.js';
export { ResNet, type ResNetOptions } from './models/backbones/resnet.js';
export { Baseline, type TrainingOutput } from './models/baseline.js';
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
export { type EvaluationContext, evaluateModel, evaluateRawPixels } from './training/evaluation.js';
export { extractFeatures, type FeatureModel, type Features } from './training/features.js';
export { buildModel, buildOptimiser } from './training/model.js';
export { duration, Progress, type ProgressOutput } from './training/progress.js';
export { drawRankedQueries } from './training/ranks.js';
export { evaluateRetrieval, type Metrics, metricsOf } from './training/retrieval.js';
export { DivergedError, type StepReport, Trainer } from './training/trainer.js';

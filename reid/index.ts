/** Re-identification on the engine: models, losses, metrics, recipes and training. Runs in Node and in a browser. */

export * from './clustering/index.js';
export * from './losses/index.js';
export {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './metrics/average-precision.js';
export { distanceMatrix, distanceRows } from './metrics/distances.js';
export * from './metrics/index.js';
export {
  evaluateRanking,
  evaluateRankingByRows,
  type QueryRanking,
  type RankingOptions,
  type RankingResult,
} from './metrics/ranking.js';
export * from './models/index.js';
export * from './recipes/index.js';
export * from './report/index.js';
export * from './search/index.js';
export {
  asRanked,
  type EvaluationContext,
  evaluateModel,
  evaluateRawPixels,
  modelFeatures,
  modelSide,
  modelSides,
  type RetrievalSides,
  retrievalSides,
} from './training/evaluation.js';
export {
  type Convention,
  evaluateFeatures,
  type FeatureEvaluation,
  type FeatureEvaluationResult,
} from './training/feature-evaluation.js';
export { extractFeatures, type FeatureModel, type Features, normalisedFeatures } from './training/features.js';
export { StructureMaps } from './training/gcl/batches.js';
export { blendCodes, type Codes, Drawer } from './training/gcl/drawer.js';
export type { GCLEvent, GCLPosition, GCLStep } from './training/gcl/events.js';
export { buildGCL } from './training/gcl/networks.js';
export { drawPanel, drawTurns, VIEW_DEGREES } from './training/gcl/panels.js';
export { restoreGCL } from './training/gcl/restore.js';
export { type DrawingScores, scoreDrawings } from './training/gcl/scores.js';
export { GCLTrainer, type GCLTrainerOptions } from './training/gcl/trainer.js';
export { buildModel, buildOptimiser } from './training/model.js';
export { type LossName, type Objective, objectiveOf } from './training/objective.js';
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
export {
  extractTrackletFeatures,
  pooledTracklets,
  type TrackletOptions,
  trackletsShown,
} from './training/tracklet-features.js';
export { DivergedError, type StepReport, Trainer } from './training/trainer.js';
export {
  type RoundClustered,
  type RoundTrained,
  type UnsupervisedEvent,
  type UnsupervisedStep,
  UnsupervisedTrainer,
  type UnsupervisedTrainerOptions,
} from './training/unsupervised/trainer.js';
export { learnWalks, type WalkOptions } from './training/walks.js';

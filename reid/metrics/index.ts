/** Evaluation: distances, rankings under every protocol, re-ranking, reports. No disk, and a GPU only where the name says so. */
export { topKAccuracy } from './accuracy.js';
export {
  type ApConvention,
  averagePrecision,
  inverseNegativePenalty,
  tiedAveragePrecision,
} from './average-precision.js';
export { type CameraMatrix, CameraPairs } from './camera-pairs.js';
export { type ClusterScores, clusterScores, outliersApart } from './cluster-scores.js';
export { DistanceCounts } from './distance-counts.js';
export { type DistanceRows, visitRows } from './distance-rows.js';
export { type DistanceKind, distanceMatrix, distanceRows, type FeatureRows } from './distances.js';
export { frechetDistance } from './fid.js';
export { type GpuDistances, gpuDistances } from './gpu-distances.js';
export { imageToTrackRows } from './image-to-track.js';
export { marsOfficial, marsSplit, type TrackletProtocol } from './mars.js';
export { multiQueryFeatures } from './multi-query.js';
export { type DirAtFar, type OpenSet, openSet } from './open-set.js';
export { equalDensity, type PairHistogram, pairHistogram } from './pair-histogram.js';
export { type ItemLabels, type Protocol, type RankingTask, rankingTask } from './protocols.js';
export { expandQueries, type QueryExpansionOptions } from './query-expansion.js';
export {
  allShotsCurve,
  averagePrecisionAt,
  averagePrecisionAtR,
  precisionAt,
  reciprocalRank,
  rPrecision,
} from './rank-metrics.js';
export {
  evaluateRanking,
  evaluateRankingByRows,
  type InvalidQueryPolicy,
  type QueryRanking,
  type RankedItem,
  type RankingOptions,
  type RankingResult,
} from './ranking.js';
export {
  type EvaluationReport,
  evaluationReport,
  type QueryReport,
  type ReportFacts,
  type ReportMeans,
  type ReportOptions,
} from './report.js';
export { reportTable } from './report-table.js';
export { featurePoints } from './reranking/feature-points.js';
export { type GpuPoints, gpuPoints } from './reranking/gpu-points.js';
export { JaccardDistances, sparseJaccard } from './reranking/jaccard.js';
export { matrixPoints } from './reranking/matrix-points.js';
export { type NeighbourLists, nearestNeighbours } from './reranking/neighbours.js';
export type { DistanceTile, PointDistances } from './reranking/point-distances.js';
export type { EncodingOptions } from './reranking/reciprocal.js';
export { type Reranked, type RerankOptions, reciprocalVectors, rerank } from './reranking/rerank.js';
export type { SparseRows } from './reranking/sparse-rows.js';
export { evaluateSingleShot, type SingleShotOptions, type SingleShotResult } from './single-shot.js';
export {
  jointScore,
  type Sightings,
  smoothHistograms,
  spatialTemporalRows,
  type TimeHistograms,
  timeHistograms,
} from './spatial-temporal.js';
export { type Spread, spreadOf } from './spread.js';
export { meanDifference, psnr, ssim } from './ssim.js';
export { chooseFrames, type FrameChoice, type Pooling, poolFeatures } from './tracklets.js';
export { drawVehicleGallery, evaluateVehicleId, type VehicleIdOptions, type VehicleIdResult } from './vehicle-id.js';
export { type TarAtFar, type Verification, type VerificationOptions, verification } from './verification.js';

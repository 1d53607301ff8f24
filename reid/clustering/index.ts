/** Groups of pictures without labels: bottom-up merging, agglomerative trees, DBSCAN and k-means, exact and without N × N memory. */
export { type AgglomerativeOptions, agglomerative, type Linkage } from './agglomerative.js';
export type { Merge } from './cheapest-merges.js';
export type { ClusterDistance } from './cluster-distance.js';
export {
  type DbscanOptions,
  dbscan,
  type FeatureDbscanOptions,
  type JaccardDbscanOptions,
  jaccardDbscan,
  vectorDbscan,
} from './dbscan.js';
export { type DensityClusters, DensityScan } from './density.js';
export {
  type DensityGrouping,
  type Grouping,
  groupFeatures,
  type LinkageGrouping,
  type MeansGrouping,
} from './grouping.js';
export { type KMeans, type KMeansOptions, kMeans } from './k-means.js';
export { cutTree, type LinkageTree, type TreeCut } from './linkage-tree.js';
export { type MergeStep, type MergeStepOptions, mergeStep } from './merge-step.js';
export { largestFirst, type Partition } from './partition.js';
export { type RerankedClusters, type RerankedDensityOptions, rerankedDensity } from './reranked-density.js';

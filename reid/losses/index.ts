/** Losses of supervised re-identification, and of training without labels. */
export { clusteringLoss, updateClusterTable } from './acl.js';
export { centerLoss } from './center.js';
export {
  type CentreUpdate,
  type ClusterContrastOptions,
  clusterContrastLoss,
  updateCentres,
} from './cluster-contrast.js';
export { type BranchLosses, branchLosses } from './fgreid/branches.js';
export { FGREID_LOSS, type FGReIDLosses, type FGReIDLossOptions, fgreidLoss } from './fgreid/fgreid.js';
export { mapSumLosses } from './fgreid/map-sums.js';
export { type OSMCAAOptions, osmCAALoss } from './fgreid/osm-caa.js';
export { prototypeVariance } from './fgreid/prototypes.js';
export {
  fakeLoss,
  fakeLosses,
  generatorLoss,
  generatorLosses,
  type RealLoss,
  realLoss,
} from './gcl/adversarial.js';
export { type MemoryDraws, memoryContrast } from './gcl/memory-contrast.js';
export {
  type MultiLabels,
  multiLabelLoss,
  multiLabelWeights,
  predictMultiLabels,
} from './gcl/multi-label.js';
export { blend, type Mix, type PrototypeOptions, prototypeMixLoss } from './gcl/prototypes.js';
export { GCL_WEIGHTS, type GCLWeights } from './gcl/weights.js';
export { HybridMemory } from './hybrid-memory.js';
export { type IdentityLossOptions, identityLoss } from './identity.js';
export { identityTripletLoss, type LossWeights, type TrainingLosses } from './identity-triplet.js';
export { type InstanceLossOptions, instanceLoss, publishedInstanceLoss } from './idl.js';
export { type MemoryUpdate, updateMemoryTable } from './memory-table.js';
export type { Labels } from './same-label.js';
export { distillation, neighbourDistillation, softCrossEntropy, softTripletLoss } from './soft-targets.js';
export { type BatchHard, type BatchHardOptions, batchHardTriplet, mineBatchHard } from './triplet.js';

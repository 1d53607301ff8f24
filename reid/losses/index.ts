/** Losses of supervised re-identification. */
export { centerLoss } from './center.js';
export { type IdentityLossOptions, identityLoss } from './identity.js';
export { identityTripletLoss, type LossWeights, type TrainingLosses } from './identity-triplet.js';
export { type BatchHard, type BatchHardOptions, batchHardTriplet, type Labels, mineBatchHard } from './triplet.js';

/** Models for re-identification, their backbones, and weights of the originals. */
export {
  APNet,
  type APNetOptions,
  checkAPNet,
} from './apnet.js';
export { SplitNorm, StripeAttention } from './attention/pyramid.js';
export { affinities, type RelationForm, relationEmbedding } from './attention/relation.js';
export {
  type RGAAttention,
  RGAModule,
  type RGAModuleOptions,
  type RGARatios,
  rgaWidths,
} from './attention/rga-module.js';
export { SplitAttention } from './attention/split-attention.js';
export { SELayer } from './attention/squeeze-excitation.js';
export { DenseNet, type DenseNetOptions } from './backbones/densenet.js';
export { type InceptionOptions, InceptionV3 } from './backbones/inception.js';
export { OSNet, type OSNetOptions } from './backbones/osnet.js';
export { ResNeSt, type ResNeStOptions } from './backbones/resnest.js';
export { ResNet, type ResNetOptions } from './backbones/resnet.js';
export { SEResNet, type SEResNetOptions } from './backbones/se-resnet.js';
export type { StagedBackbone } from './backbones/staged.js';
export { Baseline } from './baseline.js';
export { lossesInGroups } from './batch-groups.js';
export { exportAPNet, importAPNet } from './checkpoints/apnet.js';
export {
  type ImportGAMOptions,
  type InferredGAM,
  importGAM,
  inferGAM,
  loadGAM,
} from './checkpoints/gam.js';
export { importImageNet } from './checkpoints/imagenet.js';
export {
  type ImportAction,
  type ImportRow,
  importState,
  importTable,
  type StoredWeights,
} from './checkpoints/import.js';
export { importRGA } from './checkpoints/rga.js';
export { Encoder, type EncoderOptions, GeM } from './encoder.js';
export { checkGAM, type Embedding, GAM, GAMBottleneck, GAMTrunk } from './gam.js';
export { GAMAttention, type GAMBlockOptions } from './gam-attention.js';
export {
  CBAM_R50,
  GAM_DENSE,
  GAM_LATE,
  GAM_R50,
  type GAMAttentionOptions,
  type GAMOptions,
} from './gam-options.js';
export type { ReidModel, RetrievalModel, TrainingOutput } from './model.js';
export { checkRGA, RGA, type RGABranch, type RGAFeatures, type RGAOptions } from './rga.js';

/** Datasets without the disk: everything here runs in Node and in a browser. */
export { changeColours, type JitterConfig, type MoveConfig, moveImage } from './augment.js';
export {
  checkDataset,
  compareCounts,
  type Finding,
  findUnreadable,
  type KnownCounts,
  MARKET1501_COUNTS,
} from './check.js';
export {
  countRecords,
  DISTRACTOR,
  describeDataset,
  type ImageRecord,
  JUNK,
  type ReidDataset,
  SPLITS,
  type Split,
  type SplitCount,
} from './dataset.js';
export { type EraseConfig, eraseRectangle } from './erase.js';
export { DatasetError } from './error.js';
export { decodeImage, encodeJpeg, encodePng, type Image, imageFormat } from './image.js';
export { ImageStore, type ImageStoreOptions } from './image-store.js';
export { type Batch, Loader, type LoaderOptions, type LoaderState } from './loader.js';
export { compareNatural } from './natural-order.js';
export { resizeBilinear } from './resize.js';
export {
  type BatchIndices,
  groupByLabel,
  type IdentitySamplerOptions,
  identitySampler,
  type Sampler,
  sequentialSampler,
  shuffledSampler,
} from './sampler.js';
export { createSynthetic, SYNTHETIC_DEFAULTS, type SyntheticOptions } from './synthetic/synthetic.js';
export {
  checkTransform,
  createTransform,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type Transform,
  type TransformConfig,
  testTransform,
  trainTransform,
} from './transforms.js';

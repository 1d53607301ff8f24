/** Datasets without the disk: everything here runs in Node and in a browser. */
export { changeColours, type JitterConfig, type MoveConfig, moveImage } from './augment.js';
export { checkDataset } from './check.js';
export { type CompareOptions, compareCounts } from './check-counts.js';
export { checkPictures, rangeOfSizes, type SizeRange } from './check-pictures.js';
export {
  countRecords,
  DISTRACTOR,
  describeDataset,
  type ImageRecord,
  JUNK,
  type ReidDataset,
  type SkippedFile,
  SPLITS,
  type Split,
  type SplitCount,
} from './dataset.js';
export { drawSplits, type IdentitySplit, parseSplits, type SplitsFile } from './drawn-splits.js';
export { type EraseConfig, eraseRectangle } from './erase.js';
export { DatasetError } from './error.js';
export { DATASET_FACTS, type DatasetFacts, type FactsName, type PublishedCount, type Trust } from './facts.js';
export type { Finding } from './finding.js';
export {
  decodeImage,
  encodeJpeg,
  encodePng,
  type Image,
  type ImageFacts,
  imageFormat,
  probeImage,
} from './image.js';
export { ImageStore, type ImageStoreOptions } from './image-store.js';
export type { Inspection } from './inspect.js';
export { crossDomain, joinDatasets } from './join.js';
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

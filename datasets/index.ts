/** Datasets without the disk: everything here runs in Node and in a browser. */
export { type ApngOptions, encodeApng } from './apng.js';
export { changeColours, type JitterConfig, type MoveConfig, moveImage } from './augment.js';
export { checkDataset } from './check.js';
export { type CompareOptions, compareCounts } from './check-counts.js';
export { checkPictures, rangeOfSizes, type SizeRange } from './check-pictures.js';
export { type ClipBatch, ClipLoader, type ClipLoaderOptions } from './clip-loader.js';
export {
  clipSampler,
  type StratifiedSamplerOptions,
  stratifiedSampler,
  type TestClips,
  testClipSampler,
} from './clip-sampler.js';
export { consecutiveClip, denseClips, spreadClips, stratifiedClip } from './clips.js';
export { type CropConfig, cropRectangle } from './crop.js';
export {
  countRecords,
  DISTRACTOR,
  describeDataset,
  type ImageRecord,
  JUNK,
  type Picture,
  type PictureSource,
  type ReidDataset,
  type SkippedFile,
  SPLITS,
  type Split,
  type SplitCount,
} from './dataset.js';
export { drawSplits, type IdentitySplit, parseSplits, type SplitsFile } from './drawn-splits.js';
export { type EnlargeConfig, enlargePicture } from './enlarge.js';
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
export { ImageStore, type ImageStoreOptions, type PictureShelf } from './image-store.js';
export type { Inspection } from './inspect.js';
export { crossDomain, joinDatasets } from './join.js';
export { type Batch, type LoadedPicture, Loader, type LoaderOptions, type LoaderState } from './loader.js';
export { compareNatural } from './natural-order.js';
export { type ResizeFilter, resizeBilinear, resizeImage } from './resize.js';
export {
  type BatchIndices,
  groupByLabel,
  type IdentitySamplerOptions,
  identitySampler,
  repeatingSampler,
  type Sampler,
  sequentialSampler,
  shuffledSampler,
} from './sampler.js';
export { openStructure, STRUCTURE_KINDS } from './structure/open.js';
export type { PictureSet } from './structure/photographs.js';
export {
  imageOfMap,
  type MapSize,
  mapOfImage,
  type StructureProvider,
  VIEW_STEP,
  VIEWS,
} from './structure/provider.js';
export { toyStructure } from './structure/toy.js';
export { walkerStructure } from './structure/walker.js';
export { createSynthetic, SYNTHETIC_DEFAULTS, type SyntheticOptions } from './synthetic/synthetic.js';
export {
  createSyntheticTracklets,
  SYNTHETIC_TRACKLET_DEFAULTS,
  type SyntheticTrackletOptions,
} from './synthetic/tracklets.js';
export { RECORDING } from './synthetic/travel.js';
export {
  createSyntheticVehicles,
  SYNTHETIC_VEHICLE_DEFAULTS,
  type SyntheticVehicleOptions,
} from './synthetic/vehicles.js';
export {
  createToyWalkers,
  TOY_WALKER_DEFAULTS,
  type ToyWalkerOptions,
  type ToyWalkers,
  trueView,
} from './synthetic/walkers.js';
export { groupTracklets, hasTracklets, type Tracklet } from './tracklets.js';
export {
  checkTransform,
  createTransform,
  fgreidTransform,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type Transform,
  type TransformConfig,
  testTransform,
  trainTransform,
} from './transforms.js';
export { type UnlabelledDataset, withoutLabels } from './unlabelled.js';

import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import { ERASE } from './baseline.js';
import type { FGReIDRecipe } from './recipe.js';

/**
 * FGReID of pictures with the one section of settings that was released (Pathak, "Fine-grained re-identification", 2020): two
 * ResNet-50, 256×150, batch 32 × 4, Adam 3.5e-4 with decay added to the gradient, warm-up of 10 epochs, times 0.497 at 40 and 70.
 * The released code runs up to 500 epochs and keeps the best; here 120 are made and the last counts. For a real GPU, with ImageNet's
 * weights in both trunks (`--weights`) or a trunk trained on another set in the second (`--trunk`).
 */
export const fgreidImage: FGReIDRecipe = {
  name: 'fgreid-image',
  about: 'FGReID of pictures as released: two ResNet-50, 256×150, 120 epochs; wants a real GPU and ImageNet’s weights',
  model: {
    kind: 'fgreid',
    arch: 'image',
    backbone: 'resnet50',
    width: 64,
    stem: 'imagenet',
    stemStride: 2,
    lastStride: 1,
    channels: 1024,
    inner: 256,
    minScope: 'batch',
    nonLocal: true,
    recompute: true,
  },
  input: { height: 256, width: 150, mean: IMAGENET_MEAN, std: IMAGENET_STD, resize: 'bicubic' },
  augment: {
    flip: 0.5,
    enlarge: { pad: 10, factor: 1.125, probability: 0.5 },
    pad: 0,
    erase: { ...ERASE, fill: IMAGENET_MEAN },
  },
  sampler: { identities: 32, images: 4, shuffleIds: true },
  loss: {
    alpha: 2.0708620427781153,
    sigma: 0.1985923780643122,
    l: 0.483491099945938,
    margin: 0.00020750171830713216,
    beta_ratio: 0.14033231327559872,
    var_weight: 0.0006818137374953562,
    lsr_weight: 1,
    lcn_weight: 1,
  },
  centers: { lr: 0.5, gradMode: 'reference' },
  optimiser: { kind: 'adam', lr: 3.5e-4, weightDecay: 5e-4, momentum: 0.9 },
  schedule: {
    kind: 'multiStep',
    milestones: [40, 70],
    gamma: 0.4972545632405633,
    warmup: { epochs: 10, from: 0.01 },
    each: 'epoch',
  },
  epochs: 120,
  evaluation: { batch: 256, distance: 'euclidean', flip: true, every: 10 },
};

/** Clips of tracklets: 7 identities × 4 tracklets, five frames of each. */
export const fgreidVideo: FGReIDRecipe = {
  ...fgreidImage,
  name: 'fgreid-video',
  about: 'FGReID of tracklets as released: clips of 5 frames, 7 × 4 of them a batch; wants a real GPU',
  model: { ...fgreidImage.model, arch: 'video' },
  clips: { frames: 5, mode: 'dense', most: 40 },
  sampler: { identities: 7, images: 4, shuffleIds: true },
  evaluation: { ...fgreidImage.evaluation, flip: false },
};

/** Vehicles: lying pictures, 150×250. */
export const fgreidVehicle: FGReIDRecipe = {
  ...fgreidImage,
  name: 'fgreid-vehicle',
  about: 'FGReID of vehicles: the same as fgreid-image on lying pictures, 150×250',
  input: { ...fgreidImage.input, height: 150, width: 250 },
};

/**
 * The same ideas sized like `baseline`, so that some hundred pictures train from scratch in minutes on two CPU cores: two ResNet-18 of
 * width 16. Features are compared by their angle, and attention is measured within each picture, so that a feature does not depend
 * on the pictures beside it.
 */
export const fgreidImageSmall: FGReIDRecipe = {
  ...fgreidImage,
  name: 'fgreid-image-small',
  about: 'FGReID of pictures, small: two ResNet-18 of width 16, 64×32; minutes without a GPU',
  model: {
    ...fgreidImage.model,
    backbone: 'resnet18',
    width: 16,
    stem: 'small',
    channels: 128,
    inner: 32,
    minScope: 'image',
    recompute: false,
  },
  input: { ...fgreidImage.input, height: 64, width: 32 },
  augment: {
    flip: 0.5,
    enlarge: { pad: 3, factor: 1.125, probability: 0.5 },
    pad: 0,
    erase: { ...ERASE, maxArea: 0.25, fill: IMAGENET_MEAN },
  },
  sampler: { identities: 16, images: 4, shuffleIds: true },
  optimiser: { ...fgreidImage.optimiser, lr: 2e-3 },
  schedule: { kind: 'cosine', end: 60, to: 0.01, warmup: { epochs: 4, from: 0.1 } },
  epochs: 60,
  evaluation: { batch: 64, distance: 'cosine', flip: false, every: 0 },
};

/** The same for clips of four frames. */
export const fgreidVideoSmall: FGReIDRecipe = {
  ...fgreidImageSmall,
  name: 'fgreid-video-small',
  about: 'FGReID of tracklets, small: the same nets on clips of 4 frames; minutes without a GPU',
  model: { ...fgreidImageSmall.model, arch: 'video' },
  clips: { frames: 4, mode: 'dense', most: 40 },
  sampler: { identities: 8, images: 4, shuffleIds: true },
  schedule: { kind: 'cosine', end: 36, to: 0.01, warmup: { epochs: 4, from: 0.1 } },
  epochs: 36,
};

/** The same for vehicles, lying: 48×64. */
export const fgreidVehicleSmall: FGReIDRecipe = {
  ...fgreidImageSmall,
  name: 'fgreid-vehicle-small',
  about: 'FGReID of vehicles, small: the same nets on lying pictures, 48×64; minutes without a GPU',
  input: { ...fgreidImageSmall.input, height: 48, width: 64 },
  schedule: { kind: 'cosine', end: 48, to: 0.01, warmup: { epochs: 4, from: 0.1 } },
  epochs: 48,
};

import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import type { IdentityRecipe } from './recipe.js';

/** Random erasing as all published recipes have it. */
export const ERASE = { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };

/**
 * The strong baseline as published (Luo et al., CVPRW 2019): ResNet-50, 256×128, batch 16 × 4, Adam 3.5e-4, warm-up of 10
 * epochs, times 0.1 at 40 and 70, 120 epochs. For a real GPU.
 */
export const baselineR50: IdentityRecipe = {
  name: 'baseline-r50',
  about: 'the strong baseline at its published size: ResNet-50, 256×128, 120 epochs; wants a real GPU',
  model: { kind: 'baseline', backbone: 'resnet50', width: 64, stem: 'imagenet', stemStride: 2, lastStride: 1 },
  input: { height: 256, width: 128, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  augment: { flip: 0.5, pad: 10, erase: ERASE },
  sampler: { identities: 16, images: 4, cover: 'images' },
  loss: { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 1 },
  optimiser: { kind: 'adam', lr: 3.5e-4, weightDecay: 5e-4, momentum: 0.9 },
  schedule: { kind: 'multiStep', milestones: [40, 70], gamma: 0.1, warmup: { epochs: 10, from: 0.1 } },
  epochs: 120,
  evaluation: { batch: 64, distance: 'cosine', flip: false, every: 0 },
};

/** The same ideas sized so that a few thousand pictures train from scratch in minutes, on two CPU cores too. */
export const baseline: IdentityRecipe = {
  ...baselineR50,
  name: 'baseline',
  about: 'the strong baseline, small: ResNet-18 of width 16, 64×32; minutes without a GPU',
  model: { kind: 'baseline', backbone: 'resnet18', width: 16, stem: 'small', stemStride: 2, lastStride: 1 },
  input: { height: 64, width: 32, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  augment: { flip: 0.5, pad: 3, erase: { ...ERASE, maxArea: 0.25 } },
  optimiser: { kind: 'adam', lr: 2e-3, weightDecay: 5e-4, momentum: 0.9 },
  schedule: { kind: 'cosine', end: 30, to: 0.01, warmup: { epochs: 2, from: 0.1 } },
  epochs: 30,
};

/** What `npm run quickstart` trains: the same net for a few epochs. */
export const baselineTiny: IdentityRecipe = {
  ...baseline,
  name: 'baseline-tiny',
  about: 'what the quickstart trains: the same net as baseline, 16 epochs',
  schedule: { kind: 'cosine', end: 16, to: 0.01, warmup: { epochs: 2, from: 0.1 } },
  epochs: 16,
};

import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import { baseline, ERASE } from './baseline.js';
import type { IdentityRecipe } from './recipe.js';

/**
 * Relation-aware global attention as released (Zhang et al., CVPR 2020), positions then channels, for CUHK03 in the new
 * protocol: ResNet-50, 256×128, batch 16 × 4, Adam 8e-4, warm-up of 20 epochs, halved every 40 epochs from 80 to 360, 600
 * epochs. The rate changes between epochs only. For a real GPU and ImageNet's weights.
 */
export const rga: IdentityRecipe = {
  name: 'rga',
  about: 'RGA-SC as published for CUHK03 (81.1 % rank-1, 77.4 % mAP): ResNet-50, 256×128, 600 epochs; wants a real GPU',
  model: {
    kind: 'rga',
    backbone: 'resnet50',
    width: 64,
    stem: 'imagenet',
    stemStride: 2,
    lastStride: 1,
    branch: 'sc',
    ratios: { channel: 8, spatial: 8, down: 8 },
    gammaInit: 'uniform01',
    dropout: 0,
    feature: 'norm',
    bnGroups: 1,
  },
  input: { height: 256, width: 128, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  augment: { flip: 0.5, pad: 0, erase: ERASE },
  sampler: { identities: 16, images: 4, cover: 'identities' },
  loss: { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 1 },
  optimiser: { kind: 'adam', lr: 8e-4, weightDecay: 5e-4, momentum: 0.9 },
  schedule: {
    kind: 'multiStep',
    milestones: [80, 120, 160, 200, 240, 280, 320, 360],
    gamma: 0.5,
    warmup: { epochs: 20, from: 0.01 },
    each: 'epoch',
  },
  epochs: 600,
  evaluation: { batch: 64, distance: 'cosine', flip: false, every: 0 },
};

/** The paper's figures for Market-1501 come from the same settings. */
export const rgaMarket1501: IdentityRecipe = {
  ...rga,
  name: 'rga-market1501',
  about: 'the same as published for Market-1501 (96.1 % rank-1, 88.4 % mAP)',
};

/** And those for MSMT17. */
export const rgaMSMT17: IdentityRecipe = {
  ...rga,
  name: 'rga-msmt17',
  about: 'the same as published for MSMT17 (80.3 % rank-1, 57.5 % mAP)',
};

/**
 * The same ideas sized like `baseline`, so that a few thousand pictures train from scratch in minutes on two CPU cores. Attention
 * begins without effect: from random weights everywhere, gates as the paper draws them keep the network from learning.
 */
export const rgaSmall: IdentityRecipe = {
  ...baseline,
  name: 'rga-small',
  about: 'RGA-SC, small: the net of baseline with attention behind each stage; minutes without a GPU',
  model: {
    ...baseline.model,
    kind: 'rga',
    branch: 'sc',
    ratios: { channel: 4, spatial: 8, down: 2 },
    gammaInit: 'zeroLast',
    dropout: 0,
    feature: 'norm',
    bnGroups: 1,
  },
};

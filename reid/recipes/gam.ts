import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import { GAM_DENSE, GAM_LATE, GAM_R50 } from '../models/gam-options.js';
import { baseline, ERASE } from './baseline.js';
import type { GAMRecipe } from './unsupervised.js';

/**
 * Grouped attention without labels (Nikhal and Riggan, WACV 2021, as reconstructed), from random weights: ResNet-50 in four groups,
 * 256×128, 16 pictures in two views, SGD with Nesterov's momentum; 60 epochs with every picture a cluster of its own, then 18 steps of
 * two epochs with a twentieth of the clusters merged before each. For a real GPU. Market-1501 and DukeMTMC-reID have the same
 * settings.
 */
export const gam: GAMRecipe = {
  name: 'gam',
  method: 'gam',
  about:
    'GAM without labels, at the paper’s size, from random weights: ResNet-50 in 4 groups, 256×128; wants a real GPU',
  model: { kind: 'gam', ...GAM_R50 },
  input: { height: 256, width: 128, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  augment: { flip: 0.5, crop: { minArea: 0.64, minAspect: 2, maxAspect: 3 } },
  batch: 16,
  twoRandomViews: false,
  loss: { aclSharpness: 10, aclWeight: 1, idlTau: 0.1, idlWeight: 1, idlForm: 'symmetric' },
  clustering: { mergePercent: 0.05, sizePenalty: 0.003, cameras: 'ignored' },
  optimiser: { kind: 'sgd', lr: 0.1, weightDecay: 5e-4, momentum: 0.9, nesterov: true, trunk: 1 },
  schedule: { kind: 'multiStep', milestones: [40, 55], gamma: 0.1, warmup: { epochs: 5, from: 0.1 } },
  epochs: 60,
  later: { epochs: 2, lr: 0.01 },
  publishAt: 0.1,
  evaluation: { batch: 64, distance: 'euclidean', flip: false, every: 1 },
};

/** The schedule of the clustering code that it builds on, which begins with ImageNet's weights. */
export const gamImageNet: GAMRecipe = {
  ...gam,
  name: 'gam-imagenet',
  about:
    'the same without groups with the schedule for weights of ImageNet: 20 epochs first, the trunk at a tenth of the rate',
  model: { kind: 'gam', ...GAM_DENSE },
  optimiser: { ...gam.optimiser, trunk: 0.1 },
  schedule: { kind: 'multiStep', milestones: [16], gamma: 0.1 },
  epochs: 20,
};

/** The other reading of the published number of parameters. */
export const gamLate: GAMRecipe = {
  ...gam,
  name: 'gam-late',
  about: 'the other reading of the paper’s 59.6 %: groups in the last two stages only, a gate without parameters',
  model: { kind: 'gam', ...GAM_LATE },
};

/**
 * The same ideas sized like `baseline`, so that some hundred pictures train from scratch in minutes on two CPU cores. Gates begin nearly
 * open: with a quarter of each branch, so small a network is hardly more than its shortcuts and learns slowly.
 */
export const gamSmall: GAMRecipe = {
  ...gam,
  name: 'gam-small',
  about: 'GAM, small: bottlenecks of width 16 in 4 groups, 64×32; minutes without a GPU',
  model: {
    kind: 'gam',
    ...GAM_R50,
    blocks: [1, 1, 1, 1],
    width: 16,
    stem: 'small',
    lastStride: 1,
    embedDim: 256,
    gateBias: true,
    spatialBN: true,
    gateStart: 'open',
  },
  input: baseline.input,
  augment: {
    flip: 0.5,
    crop: { minArea: 0.64, minAspect: 2, maxAspect: 3 },
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, cast: 0.2 },
    erase: { ...ERASE, maxArea: 0.25 },
  },
  batch: 32,
  twoRandomViews: true,
  clustering: { ...gam.clustering, mergePercent: 0.1 },
  later: { epochs: 1, lr: 0.01 },
  optimiser: { ...gam.optimiser, lr: 0.05 },
  schedule: { kind: 'cosine', end: 40, to: 0.05, warmup: { epochs: 2, from: 0.1 } },
  epochs: 40,
  evaluation: { ...gam.evaluation, every: 3 },
};

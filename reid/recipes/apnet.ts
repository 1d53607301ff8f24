import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import { baseline, ERASE } from './baseline.js';
import type { APNetSpec } from './model-spec.js';
import type { IdentityRecipe } from './recipe.js';

const RATIOS = { channel: 8, spatial: 8, down: 8 };

const MODEL: APNetSpec = {
  kind: 'apnet',
  backbone: 'resnet50',
  width: 64,
  stem: 'imagenet',
  stemStride: 2,
  lastStride: 1,
  level: 2,
  agent: 'channel',
  stackOrder: 'fineToCoarse',
  stemRelu: false,
  parts: false,
  ratios: RATIOS,
  feature: 'norm',
  bnGroups: 2,
};

/**
 * The attention pyramid as released (Chen et al., TIP 2021), APNet-C of two levels, for Market-1501: ResNet-50 without the
 * stem's ReLU, 384×192, batch 20 × 4 in two groups for batch norm, Adam 4e-4, warm-up of 10 epochs, times 0.1 every 40 epochs,
 * 160 epochs. The rate changes between epochs only. Erased rectangles get ImageNet's mean of 0…1 although the picture is
 * normalised by then. For a real GPU and ImageNet's weights.
 */
export const apnet: IdentityRecipe = {
  name: 'apnet',
  about:
    'APNet-C2 as published for Market-1501 (96.2 % rank-1, 90.5 % mAP): ResNet-50, 384×192, 160 epochs; wants a real GPU',
  model: MODEL,
  input: { height: 384, width: 192, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  augment: { flip: 0.5, pad: 10, erase: { ...ERASE, fill: IMAGENET_MEAN } },
  sampler: { identities: 20, images: 4, cover: 'images' },
  loss: { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 1 },
  optimiser: { kind: 'adam', lr: 4e-4, weightDecay: 1e-3, momentum: 0.9 },
  schedule: {
    kind: 'multiStep',
    milestones: [40, 80, 120, 160],
    gamma: 0.1,
    warmup: { epochs: 10, from: 0.01 },
    each: 'epoch',
  },
  epochs: 160,
  // The original ranks by the Euclidean distance of normalised sums with the mirrored picture: the same order as by cosine.
  evaluation: { batch: 64, distance: 'cosine', flip: true, every: 40 },
};

/** The same settings for DukeMTMC-reID. */
export const apnetDuke: IdentityRecipe = {
  ...apnet,
  name: 'apnet-duke',
  about: 'the same as published for DukeMTMC-reID (90.4 % rank-1, 81.5 % mAP)',
};

/** The same for MSMT17, where the published figures compare scores of the classifier, not features. */
export const apnetMSMT17: IdentityRecipe = {
  ...apnet,
  name: 'apnet-msmt17',
  about: "the same as published for MSMT17 (83.7 % rank-1, 63.5 % mAP with the classifier's scores as features)",
  model: { ...MODEL, feature: 'logits' },
};

/**
 * The same ideas sized like `baseline`, so that a few thousand pictures train from scratch in minutes on two CPU cores. From random
 * weights the second level learns slower than it helps (see docs/recipes.md): this one has the first, and a ReLU in the stem.
 */
export const apnetSmall: IdentityRecipe = {
  ...baseline,
  name: 'apnet-small',
  about: 'APNet-C1, small: the net of baseline with attention behind the stem and each stage; minutes without a GPU',
  model: {
    ...baseline.model,
    kind: 'apnet',
    level: 1,
    agent: 'channel',
    stackOrder: 'fineToCoarse',
    stemRelu: true,
    parts: false,
    ratios: RATIOS,
    feature: 'norm',
    bnGroups: 1,
  },
};

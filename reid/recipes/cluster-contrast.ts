import { baseline, baselineR50 } from './baseline.js';
import type { ContrastRecipe } from './unsupervised.js';

/**
 * Cluster contrast as released (Dai et al., ACCV 2022) for Market-1501: ResNet-50 with generalised means, 256×128, batch 16 × 16, Adam
 * 3.5e-4 times 0.1 every 20 epochs, 50 epochs; DBSCAN with eps 0.5 on Jaccard distances of k1 30 and k2 6. The released code draws 200
 * batches an epoch; here an epoch has every picture about once. Begins with ImageNet's weights; for a real GPU.
 */
export const clusterContrast: ContrastRecipe = {
  name: 'cluster-contrast',
  method: 'cluster-contrast',
  about:
    'cluster contrast without labels, as released: ResNet-50, 256×128, 50 epochs; wants a real GPU and ImageNet’s weights',
  model: {
    kind: 'encoder',
    backbone: 'resnet50',
    width: 64,
    stem: 'imagenet',
    stemStride: 2,
    lastStride: 1,
    pool: 'gem',
  },
  input: baselineR50.input,
  augment: baselineR50.augment,
  sampler: { identities: 16, images: 16 },
  loss: { temperature: 0.05, momentum: 0.1, hard: false },
  clustering: { k1: 30, k2: 6, eps: 0.5, minSamples: 4, outliers: 'drop', cameras: 'ignored' },
  optimiser: { kind: 'adam', lr: 3.5e-4, weightDecay: 5e-4, momentum: 0.9 },
  schedule: { kind: 'step', every: 20, gamma: 0.1, each: 'epoch' },
  epochs: 50,
  evaluation: { batch: 64, distance: 'cosine', flip: false, every: 10 },
};

/**
 * The same ideas sized like `baseline`, so that some hundred pictures train from scratch in minutes on two CPU cores. A network that
 * knows nothing clusters by camera: clusters are tight, and pictures in none are instances of their own.
 */
export const clusterContrastSmall: ContrastRecipe = {
  ...clusterContrast,
  name: 'cluster-contrast-small',
  about: 'cluster contrast, small and from random weights: the net of baseline; minutes without a GPU',
  model: { ...clusterContrast.model, backbone: 'resnet18', width: 16, stem: 'small', pool: 'mean' },
  input: baseline.input,
  augment: { ...baseline.augment, jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, cast: 0.2 } },
  sampler: { identities: 32, images: 2 },
  clustering: { k1: 12, k2: 4, eps: 0.35, minSamples: 3, outliers: 'own', cameras: 'ignored' },
  optimiser: { ...clusterContrast.optimiser, lr: 1e-3 },
  schedule: { kind: 'cosine', end: 30, to: 0.05, warmup: { epochs: 2, from: 0.1 } },
  epochs: 30,
  evaluation: { ...clusterContrast.evaluation, every: 0 },
};

import { IMAGENET_MEAN, IMAGENET_STD } from '../../datasets/index.js';
import { GCL_WEIGHTS, type GCLWeights } from '../losses/gcl/weights.js';
import { baselineR50, ERASE } from './baseline.js';
import type { GCLSpec } from './model-spec.js';
import type { RecipeBase } from './recipe.js';

/**
 * GCL (Chen et al., CVPR 2021; TPAMI 2023): an encoder of identities is warmed up without labels, a generator learns to draw its
 * pictures from other sides, and both are trained together. `augment`, `batch`, `optimiser`, `schedule` and `epochs` are those of the
 * warm-up, the first stage; the others see pictures as they are.
 */
export interface GCLRecipe extends RecipeBase {
  readonly method: 'gcl';
  readonly model: GCLSpec;
  /** `ext` blends appearances and has prototypes (TPAMI); `cvpr` has neither. */
  readonly variant: 'ext' | 'cvpr';
  /** Which of the stages 1, 2 and 3 are made, in order. The first one begins with weights where it is not 1. */
  readonly stages: readonly number[];
  /** Pictures of a batch of the warm-up; by JVTC each of their versions counts. */
  readonly batch: number;
  readonly optimiser: RecipeBase['optimiser'] & {
    readonly nesterov: boolean;
    /** What the residual network's rate is multiplied by. */
    readonly trunk: number;
  };
  /** How the encoder is warmed up: by multi-label classification or by joint visual and temporal consistency. */
  readonly warmup: 'mlc' | 'jvtc';
  /** Multi-label classification (Wang and Zhang, CVPR 2020) without pictures of another camera's style. */
  readonly mlc: {
    /** t: pictures are alike from this score on. */
    readonly threshold: number;
    /** Epoch from which more than a picture itself is its label. */
    readonly labelsFrom: number;
    /** δ: weight of the positives. */
    readonly delta: number;
    /** r: share of the negatives that count, the hardest. */
    readonly hard: number;
    /** What a row of the memory keeps of itself in the end; rises from 0. */
    readonly momentum: number;
  };
  /** JVTC (Li and Zhang, ECCV 2020) without a labelled source, and with versions of a picture in place of other cameras' styles. */
  readonly jvtc: JVTCSpec;
  readonly generator: {
    readonly width: number;
    readonly blocks: number;
    readonly mlpWidth: number;
    /** How the networks that read codes begin: `drawn` at random as released, or `fitted` to the photos' codes, see Generator.fitCodes. */
    readonly start: 'drawn' | 'fitted';
  };
  readonly discriminator: {
    readonly width: number;
    readonly layers: number;
    readonly blocks: number;
    readonly scales: number;
  };
  /** Of the losses of stages 2 and 3. */
  readonly weights: GCLWeights;
  /** Adam's, of generator and discriminator in stages 2 and 3. */
  readonly adam: { readonly beta1: number; readonly beta2: number; readonly weightDecay: number };
  /** Stage 2: generator and discriminator alone. */
  readonly drawing: {
    readonly epochs: number;
    readonly batch: number;
    readonly lrGenerator: number;
    readonly lrDiscriminator: number;
    /** Last share of the steps, in which both rates fall evenly towards 0; 0 keeps them, as released. */
    readonly decay: number;
    /** Pictures that are computed at once: the same numbers in less memory. At most the batch. */
    readonly microBatch: number;
  };
  /** Stage 3: everything. */
  readonly joint: {
    readonly epochs: number;
    readonly batch: number;
    /** Of the encoder: SGD with Nesterov's momentum 0.9, times gamma after the epoch `milestone`. */
    readonly lr: number;
    readonly weightDecay: number;
    readonly milestone: number;
    readonly gamma: number;
    readonly lrGenerator: number;
    readonly lrDiscriminator: number;
    /** As `drawing.decay`, of generator and discriminator. */
    readonly decay: number;
    /** τ of the contrast with the memory, what a row of it keeps of itself, and how many rows are negatives. */
    readonly temperature: number;
    readonly momentum: number;
    readonly negatives: number;
    /** Whether all rows of the memory are computed anew in every epoch, and not those of clustered pictures alone as they are met. */
    readonly refresh: boolean;
    /** Divides the prototypes' scores; smooths the photos' targets. */
    readonly identityTemperature: number;
    readonly labelSmoothing: number;
    /**
     * What the running statistics of the encoder's norms are of: `all` pictures, drawn ones too, as released, or `photos` alone. `frozen` ones
     * stay what the warm-up left and normalise in training too: a small batch's own would change what the generator learnt to draw from.
     */
    readonly bnStats: 'all' | 'photos' | 'frozen';
  };
  /** α of Beta(α, α), from which shares of blends are drawn. */
  readonly mixAlpha: number;
  readonly clustering: {
    readonly k1: number;
    readonly k2: number;
    readonly minSamples: number;
    /** `eps` as given, or (`rho`) the mean of that share of the smallest distances, as first published. */
    readonly rule: 'eps' | 'rho';
    readonly eps: number;
    readonly rho: number;
  };
  /** Degrees by which structures are turned for novel views; one is drawn for each picture. */
  readonly rotations: readonly number[];
  /**
   * Of stages 2 and 3, the same numbers each way: `segments` keeps no inner maps but computes them again, in a fraction of the memory;
   * `together` sees several kinds of pictures in one pass, which is faster for small networks; `apart` neither.
   */
  readonly passes: 'segments' | 'apart' | 'together';
  /** Pictures drawn for people to look at: every so many steps of stages 2 and 3, and of how many photos. */
  readonly panels: { readonly every: number; readonly photos: number };
}

/** What the warm-up by JVTC is made of. */
export interface JVTCSpec {
  /** K: versions of a picture in a batch, each augmented by itself. They divide `batch`. */
  readonly versions: number;
  /** τ of the scores of pictures with the mean versions of the batch. */
  readonly temperature: number;
  /** τ of the scores of pictures with the bank of all pictures. */
  readonly bankTemperature: number;
  /** Weight of the bank's loss beside the batch's. */
  readonly bankWeight: number;
  /** Epoch from which the bank is clustered and its loss counts. */
  readonly clustersFrom: number;
  /** Epochs from one clustering to the next. */
  readonly every: number;
  /** Of k-reciprocal re-ranking, with the distances' weight λ beside Jaccard's. */
  readonly k1: number;
  readonly k2: number;
  readonly lambda: number;
  /** ε of DBSCAN: `factor` times the mean of the smallest share `rho` of all distances. */
  readonly rho: number;
  readonly factor: number;
  /** What a row of the bank keeps of itself: grows by `momentumStep` in each epoch, up to `momentumMost`. */
  readonly momentumStep: number;
  readonly momentumMost: number;
}

/**
 * GCL as released for Market-1501, stages in one run: ResNet-50 with a last stride of 1 and 512 numbers behind a batch norm, 256×128; a
 * generator of width 16 and three discriminators of width 32; the warm-up is MLC's, without pictures in another camera's style. Stage 2: 40
 * epochs of batches of 16 by Adam 1e-4; stage 3: 20 epochs, the encoder by SGD 3.5e-4, the others at 1e-5, into which the release
 * fell. For a real GPU and weights of ImageNet.
 */
export const gcl: GCLRecipe = {
  name: 'gcl',
  method: 'gcl',
  about:
    'GCL in its three stages, without labels, as released: ResNet-50, 256×128; wants a real GPU with 10 GiB, and structure maps',
  variant: 'ext',
  stages: [1, 2, 3],
  model: {
    kind: 'gcl',
    backbone: 'resnet50',
    width: 64,
    stem: 'imagenet',
    stemStride: 2,
    lastStride: 1,
    head: 'jvtc',
    embedding: 512,
  },
  input: { height: 256, width: 128, mean: IMAGENET_MEAN, std: IMAGENET_STD, resize: 'bicubic' },
  augment: {
    flip: 0.5,
    crop: { minArea: 0.64, minAspect: 2, maxAspect: 3 },
    jitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    move: { degrees: 10, shift: 0 },
    erase: { ...ERASE, maxArea: 0.2, fill: IMAGENET_MEAN },
  },
  batch: 128,
  optimiser: { kind: 'sgd', lr: 0.1, weightDecay: 5e-4, momentum: 0.9, nesterov: true, trunk: 0.1 },
  schedule: { kind: 'multiStep', milestones: [40], gamma: 0.1, each: 'epoch' },
  epochs: 60,
  warmup: 'mlc',
  mlc: { threshold: 0.6, labelsFrom: 6, delta: 5, hard: 0.01, momentum: 0.5 },
  jvtc: {
    versions: 4,
    temperature: 0.1,
    bankTemperature: 0.05,
    bankWeight: 0.2,
    clustersFrom: 10,
    every: 5,
    k1: 20,
    k2: 6,
    lambda: 0.3,
    rho: 1.6e-3,
    factor: 0.75,
    momentumStep: 0.01,
    momentumMost: 0.8,
  },
  generator: { width: 16, blocks: 4, mlpWidth: 512, start: 'drawn' },
  discriminator: { width: 32, layers: 2, blocks: 4, scales: 3 },
  weights: GCL_WEIGHTS,
  adam: { beta1: 0, beta2: 0.999, weightDecay: 5e-4 },
  drawing: { epochs: 40, batch: 16, lrGenerator: 1e-4, lrDiscriminator: 1e-4, decay: 0, microBatch: 16 },
  joint: {
    epochs: 20,
    batch: 16,
    lr: 3.5e-4,
    weightDecay: 5e-4,
    milestone: 10,
    gamma: 0.1,
    lrGenerator: 1e-5,
    lrDiscriminator: 1e-5,
    decay: 0,
    temperature: 0.04,
    momentum: 0.2,
    negatives: 8192,
    refresh: false,
    identityTemperature: 1,
    labelSmoothing: 0,
    bnStats: 'all',
  },
  mixAlpha: 0.6,
  clustering: { k1: 30, k2: 6, minSamples: 4, rule: 'eps', eps: 0.55, rho: 0.002 },
  rotations: [45, 90, 135, 180, 225, 270],
  passes: 'segments',
  panels: { every: 200, photos: 8 },
  evaluation: { ...baselineR50.evaluation, batch: 128, distance: 'euclidean', every: 1 },
};

/** The warm-up alone. */
export const gclStage1: GCLRecipe = {
  ...gcl,
  name: 'gcl-stage1',
  about: 'the first stage alone: the encoder, warmed up by multi-label classification; 9.3 GiB at a batch of 128',
  stages: [1],
};

/**
 * The warm-up alone, by JVTC, as the released files were made but for the pictures in other cameras' styles, whose place four versions of
 * a picture take: 32 pictures four times in a batch, 0.1 for the new layers and 0.01 for the others, a tenth of that behind 40 epochs.
 * For MSMT17 the authors took `jvtc.factor=0.85` and 99 epochs.
 */
export const gclStage1JVTC: GCLRecipe = {
  ...gclStage1,
  name: 'gcl-stage1-jvtc',
  about:
    'the first stage alone, by JVTC: versions of a picture agree, and a bank of all pictures is clustered; 9.3 GiB',
  warmup: 'jvtc',
  input: { ...gcl.input, resize: 'bilinear' },
  augment: { flip: 0.5, erase: { ...ERASE, maxArea: 0.2, fill: IMAGENET_MEAN } },
  schedule: { kind: 'step', every: 40, gamma: 0.1, each: 'epoch' },
  epochs: 45,
};

/** The generator alone. */
export const gclStage2: GCLRecipe = {
  ...gcl,
  name: 'gcl-stage2',
  about:
    'the second stage alone: the generator, for an encoder given by --weights; 8.5 GiB, or 1.9 with drawing.microBatch=4',
  stages: [2],
};

/** Both together. */
export const gclStage3: GCLRecipe = {
  ...gcl,
  name: 'gcl-stage3',
  about:
    'the third stage alone: encoder and generator together, both given by --weights; 8.6 GiB, or 24.4 with passes=apart',
  stages: [3],
};

/**
 * The same ideas with small networks, for drawn people: all three stages on two CPU cores. From random weights and in few steps: warmed up
 * by JVTC, which finds the people of each camera, then means of the gradient too, no weight decay, rates that fall, a generator that begins with
 * its photos' codes, and pixels of the photo before everything else: what a generator says of its own first drawings leads it astray.
 */
export const gclSmall: GCLRecipe = {
  ...gcl,
  name: 'gcl-small',
  about: 'GCL in its three stages, small: ResNet-18 of width 16, 80×40, for --data toy-walkers; without a GPU',
  model: { ...gcl.model, backbone: 'resnet18', width: 16, stem: 'small', embedding: 64 },
  input: { ...gcl.input, height: 80, width: 40 },
  augment: {
    flip: 0.5,
    pad: 3,
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, cast: 0.2 },
    erase: { ...ERASE, maxArea: 0.2 },
  },
  batch: 64,
  optimiser: { ...gcl.optimiser, lr: 0.05, trunk: 1 },
  schedule: { kind: 'cosine', end: 12, to: 0.05, warmup: { epochs: 1, from: 0.1 } },
  epochs: 12,
  warmup: 'jvtc',
  // Of some hundred pictures, one in a hundred negatives would be a handful.
  mlc: { ...gcl.mlc, labelsFrom: 8, hard: 0.1 },
  // Of all pairs of toy walkers, one in 150 shows one person in one camera.
  jvtc: { ...gcl.jvtc, versions: 2, clustersFrom: 2, every: 1, rho: 0.006, factor: 1 },
  generator: { width: 8, blocks: 2, mlpWidth: 256, start: 'fitted' },
  discriminator: { width: 8, layers: 2, blocks: 1, scales: 2 },
  weights: { ...GCL_WEIGHTS, adversarial: 0.05, cycle: 1, code: 0.1, memory: 0.1, identity: 0.1 },
  adam: { beta1: 0.5, beta2: 0.999, weightDecay: 0 },
  drawing: { epochs: 6, batch: 4, lrGenerator: 1e-3, lrDiscriminator: 1e-4, decay: 0.6, microBatch: 4 },
  joint: {
    ...gcl.joint,
    epochs: 3,
    batch: 8,
    lr: 5e-4,
    milestone: 1,
    lrGenerator: 5e-4,
    decay: 0.66,
    refresh: true,
    bnStats: 'frozen',
  },
  clustering: { ...gcl.clustering, k1: 12, k2: 3, eps: 0.4 },
  passes: 'together',
  panels: { every: 200, photos: 6 },
  evaluation: { ...gcl.evaluation, batch: 64, every: 4 },
};

/** Switches of the attention in a block. */
export interface GAMAttentionOptions {
  /**
   * The weight of each channel from the means z of all: `mlp` σ(W₂ ReLU(W₁ z)), `sigmoid` σ(z), `softmaxPerGroup` the softmax of z
   * over the channels of its group, `none` 1.
   */
  readonly gate?: 'mlp' | 'softmaxPerGroup' | 'sigmoid' | 'none';
  /** How much narrower than the map the hidden layer of `mlp` is. */
  readonly reduction?: number;
  readonly gateBias?: boolean;
  /** What of the weighed channels the map of positions is computed from. */
  readonly spatialPool?: 'mean' | 'max' | 'mean+max';
  /** Side of its filter; odd. */
  readonly spatialKernel?: number;
  readonly spatialBN?: boolean;
  /**
   * Where both weights begin: near the middle of the sigmoid (`middle`, as reconstructed: a block begins with a quarter of its branch),
   * or nearly at 1 by their biases (`open`; needs `gateBias` and `spatialBN`), from which small networks learn at all.
   */
  readonly gateStart?: 'middle' | 'open';
  /**
   * How the weighed map rejoins the trunk. With U the map weighed by channels and A the map of positions: `mul+residual`
   * ReLU(A ⊙ U + skip), `literalAdd` ReLU(U + A + skip), `mul` ReLU(A ⊙ U).
   */
  readonly combine?: 'mul+residual' | 'literalAdd' | 'mul';
}

/** Switches of the grouped attention network; what is left out is as in `gam-r50`. */
export interface GAMOptions extends GAMAttentionOptions {
  /** Groups of the convolutions of the bottlenecks in `groupedStages`. */
  readonly groups?: number;
  /** Stages, from 1 to 4, whose convolutions are grouped. */
  readonly groupedStages?: readonly number[];
  /** Whether the shortcuts of these stages are grouped too. */
  readonly groupDownsample?: boolean;
  readonly attentionIn?: 'everyBlock' | 'stageEnds' | 'none';
  readonly lastStride?: 1 | 2;
  /** Width of the training embedding. */
  readonly embedDim?: number;
  /** Of the embedding that the clustering loss sees. */
  readonly dropout?: number;
  /** Bottlenecks in each of the four stages. */
  readonly blocks?: readonly number[];
  /** Planes of the first stage; it gives 4 times as many channels, the next stages twice as many each. */
  readonly width?: number;
  /** `imagenet`: 7×7 and a max-pool; `small`, for small pictures: 3×3. */
  readonly stem?: 'imagenet' | 'small';
  readonly stemStride?: 1 | 2;
}

/** The network of the paper as reconstructed: ResNet-50 in four groups with attention in every block. */
export const GAM_R50: Required<GAMOptions> = {
  groups: 4,
  groupedStages: [1, 2, 3, 4],
  groupDownsample: false,
  attentionIn: 'everyBlock',
  gate: 'mlp',
  reduction: 16,
  gateBias: false,
  spatialPool: 'mean',
  spatialKernel: 7,
  spatialBN: false,
  gateStart: 'middle',
  combine: 'mul+residual',
  lastStride: 2,
  embedDim: 2048,
  dropout: 0.5,
  blocks: [3, 4, 6, 3],
  width: 64,
  stem: 'imagenet',
  stemStride: 2,
};

/** The second reading with as many parameters fewer: all convolutions of the last two stages grouped, a gate without parameters. */
export const GAM_LATE: Required<GAMOptions> = {
  ...GAM_R50,
  groupedStages: [3, 4],
  groupDownsample: true,
  gate: 'softmaxPerGroup',
};

/** The same without groups, into which torchvision's ResNet-50 loads. */
export const GAM_DENSE: Required<GAMOptions> = { ...GAM_R50, groups: 1 };

/** CBAM in ResNet-50 as published (Woo et al., ECCV 2018): what the paper's 59.6 % is counted against. */
export const CBAM_R50: Required<GAMOptions> = {
  ...GAM_DENSE,
  gateBias: true,
  spatialPool: 'mean+max',
  spatialBN: true,
};

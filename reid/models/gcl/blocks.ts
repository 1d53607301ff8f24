import { BatchNorm2d, Conv2d, InstanceNorm2d, Linear, Module, PReLU } from '../../../engine/nn/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { cat } from '../../../engine/ops/join.js';
import { instanceNorm } from '../../../engine/ops/norm.js';
import { pad } from '../../../engine/ops/pad.js';
import { leakyRelu, relu, selu, tanh } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';
import { AdaptiveInstanceNorm2d, PictureNorm, type Style } from './norms.js';

export type BlockNorm = 'none' | 'bn' | 'in' | 'ln' | 'adain';
export type BlockActivation = 'none' | 'relu' | 'lrelu' | 'prelu' | 'selu' | 'tanh';

export interface ConvBlockOptions {
  readonly stride?: number;
  /** Pixels around the map. Default 0. */
  readonly padding?: number;
  /** What they are: the map mirrored (default), of which each side must be larger, or its edge repeated. */
  readonly padMode?: 'reflect' | 'replicate';
  readonly dilation?: number;
  readonly norm?: BlockNorm;
  readonly activation?: BlockActivation;
  /**
   * What is added in front of the norm: the normed convolution (`series`) or the normed input (`parallel`), as the release's other
   * residual blocks have it.
   */
  readonly adapter?: 'series' | 'parallel';
}

const SLOPE = 0.2;

const FUNCTIONS: Readonly<Record<Exclude<BlockActivation, 'prelu'>, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu,
  lrelu: (x) => leakyRelu(x, SLOPE),
  selu,
  tanh,
};

const NORMS: Readonly<Record<Exclude<BlockNorm, 'none' | 'adain'>, (channels: number) => Module & Plain>> = {
  bn: (channels) => new BatchNorm2d(channels),
  in: (channels) => new InstanceNorm2d(channels),
  ln: (channels) => new PictureNorm(channels),
};

interface Plain {
  forward(x: Tensor): Tensor;
}

/** Padding, a convolution with bias, a norm, an activation, in this order. */
export class ConvBlock extends Module {
  readonly norm: (Module & Plain) | AdaptiveInstanceNorm2d | undefined;
  readonly activation: PReLU | undefined;
  readonly conv: Conv2d;
  readonly #options: ConvBlockOptions;
  readonly #activate: (x: Tensor) => Tensor;

  constructor(inputs: number, outputs: number, kernel: number, options: ConvBlockOptions = {}) {
    super();
    const { stride = 1, dilation = 1, norm = 'none', activation = 'none' } = options;
    this.#options = options;
    if (norm === 'adain') this.norm = new AdaptiveInstanceNorm2d(outputs);
    else this.norm = norm === 'none' ? undefined : NORMS[norm](outputs);
    const own = activation === 'prelu' ? new PReLU() : undefined;
    this.activation = own;
    this.#activate = own ? (x) => own.forward(x) : FUNCTIONS[activation as keyof typeof FUNCTIONS];
    this.conv = new Conv2d(inputs, outputs, kernel, { stride, dilation });
  }

  /** @param style for a norm that is `adain` */
  forward(x: Tensor, style?: Style): Tensor {
    const { padding: p = 0, padMode: mode = 'reflect', adapter } = this.#options;
    const seen = this.conv.forward(p > 0 ? pad(x, [p, p, p, p], { mode }) : x);
    const y = adapter ? add(seen, instanceNorm(adapter === 'series' ? seen : x)) : seen;
    if (this.norm instanceof AdaptiveInstanceNorm2d) {
      if (!style) throw new TypeError('ConvBlock: an adaptive norm needs a style.');
      return this.#activate(this.norm.forward(y, style));
    }
    return this.#activate(this.norm?.forward(y) ?? y);
  }
}

/** How a residual block is made: `slim` of 1×1, two 3×3 and 1×1 at half the channels; the others of two 3×3. */
export type ResidualKind = 'basic' | 'slim' | 'series' | 'parallel';

/** Blocks with an activation, the last without, and their input added to what they give. GCL uses `basic`. */
export class ResidualBlock extends Module {
  readonly model: readonly ConvBlock[];

  constructor(channels: number, options: Pick<ConvBlockOptions, 'norm' | 'activation'>, kind: ResidualKind = 'basic') {
    super();
    const last = { activation: 'none' } as const;
    if (kind === 'slim') {
      const half = channels / 2;
      this.model = [
        new ConvBlock(channels, half, 1, options),
        new ConvBlock(half, half, 3, { ...options, padding: 1 }),
        new ConvBlock(half, half, 3, { ...options, padding: 1 }),
        new ConvBlock(half, channels, 1, { ...options, ...last }),
      ];
      return;
    }
    const adapted = { ...options, padding: 1, adapter: kind === 'basic' ? undefined : kind };
    this.model = [
      new ConvBlock(channels, channels, 3, adapted),
      new ConvBlock(channels, channels, 3, { ...adapted, ...last }),
    ];
  }

  /** @param styles of the norms where they are `adain` */
  forward(x: Tensor, styles: readonly Style[] = []): Tensor {
    return add(
      this.model.reduce((y, block, i) => block.forward(y, styles[i]), x),
      x,
    );
  }
}

/** A list of residual blocks. */
export class ResidualBlocks extends Module {
  readonly model: readonly ResidualBlock[];

  constructor(count: number, channels: number, options: Pick<ConvBlockOptions, 'norm' | 'activation'>) {
    super();
    this.model = Array.from({ length: count }, () => new ResidualBlock(channels, options));
  }

  /** @param styles two for each block, where norms are `adain` */
  forward(x: Tensor, styles: readonly Style[] = []): Tensor {
    return this.model.reduce((y, block, i) => block.forward(y, styles.slice(2 * i, 2 * i + 2)), x);
  }
}

/**
 * Looks at a map with four spacings and joins what it sees (after Chen et al., "Rethinking atrous convolution for semantic image
 * segmentation", 2017): [N, C, H, W] → [N, 2C, H, W]. Names say 6, 12 and 18 for historical reasons; spacings are 3, 6 and 9, and
 * each side of the map must be larger than 9.
 */
export class SpacedPyramid extends Module {
  readonly conv1: ConvBlock;
  readonly conv6: readonly ConvBlock[];
  readonly conv12: readonly ConvBlock[];
  readonly conv18: readonly ConvBlock[];
  readonly fuse: ConvBlock;

  constructor(channels: number, options: Pick<ConvBlockOptions, 'norm' | 'activation'>) {
    super();
    const { norm } = options;
    const part = channels / 2;
    const spaced = (dilation: number) => [
      new ConvBlock(channels, part, 1, options),
      new ConvBlock(part, part, 3, { norm, padding: dilation, dilation }),
    ];
    this.conv1 = new ConvBlock(channels, part, 1, { norm });
    this.conv6 = spaced(3);
    this.conv12 = spaced(6);
    this.conv18 = spaced(9);
    this.fuse = new ConvBlock(4 * part, 4 * part, 1, { norm });
  }

  forward(x: Tensor): Tensor {
    const through = (blocks: readonly ConvBlock[]) => blocks.reduce((y, block) => block.forward(y), x);
    const views = [this.conv1.forward(x), through(this.conv6), through(this.conv12), through(this.conv18)];
    return this.fuse.forward(cat(views, 1));
  }
}

/** A linear layer under the name that the original gives it. */
class LinearBlock extends Module {
  readonly fc: Linear;

  constructor(inputs: number, outputs: number) {
    super();
    this.fc = new Linear(inputs, outputs);
  }

  forward(x: Tensor): Tensor {
    return this.fc.forward(x);
  }
}

/** Three linear layers with LeakyReLU between them: [N, inputs] → [N, outputs]. */
export class MLP extends Module {
  readonly model: readonly LinearBlock[];

  constructor(inputs: number, outputs: number, inner: number) {
    super();
    this.model = [new LinearBlock(inputs, inner), new LinearBlock(inner, inner), new LinearBlock(inner, outputs)];
  }

  forward(x: Tensor): Tensor {
    return this.model.reduce((y, layer, i) => (i === 0 ? layer.forward(y) : layer.forward(leakyRelu(y, SLOPE))), x);
  }
}

import {
  BatchNorm2d,
  Conv2d,
  convNorm,
  init,
  type Layer,
  MaxPool2d,
  Module,
  Sequential,
} from '../../../engine/nn/index.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Residual networks (He et al., "Deep residual learning for image recognition", CVPR 2016), as torchvision builds them. */

/** Blocks in each of the four stages. */
const BLOCKS = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;

export type ResNetDepth = keyof typeof BLOCKS;

export interface ResNetOptions {
  readonly depth: ResNetDepth;
  /** Channels of the stem and the first stage's planes: 64 in the paper; stages have 1, 2, 4 and 8 times as many planes. */
  readonly width?: number;
  /** Stride of the last stage: 2 as in the paper (default), or 1, which leaves a map twice as large for re-identification. */
  readonly lastStride?: 1 | 2;
  /** `imagenet` (default): 7×7 with stride 2 and a max-pool; `small`, for small images: 3×3 and no pool. */
  readonly stem?: 'imagenet' | 'small';
  /** Default 2 for `imagenet`, 1 for `small`. */
  readonly stemStride?: 1 | 2;
  /** Whether a ReLU follows the stem's norm; default true. */
  readonly stemRelu?: boolean;
  readonly inputs?: number;
}

/** How much smaller than the picture the map behind each of the four stages is. */
export function resnetStrides({ stem = 'imagenet', stemStride, lastStride = 2 }: ResNetOptions): number[] {
  const first = stem === 'imagenet' ? (stemStride ?? 2) * 2 : (stemStride ?? 1);
  return [first, 2 * first, 4 * first, 4 * first * lastStride];
}

const conv3x3 = (inputs: number, outputs: number, stride = 1): Conv2d =>
  new Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });

const conv1x1 = (inputs: number, outputs: number, stride = 1): Conv2d =>
  new Conv2d(inputs, outputs, 1, { stride, bias: false });

/** The shortcut where a block changes the shape: a 1×1 convolution and its norm, named 0 and 1 as in torchvision. */
class Shortcut extends Sequential {
  readonly #conv: Conv2d;
  readonly #norm: BatchNorm2d;

  constructor(inputs: number, outputs: number, stride: number) {
    const conv = conv1x1(inputs, outputs, stride);
    const norm = new BatchNorm2d(outputs);
    super(conv, norm);
    this.#conv = conv;
    this.#norm = norm;
  }

  override forward(x: Tensor): Tensor {
    return convNorm(this.#conv, this.#norm, x);
  }
}

const shortcut = (inputs: number, outputs: number, stride: number): Shortcut | undefined =>
  stride === 1 && inputs === outputs ? undefined : new Shortcut(inputs, outputs, stride);

/** Two 3×3 convolutions; [N, inputs, H, W] → [N, planes, H/stride, W/stride]. */
export class BasicBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Sequential | undefined;

  constructor(inputs: number, planes: number, stride: number) {
    super();
    this.conv1 = conv3x3(inputs, planes, stride);
    this.bn1 = new BatchNorm2d(planes);
    this.conv2 = conv3x3(planes, planes);
    this.bn2 = new BatchNorm2d(planes);
    this.downsample = shortcut(inputs, planes, stride);
  }

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv1, this.bn1, x, { relu: true });
    return convNorm(this.conv2, this.bn2, y, { residual: this.downsample?.forward(x) ?? x, relu: true });
  }
}

/** 1×1, 3×3 (with the stride), 1×1 convolutions; [N, inputs, H, W] → [N, 4 planes, H/stride, W/stride]. */
export class Bottleneck extends Module {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | undefined;

  constructor(inputs: number, planes: number, stride: number) {
    super();
    const outputs = planes * Bottleneck.expansion;
    this.conv1 = conv1x1(inputs, planes);
    this.bn1 = new BatchNorm2d(planes);
    this.conv2 = conv3x3(planes, planes, stride);
    this.bn2 = new BatchNorm2d(planes);
    this.conv3 = conv1x1(planes, outputs);
    this.bn3 = new BatchNorm2d(outputs);
    this.downsample = shortcut(inputs, outputs, stride);
  }

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv1, this.bn1, x, { relu: true });
    const z = convNorm(this.conv2, this.bn2, y, { relu: true });
    return convNorm(this.conv3, this.bn3, z, { residual: this.downsample?.forward(x) ?? x, relu: true });
  }
}

/**
 * A residual network without its classifier: images [N, 3, H, W] → features [N, outputs, H/32, W/32] (H/16, W/16 with a last
 * stride of 1). Names are torchvision's, so that its checkpoints load when `fc.*` is left out.
 *
 * @example
 *   const backbone = new ResNet({ depth: 50, lastStride: 1 });
 *   backbone.forward(images); // [N, 2048, H/16, W/16]
 */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly #maxpool: MaxPool2d | undefined;
  readonly #stemRelu: boolean;
  /** Channels after each of the four stages. */
  readonly stageOutputs: readonly number[];
  /** How much smaller than the picture the map behind each stage is. */
  readonly stageStrides: readonly number[];

  constructor(options: ResNetOptions) {
    super();
    const { depth, width = 64, lastStride = 2, stem = 'imagenet', stemRelu = true, inputs = 3 } = options;
    const { stemStride = stem === 'imagenet' ? 2 : 1 } = options;
    const Block = depth < 50 ? BasicBlock : Bottleneck;
    const large = stem === 'imagenet';
    const kernel = large ? 7 : 3;
    this.#stemRelu = stemRelu;
    this.conv1 = new Conv2d(inputs, width, kernel, { stride: stemStride, padding: (kernel - 1) / 2, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.#maxpool = large ? new MaxPool2d(3, { stride: 2, padding: 1 }) : undefined;
    let channels = width;
    const stage = (index: number, stride: number): Sequential => {
      const planes = width * 2 ** index;
      const layers: Layer[] = [];
      for (let i = 0; i < BLOCKS[depth][index]!; i++) {
        layers.push(new Block(channels, planes, i === 0 ? stride : 1));
        channels = planes * Block.expansion;
      }
      return new Sequential(...layers);
    };
    this.layer1 = stage(0, 1);
    this.layer2 = stage(1, 2);
    this.layer3 = stage(2, 2);
    this.layer4 = stage(3, lastStride);
    this.stageOutputs = [1, 2, 4, 8].map((times) => width * times * Block.expansion);
    this.stageStrides = resnetStrides(options);
    this.apply(initialise);
  }

  /** Channels of the features. */
  get outputs(): number {
    return this.stageOutputs[3]!;
  }

  /** Up to the first stage: [N, 3, H, W] → [N, width, H/4, W/4] with the ImageNet stem. */
  stem(x: Tensor): Tensor {
    const y = convNorm(this.conv1, this.bn1, x, { relu: this.#stemRelu });
    return this.#maxpool?.forward(y) ?? y;
  }

  forward(x: Tensor): Tensor {
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce((y, stage) => stage.forward(y), this.stem(x));
  }
}

/** torchvision's: convolutions N(0, 2 / fan_out); norms begin at 1 and 0 by themselves. */
function initialise(module: Module): void {
  if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
}

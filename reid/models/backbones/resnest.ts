import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  convNorm,
  init,
  type Layer,
  Linear,
  MaxPool2d,
  Module,
  normRelu,
  ReLU,
  Sequential,
} from '../../../engine/nn/index.js';
import { mul } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { reshape } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { StagedBackbone } from './staged.js';

/** ResNeSt (Zhang et al., "ResNeSt: split-attention networks", 2020), radix 2, cardinality 1. */

const BLOCKS = {
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  200: [3, 24, 36, 3],
  269: [3, 30, 48, 8],
} as const;

export interface ResNeStOptions {
  readonly depth?: keyof typeof BLOCKS;
  /** Planes of the first stage; default 64. */
  readonly width?: number;
  /** Stride of the last stage: 1 (default, as APNet's repository has it), or 2 as published. */
  readonly lastStride?: 1 | 2;
  /** Classes of `fc`, which ImageNet's files have; without it there is none. */
  readonly classes?: number;
}

const RADIX = 2;

const conv3x3 = (inputs: number, outputs: number, stride = 1): Conv2d =>
  new Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });

/** A 3×3 convolution to two groups of channels, summed with weights by a softmax over the two, from the means of both. */
class SplitAttentionConv extends Module {
  readonly conv: Conv2d;
  readonly bn0: BatchNorm2d;
  readonly fc1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly fc2: Conv2d;

  constructor(channels: number, stride: number) {
    super();
    const inner = Math.max(Math.floor((channels * RADIX) / 4), 32);
    this.conv = new Conv2d(channels, RADIX * channels, 3, { stride, padding: 1, groups: RADIX, bias: false });
    this.bn0 = new BatchNorm2d(RADIX * channels);
    this.fc1 = new Conv2d(channels, inner, 1);
    this.bn1 = new BatchNorm2d(inner);
    this.fc2 = new Conv2d(inner, RADIX * channels, 1);
  }

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv, this.bn0, x, { relu: true });
    const [batch, both, height, width] = y.shape as [number, number, number, number];
    const channels = both / RADIX;
    const means = sum(reshape(mean(y, [2, 3]), [batch, RADIX, channels]), 1);
    const hidden = convNorm(this.fc1, this.bn1, reshape(means, [batch, channels, 1, 1]), { relu: true });
    const weights = softmax(reshape(this.fc2.forward(hidden), [batch, RADIX, channels, 1]), 1);
    const parts = reshape(y, [batch, RADIX, channels, height * width]);
    return reshape(sum(mul(parts, weights), 1), [batch, channels, height, width]);
  }
}

class ResNeStBottleneck extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: SplitAttentionConv;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | undefined;
  readonly #pool: AvgPool2d | undefined;

  /** Where `pool` is set, the stride is that of a mean pool behind the second convolution. */
  constructor(inputs: number, planes: number, stride: number, pool: boolean) {
    super();
    const outputs = 4 * planes;
    this.conv1 = new Conv2d(inputs, planes, 1, { bias: false });
    this.bn1 = new BatchNorm2d(planes);
    this.conv2 = new SplitAttentionConv(planes, pool ? 1 : stride);
    this.#pool = pool ? new AvgPool2d(3, { stride, padding: 1 }) : undefined;
    this.conv3 = new Conv2d(planes, outputs, 1, { bias: false });
    this.bn3 = new BatchNorm2d(outputs);
    if (stride === 1 && inputs === outputs) return;
    this.downsample = new Sequential(
      new AvgPool2d(stride, { stride, ceilMode: true, countIncludePad: false }),
      new Conv2d(inputs, outputs, 1, { bias: false }),
      new BatchNorm2d(outputs),
    );
  }

  forward(x: Tensor): Tensor {
    const y = this.conv2.forward(convNorm(this.conv1, this.bn1, x, { relu: true }));
    const z = this.#pool?.forward(y) ?? y;
    return convNorm(this.conv3, this.bn3, z, { residual: this.downsample?.forward(x) ?? x, relu: true });
  }
}

/**
 * ResNeSt without its classifier: images [N, 3, H, W] → maps [N, 2048, H/16, W/16] with the last stride of 1. Names are the
 * published ones.
 *
 * @example
 *   const backbone = new ResNeSt({ depth: 50 });
 *   importImageNet(backbone, checkpoint);
 */
export class ResNeSt extends Module implements StagedBackbone {
  readonly conv1: Sequential;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear | undefined;
  readonly stageOutputs: readonly number[];
  readonly stageStrides: readonly number[];
  readonly #maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });

  constructor({ depth = 50, width = 64, lastStride = 1, classes }: ResNeStOptions = {}) {
    super();
    const stem = depth === 50 ? width / 2 : width;
    this.conv1 = new Sequential(
      conv3x3(3, stem, 2),
      new BatchNorm2d(stem),
      new ReLU(),
      conv3x3(stem, stem),
      new BatchNorm2d(stem),
      new ReLU(),
      conv3x3(stem, 2 * stem),
    );
    this.bn1 = new BatchNorm2d(2 * stem);
    let channels = 2 * stem;
    const stage = (index: number, stride: number): Sequential => {
      const planes = width * 2 ** index;
      const layers: Layer[] = [];
      for (let i = 0; i < BLOCKS[depth][index]!; i++) {
        layers.push(new ResNeStBottleneck(channels, planes, i === 0 ? stride : 1, i === 0 && index > 0));
        channels = 4 * planes;
      }
      return new Sequential(...layers);
    };
    this.layer1 = stage(0, 1);
    this.layer2 = stage(1, 2);
    this.layer3 = stage(2, 2);
    this.layer4 = stage(3, lastStride);
    this.fc = classes === undefined ? undefined : new Linear(channels, classes);
    this.stageOutputs = [4, 8, 16, 32].map((times) => times * width);
    this.stageStrides = [4, 8, 16, 16 * lastStride];
    this.apply((module) => {
      if (!(module instanceof Conv2d)) return;
      const [outputs, , height, across] = module.weight.shape as [number, number, number, number];
      init.normal_(module.weight, 0, Math.sqrt(2 / (height * across * outputs)));
    });
  }

  get outputs(): number {
    return this.stageOutputs[3]!;
  }

  stem(x: Tensor): Tensor {
    return this.#maxpool.forward(normRelu(this.bn1, this.conv1.forward(x)));
  }

  forward(x: Tensor): Tensor {
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce((y, stage) => stage.forward(y), this.stem(x));
  }
}

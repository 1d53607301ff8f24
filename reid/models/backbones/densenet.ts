import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  init,
  type Layer,
  Linear,
  MaxPool2d,
  Module,
  normRelu,
  ReLU,
  Sequential,
} from '../../../engine/nn/index.js';
import { cat } from '../../../engine/ops/join.js';
import { mean } from '../../../engine/ops/reduce.js';
import { relu } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Densely connected networks (Huang et al., CVPR 2017), named as in torchvision. */

/** Channels of the stem, new channels a layer, and layers of each block. */
const SIZES = {
  121: { stem: 64, growth: 32, blocks: [6, 12, 24, 16] },
  169: { stem: 64, growth: 32, blocks: [6, 12, 32, 32] },
  201: { stem: 64, growth: 32, blocks: [6, 12, 48, 32] },
  161: { stem: 96, growth: 48, blocks: [6, 12, 36, 24] },
} as const;

export interface DenseNetOptions {
  readonly depth: keyof typeof SIZES;
  /** Divides the channels, for tests and small pictures; default 1. */
  readonly narrower?: number;
  /** Classes of `classifier`, which ImageNet's files have; without it there is none. */
  readonly classes?: number;
}

/** Norm, ReLU, 1×1 convolution, norm, ReLU, 3×3 convolution; what comes out is joined behind what went in. */
class DenseLayer extends Module {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(inputs: number, growth: number) {
    super();
    this.norm1 = new BatchNorm2d(inputs);
    this.conv1 = new Conv2d(inputs, 4 * growth, 1, { bias: false });
    this.norm2 = new BatchNorm2d(4 * growth);
    this.conv2 = new Conv2d(4 * growth, growth, 3, { padding: 1, bias: false });
  }

  forward(x: Tensor): Tensor {
    const y = this.conv1.forward(normRelu(this.norm1, x));
    return cat([x, this.conv2.forward(normRelu(this.norm2, y))], 1);
  }
}

/** Half of the channels at half of the size. */
const transition = (inputs: number): Sequential =>
  new Sequential({
    norm: new BatchNorm2d(inputs),
    relu: new ReLU(),
    conv: new Conv2d(inputs, inputs / 2, 1, { bias: false }),
    pool: new AvgPool2d(2),
  });

/**
 * A DenseNet: images [N, 3, H, W] → maps [N, outputs, H/32, W/32], behind the last norm and before its ReLU.
 *
 * @example
 *   new DenseNet({ depth: 121 }).forward(images); // [N, 1024, 8, 4] of 256×128
 */
export class DenseNet extends Module {
  readonly features: Sequential;
  readonly classifier: Linear | undefined;
  /** Channels of the maps. */
  readonly outputs: number;

  constructor({ depth, narrower = 1, classes }: DenseNetOptions) {
    super();
    const { stem, growth, blocks } = SIZES[depth];
    const step = growth / narrower;
    let channels = stem / narrower;
    const layers: Record<string, Layer> = {
      conv0: new Conv2d(3, channels, 7, { stride: 2, padding: 3, bias: false }),
      norm0: new BatchNorm2d(channels),
      relu0: new ReLU(),
      pool0: new MaxPool2d(3, { stride: 2, padding: 1 }),
    };
    for (const [i, count] of blocks.entries()) {
      const block: Record<string, Layer> = {};
      for (let k = 1; k <= count; k++, channels += step) block[`denselayer${k}`] = new DenseLayer(channels, step);
      layers[`denseblock${i + 1}`] = new Sequential(block);
      if (i === blocks.length - 1) continue;
      layers[`transition${i + 1}`] = transition(channels);
      channels /= 2;
    }
    layers.norm5 = new BatchNorm2d(channels);
    this.features = new Sequential(layers);
    this.classifier = classes === undefined ? undefined : new Linear(channels, classes);
    this.outputs = channels;
    this.apply((module) => {
      if (module instanceof Conv2d) init.kaimingNormal_(module.weight);
      if (module instanceof Linear) init.constant_(module.bias!, 0);
    });
  }

  forward(x: Tensor): Tensor {
    return this.features.forward(x);
  }

  /** Maps → scores [N, classes]. */
  classify(maps: Tensor): Tensor {
    if (!this.classifier) throw new TypeError('DenseNet: it was made without classes, so there is no classifier.');
    return this.classifier.forward(mean(relu(maps), [2, 3]));
  }
}

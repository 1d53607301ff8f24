import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  convNorm,
  init,
  type Layer,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../../../engine/nn/index.js';
import { add, mul } from '../../../engine/ops/arithmetic.js';
import { relu, sigmoid } from '../../../engine/ops/unary.js';
import { flatten } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/** OSNet (Zhou et al., "Omni-scale feature learning for person re-identification", ICCV 2019), named as in torchreid. */

/** Convolution, norm, ReLU. */
class ConvLayer extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inputs: number, outputs: number, kernel: number, stride = 1) {
    super();
    this.conv = new Conv2d(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(outputs);
  }

  forward(x: Tensor): Tensor {
    return convNorm(this.conv, this.bn, x, { relu: true });
  }
}

/** 1×1 convolution and norm, without ReLU. */
class Conv1x1Linear extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inputs: number, outputs: number) {
    super();
    this.conv = new Conv2d(inputs, outputs, 1, { bias: false });
    this.bn = new BatchNorm2d(outputs);
  }

  forward(x: Tensor): Tensor {
    return convNorm(this.conv, this.bn, x);
  }
}

/** Lite 3×3: a 1×1 convolution (linear), a depthwise 3×3 one, norm, ReLU. */
class LightConv3x3 extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inputs: number, outputs: number) {
    super();
    this.conv1 = new Conv2d(inputs, outputs, 1, { bias: false });
    this.conv2 = new Conv2d(outputs, outputs, 3, { padding: 1, bias: false, groups: outputs });
    this.bn = new BatchNorm2d(outputs);
  }

  forward(x: Tensor): Tensor {
    return convNorm(this.conv2, this.bn, this.conv1.forward(x), { relu: true });
  }
}

/** The aggregation gate: a weight in (0, 1) for each channel of each image, from its mean. All streams share one. */
class ChannelGate extends Module {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly #pool = new AdaptiveAvgPool2d(1);

  constructor(channels: number, reduction = 16) {
    super();
    const hidden = Math.floor(channels / reduction);
    this.fc1 = new Conv2d(channels, hidden, 1);
    this.fc2 = new Conv2d(hidden, channels, 1);
  }

  forward(x: Tensor): Tensor {
    const hidden = relu(this.fc1.forward(this.#pool.forward(x)));
    return mul(x, sigmoid(this.fc2.forward(hidden)));
  }
}

/** A residual block of four streams of one to four lite 3×3 convolutions, gated and summed. */
class OSBlock extends Module {
  readonly conv1: ConvLayer;
  readonly conv2a: LightConv3x3;
  readonly conv2b: Sequential;
  readonly conv2c: Sequential;
  readonly conv2d: Sequential;
  readonly gate: ChannelGate;
  readonly conv3: Conv1x1Linear;
  readonly downsample: Conv1x1Linear | undefined;

  constructor(inputs: number, outputs: number, reduction = 4) {
    super();
    const middle = Math.floor(outputs / reduction);
    const stream = (length: number) =>
      new Sequential(...Array.from({ length }, () => new LightConv3x3(middle, middle)));
    this.conv1 = new ConvLayer(inputs, middle, 1);
    this.conv2a = new LightConv3x3(middle, middle);
    this.conv2b = stream(2);
    this.conv2c = stream(3);
    this.conv2d = stream(4);
    this.gate = new ChannelGate(middle);
    this.conv3 = new Conv1x1Linear(middle, outputs);
    this.downsample = inputs === outputs ? undefined : new Conv1x1Linear(inputs, outputs);
  }

  forward(x: Tensor): Tensor {
    const y = this.conv1.forward(x);
    const streams = [this.conv2a, this.conv2b, this.conv2c, this.conv2d];
    const sum = streams.map((stream) => this.gate.forward(stream.forward(y))).reduce((a, b) => add(a, b));
    const shortcut = this.downsample?.forward(x) ?? x;
    return convNorm(this.conv3.conv, this.conv3.bn, sum, { residual: shortcut, relu: true });
  }
}

/** Channels of the stem and the three stages, by width. */
const CHANNELS = {
  1: [64, 256, 384, 512],
  0.75: [48, 192, 288, 384],
  0.5: [32, 128, 192, 256],
  0.25: [16, 64, 96, 128],
} as const;

export interface OSNetOptions {
  /** Width multiplier: x1.0, x0.75, x0.5 or x0.25; default 1. */
  readonly width?: keyof typeof CHANNELS;
  /** Identities of the classifier; without it there is none. */
  readonly classes?: number;
  /** Numbers in an embedding; default 512. */
  readonly features?: number;
}

/** Two blocks and, where the map shrinks, a transition by 1×1 convolution and mean pooling. */
function stage(inputs: number, outputs: number, shrink: boolean): Sequential {
  const layers: Layer[] = [new OSBlock(inputs, outputs), new OSBlock(outputs, outputs)];
  if (shrink) layers.push(new Sequential(new ConvLayer(outputs, outputs, 1), new AvgPool2d(2, { stride: 2 })));
  return new Sequential(...layers);
}

/**
 * Omni-scale network: images [N, 3, H, W] (256 × 128 in the paper) → embeddings [N, features], after the last ReLU and not
 * normalised.
 *
 * @example
 *   const model = new OSNet({ width: 0.25, classes: 1041 });
 *   model.loadStateDict(checkpoint); // torchreid's osnet_x0_25_msmt17.pth
 *   model.eval().forward(images); // [N, 512]
 */
export class OSNet extends Module {
  readonly conv1: ConvLayer;
  readonly conv2: Sequential;
  readonly conv3: Sequential;
  readonly conv4: Sequential;
  readonly conv5: ConvLayer;
  readonly fc: Sequential;
  readonly classifier: Linear | undefined;
  readonly #maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly #pool = new AdaptiveAvgPool2d(1);

  constructor({ width = 1, classes, features = 512 }: OSNetOptions = {}) {
    super();
    const [c1, c2, c3, c4] = CHANNELS[width];
    this.conv1 = new ConvLayer(3, c1, 7, 2);
    this.conv2 = stage(c1, c2, true);
    this.conv3 = stage(c2, c3, true);
    this.conv4 = stage(c3, c4, false);
    this.conv5 = new ConvLayer(c4, c4, 1);
    this.fc = new Sequential(new Linear(c4, features), new BatchNorm1d(features), new ReLU());
    this.classifier = classes === undefined ? undefined : new Linear(features, classes);
    this.apply(initialise);
  }

  /** The map before pooling: [N, 3, H, W] → [N, C, H/16, W/16]. */
  maps(x: Tensor): Tensor {
    const start = this.#maxpool.forward(this.conv1.forward(x));
    return [this.conv2, this.conv3, this.conv4, this.conv5].reduce<Tensor>((y, layer) => layer.forward(y), start);
  }

  forward(x: Tensor): Tensor {
    return this.fc.forward(flatten(this.#pool.forward(this.maps(x)), 1));
  }

  /** Embeddings [N, features] → scores [N, classes]. */
  classify(embeddings: Tensor): Tensor {
    if (!this.classifier) throw new TypeError('OSNet: it was made without classes, so there is no classifier.');
    return this.classifier.forward(embeddings);
  }
}

/** torchreid's: convolutions N(0, 2 / fan_out), linear layers N(0, 0.01²), biases 0; norms begin at 1 and 0 by themselves. */
function initialise(module: Module): void {
  if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
  if (module instanceof Linear) init.normal_(module.weight, 0, 0.01);
  if ((module instanceof Conv2d || module instanceof Linear) && module.bias) init.constant_(module.bias, 0);
}

import { BatchNorm2d, Conv2d, convNorm, init, MaxPool2d, Module, Sequential } from '../../../engine/nn/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { relu } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';
import { SELayer } from '../attention/squeeze-excitation.js';
import type { StagedBackbone } from './staged.js';

/** Residual networks with squeeze-excitation in every block (Hu et al., CVPR 2018), as APNet's repository has them. */

export interface SEResNetOptions {
  /** Channels of the stem and the first stage's planes; default 64. */
  readonly width?: number;
  /** Blocks in each stage; default those of 50 layers. */
  readonly blocks?: readonly number[];
  /** Default 1. */
  readonly lastStride?: 1 | 2;
  /** Whether a ReLU follows the stem's norm; default false, as in that repository. */
  readonly stemRelu?: boolean;
  /** By how much the excitation narrows the channels; default 16. */
  readonly reduction?: number;
}

const conv = (inputs: number, outputs: number, kernel: number, stride = 1): Conv2d =>
  new Conv2d(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, bias: false });

/** A bottleneck block whose last norm is weighted channel by channel before the shortcut is added. */
class SEBottleneck extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly se: SELayer;
  readonly downsample: Sequential | undefined;

  constructor(inputs: number, planes: number, stride: number, reduction: number) {
    super();
    const outputs = 4 * planes;
    this.conv1 = conv(inputs, planes, 1);
    this.bn1 = new BatchNorm2d(planes);
    this.conv2 = conv(planes, planes, 3, stride);
    this.bn2 = new BatchNorm2d(planes);
    this.conv3 = conv(planes, outputs, 1);
    this.bn3 = new BatchNorm2d(outputs);
    this.se = new SELayer(outputs, Math.floor(outputs / reduction));
    const same = stride === 1 && inputs === outputs;
    this.downsample = same ? undefined : new Sequential(conv(inputs, outputs, 1, stride), new BatchNorm2d(outputs));
  }

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv1, this.bn1, x, { relu: true });
    const z = convNorm(this.conv2, this.bn2, y, { relu: true });
    const weighted = this.se.forward(convNorm(this.conv3, this.bn3, z));
    return relu(add(weighted, this.downsample?.forward(x) ?? x));
  }
}

/**
 * SE-ResNet-50 without its classifier: images [N, 3, H, W] → maps [N, 2048, H/16, W/16].
 *
 * @example
 *   new APNet({ level: 0, backbone: new SEResNet() }, 751);
 */
export class SEResNet extends Module implements StagedBackbone {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly stageOutputs: readonly number[];
  readonly stageStrides: readonly number[];
  readonly #maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly #stemRelu: boolean;

  constructor(options: SEResNetOptions = {}) {
    super();
    const { width = 64, blocks = [3, 4, 6, 3], lastStride = 1, stemRelu = false, reduction = 16 } = options;
    this.#stemRelu = stemRelu;
    this.conv1 = conv(3, width, 7, 2);
    this.bn1 = new BatchNorm2d(width);
    let channels = width;
    const stage = (index: number, stride: number): Sequential => {
      const planes = width * 2 ** index;
      const layers = Array.from({ length: blocks[index]! }, (_, i) => {
        const block = new SEBottleneck(channels, planes, i === 0 ? stride : 1, reduction);
        channels = 4 * planes;
        return block;
      });
      return new Sequential(...layers);
    };
    this.layer1 = stage(0, 1);
    this.layer2 = stage(1, 2);
    this.layer3 = stage(2, 2);
    this.layer4 = stage(3, lastStride);
    this.stageOutputs = [4, 8, 16, 32].map((times) => times * width);
    this.stageStrides = [4, 8, 16, 16 * lastStride];
    this.apply((module) => {
      if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
    });
  }

  get outputs(): number {
    return this.stageOutputs[3]!;
  }

  stem(x: Tensor): Tensor {
    return this.#maxpool.forward(convNorm(this.conv1, this.bn1, x, { relu: this.#stemRelu }));
  }

  forward(x: Tensor): Tensor {
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce((y, stage) => stage.forward(y), this.stem(x));
  }
}

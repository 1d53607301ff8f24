import { ShapeError } from '../../../engine/errors.js';
import { BatchNorm1d, Conv1d, Conv2d, init, Linear, Module } from '../../../engine/nn/index.js';
import { mul } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { relu } from '../../../engine/ops/unary.js';
import { reshape, transpose } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { ResNetOptions } from '../backbones/resnet.js';
import type { ReidModel, TrainingOutput } from '../model.js';
import { Trunk } from './trunk.js';

export interface ClipAttentionOptions {
  /** Default: ResNet-50 with a last stride of 1. */
  readonly backbone?: ResNetOptions;
  /** Size of the map that frames become, which the spatial attention covers whole. Default 14×7, that of frames of 224×112. */
  readonly map?: readonly [height: number, width: number];
  /** Channels of the attention. Default 256. */
  readonly inner?: number;
}

/** The head that the original names as one module: its norm and its classifier. */
class Head extends Module {
  readonly bn: BatchNorm1d;
  readonly classifier: Linear;

  constructor(channels: number, identities: number) {
    super();
    this.bn = new BatchNorm1d(channels);
    this.bn.bias!.requiresGrad = false;
    this.classifier = new Linear(channels, identities, { bias: false });
    init.normal_(this.classifier.weight, 0, 0.001);
  }

  forward(x: Tensor): Tensor {
    return this.bn.forward(x);
  }
}

/**
 * The predecessor of FGReID for clips (Pathak et al., "Video person re-ID: fantastic techniques and where to find them", AAAI 2020):
 * frames averaged by weights that a convolution over each whole map and one over time give them. Trained on clips, its trunk is
 * what FGReID's contextual branch begins with.
 *
 * @example
 *   const model = new ClipAttention({}, 625);
 *   model.eval().forward(clips); // [B, T, 3, 224, 112] → [B, 2048]
 */
export class ClipAttention extends Module implements ReidModel {
  readonly base: Trunk;
  readonly attention_conv: Conv2d;
  readonly attention_tconv: Conv1d;
  readonly classifier: Head;

  /** @param identities of the training set */
  constructor(options: ClipAttentionOptions, identities: number) {
    super();
    const { backbone = { depth: 50, lastStride: 1 }, map = [14, 7], inner = 256 } = options;
    this.base = new Trunk(backbone);
    this.attention_conv = new Conv2d(this.base.outputs, inner, [...map]);
    this.attention_tconv = new Conv1d(inner, 1, 3, { padding: 1 });
    this.classifier = new Head(this.base.outputs, identities);
  }

  /** Clips [B, T, 3, H, W] → the average of their frames' features [B, C], and each frame's weight [B, T]. */
  pool(clips: Tensor): { readonly pooled: Tensor; readonly weights: Tensor } {
    if (clips.rank !== 5) {
      throw new ShapeError(`ClipAttention: takes clips [B, T, 3, H, W], not a tensor of ${clips.rank} dimensions.`);
    }
    const [batch, frames] = clips.shape as [number, number];
    const maps = this.base.forward(reshape(clips, [batch * frames, ...clips.shape.slice(2)]));
    const [kernelHeight, kernelWidth] = this.attention_conv.weight.shape.slice(2) as [number, number];
    const [height, width] = maps.shape.slice(2) as [number, number];
    if (height !== kernelHeight || width !== kernelWidth) {
      throw new ShapeError(
        `ClipAttention: made for maps of ${kernelHeight}×${kernelWidth}, it was given frames whose maps are ${height}×${width}. ` +
          'Resize the frames (224×112 for the published model).',
      );
    }
    const seen = reshape(relu(this.attention_conv.forward(maps)), [batch, frames, -1]);
    const strength = relu(this.attention_tconv.forward(transpose(seen)));
    const weights = softmax(reshape(strength, [batch, frames]), 1);
    const features = reshape(mean(maps, [2, 3]), [batch, frames, -1]);
    return { pooled: sum(mul(features, reshape(weights, [batch, frames, 1])), 1), weights };
  }

  losses(clips: Tensor): TrainingOutput {
    const { pooled } = this.pool(clips);
    const normed = this.classifier.forward(pooled);
    return { features: [normed], logits: [this.classifier.classifier.forward(normed)] };
  }

  forward(clips: Tensor): Tensor {
    return this.classifier.forward(this.pool(clips).pooled);
  }
}

import { BatchNorm1d, init, Linear, Module } from '../../engine/nn/index.js';
import { mean } from '../../engine/ops/reduce.js';
import type { Tensor } from '../../engine/tensor.js';
import { ResNet, type ResNetOptions } from './backbones/resnet.js';
import type { ReidModel, TrainingOutput } from './model.js';

/**
 * The strong baseline (Luo et al., "Bag of tricks and a strong baseline for deep person re-identification", CVPRW 2019): a
 * residual network, its map averaged; the triplet loss sees the average, a batch norm without bias (BNNeck) stands between it
 * and the classifier, and retrieval uses what is behind the norm.
 */
export class Baseline extends Module implements ReidModel {
  readonly base: ResNet;
  readonly bottleneck: BatchNorm1d;
  readonly classifier: Linear;

  /** @param identities of the training set */
  constructor(options: ResNetOptions, identities: number) {
    super();
    this.base = new ResNet(options);
    const channels = this.base.outputs;
    this.bottleneck = new BatchNorm1d(channels);
    if (this.bottleneck.bias) this.bottleneck.bias.requiresGrad = false;
    this.classifier = new Linear(channels, identities, { bias: false });
    init.normal_(this.classifier.weight, 0, 0.001);
  }

  /** Images [N, 3, H, W] → the average of the map [N, C]. */
  pooled(images: Tensor): Tensor {
    return mean(this.base.forward(images), [2, 3]);
  }

  /** Images [N, 3, H, W] → features for both losses. */
  losses(images: Tensor): TrainingOutput {
    const features = this.pooled(images);
    return { features: [features], logits: [this.classifier.forward(this.bottleneck.forward(features))] };
  }

  /** Images [N, 3, H, W] → what retrieval compares [N, C]. */
  forward(images: Tensor): Tensor {
    return this.bottleneck.forward(this.pooled(images));
  }
}

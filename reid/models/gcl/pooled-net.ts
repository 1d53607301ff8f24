import { BatchNorm1d, Module } from '../../../engine/nn/index.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { mean } from '../../../engine/ops/reduce.js';
import type { Tensor } from '../../../engine/tensor.js';
import { ResNet, type ResNetOptions } from '../backbones/resnet.js';
import { type Identity, type IdentityEncoder, stripesOf } from './identity-net.js';

/** What the encoders of the other warm-ups share: the mean of a residual network's map through a batch norm. */
abstract class PooledNet extends Module implements IdentityEncoder {
  abstract readonly base: ResNet;
  protected abstract readonly norm: BatchNorm1d;

  get outputs(): number {
    return this.base.outputs;
  }

  get embedding(): number {
    return this.base.outputs;
  }

  identify(images: Tensor): Identity {
    const map = this.base.forward(images);
    return { code: stripesOf(map), embedding: this.norm.forward(mean(map, [2, 3])) };
  }

  /** Pictures → what retrieval compares, of length 1. */
  forward(images: Tensor): Tensor {
    return l2Normalize(this.norm.forward(mean(this.base.forward(images), [2, 3])));
  }
}

/** Its names in the released warm-ups of ACT, UDA-TP and MMCL: `base`, `feat_bn`. */
export class PlainIdentityNet extends PooledNet {
  readonly base: ResNet;
  readonly feat_bn: BatchNorm1d;

  constructor(backbone: ResNetOptions) {
    super();
    this.base = new ResNet(backbone);
    this.feat_bn = new BatchNorm1d(this.base.outputs);
  }

  protected override get norm(): BatchNorm1d {
    return this.feat_bn;
  }
}

/** Its names in MLC's: `base`, `bn`. The unused `base.fc` of its files is left out. */
export class MLCIdentityNet extends PooledNet {
  readonly base: ResNet;
  readonly bn: BatchNorm1d;

  constructor(backbone: ResNetOptions) {
    super();
    this.base = new ResNet(backbone);
    this.bn = new BatchNorm1d(this.base.outputs);
  }

  protected override get norm(): BatchNorm1d {
    return this.bn;
  }
}

import { BatchNorm1d, Module, Parameter } from '../../engine/nn/index.js';
import { mul } from '../../engine/ops/arithmetic.js';
import { mean } from '../../engine/ops/reduce.js';
import { clamp, exp, log, reciprocal } from '../../engine/ops/unary.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { ResNet, type ResNetOptions } from './backbones/resnet.js';
import type { RetrievalModel } from './model.js';

/** Map values are taken to be at least this. */
const LEAST = 1e-6;

/** The generalised mean (Radenović et al., TPAMI 2019): (mean xᵖ)^(1/p) over the positions, with one trained exponent p. */
export class GeM extends Module {
  readonly p = new Parameter(tensor([3]));

  /** x [N, C, H, W] → [N, C]. */
  forward(x: Tensor): Tensor {
    const powers = exp(mul(log(clamp(x, LEAST)), this.p));
    return exp(mul(log(mean(powers, [2, 3])), reciprocal(this.p)));
  }
}

export interface EncoderOptions {
  readonly backbone: ResNetOptions;
  readonly pool?: 'mean' | 'gem';
}

/**
 * A residual network that gives features and nothing else, as contrastive methods without labels train it: the pooled map behind a
 * batch norm whose shift stays 0.
 */
export class Encoder extends Module implements RetrievalModel {
  readonly base: ResNet;
  readonly gap: GeM | undefined;
  readonly feat_bn: BatchNorm1d;

  constructor({ backbone, pool = 'mean' }: EncoderOptions) {
    super();
    this.base = new ResNet(backbone);
    this.gap = pool === 'gem' ? new GeM() : undefined;
    this.feat_bn = new BatchNorm1d(this.base.outputs);
    this.feat_bn.bias!.requiresGrad = false;
  }

  /** Images [N, 3, H, W] → features [N, C]. */
  forward(images: Tensor): Tensor {
    const map = this.base.forward(images);
    return this.feat_bn.forward(this.gap?.forward(map) ?? mean(map, [2, 3]));
  }
}

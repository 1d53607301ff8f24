import { BatchNorm1d, Linear } from '../../../engine/nn/index.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { adaptiveAvgPool2d } from '../../../engine/ops/pool.js';
import { mean } from '../../../engine/ops/reduce.js';
import { flatten } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import { ResNet, type ResNetOptions } from '../backbones/resnet.js';
import type { RetrievalModel } from '../model.js';

/** Stripes, from top to bottom, whose means are the code of appearance. */
const STRIPES = 4;

/** A map [N, C, H, W] as a code of appearance [N, 4 · C]. */
export const stripesOf = (map: Tensor): Tensor => flatten(adaptiveAvgPool2d(map, [STRIPES, 1]), 1);

/** What the encoder tells of pictures. */
export interface Identity {
  /** Means of four stripes of the map, channel after channel: [N, 4 · C]. The generator draws from it. */
  readonly code: Tensor;
  /** [N, E], not normalised. */
  readonly embedding: Tensor;
}

/** An encoder of identities that GCL can draw with. */
export interface IdentityEncoder extends RetrievalModel {
  /** Channels of the map; a code has four times as many numbers. */
  readonly outputs: number;
  /** Numbers of an embedding. */
  readonly embedding: number;
  identify(images: Tensor): Identity;
}

export interface IdentityNetOptions {
  /** Default: ResNet-50 with a last stride of 1. */
  readonly backbone?: ResNetOptions;
  /** Numbers of an embedding. Default 512. */
  readonly embedding?: number;
}

/**
 * GCL's encoder of identities as the released warm-up has it: a residual network, the mean of its map through a linear layer and a
 * batch norm. Names are torchvision's, and `feat`, `feat_bn`.
 *
 * @example
 *   const net = new IdentityNet({});
 *   net.eval().forward(images); // [N, 512] of length 1
 */
export class IdentityNet extends ResNet implements IdentityEncoder {
  readonly feat: Linear;
  readonly feat_bn: BatchNorm1d;

  constructor({ backbone = { depth: 50, lastStride: 1 }, embedding = 512 }: IdentityNetOptions = {}) {
    super(backbone);
    this.feat = new Linear(this.outputs, embedding);
    this.feat_bn = new BatchNorm1d(embedding);
  }

  get embedding(): number {
    return this.feat_bn.weight!.size;
  }

  /** Pictures → the map behind the last stage. */
  map(images: Tensor): Tensor {
    return super.forward(images);
  }

  identify(images: Tensor): Identity {
    const map = this.map(images);
    return {
      code: stripesOf(map),
      embedding: this.feat_bn.forward(this.feat.forward(mean(map, [2, 3]))),
    };
  }

  /** Pictures → what retrieval compares, of length 1. */
  override forward(images: Tensor): Tensor {
    return l2Normalize(this.feat_bn.forward(this.feat.forward(mean(this.map(images), [2, 3]))));
  }
}

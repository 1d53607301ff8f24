import { BatchNorm2d, Conv2d, init, Module } from '../../engine/nn/index.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { cat } from '../../engine/ops/join.js';
import { linear } from '../../engine/ops/matmul.js';
import { amax, mean } from '../../engine/ops/reduce.js';
import { softmax } from '../../engine/ops/softmax.js';
import { relu, sigmoid } from '../../engine/ops/unary.js';
import { reshape, slice } from '../../engine/ops/view.js';
import type { Tensor } from '../../engine/tensor.js';
import { GAM_R50, type GAMAttentionOptions } from './gam-options.js';

/** σ of it is 0.95. */
const OPEN = 3;

/** Of the attention of one block. */
export interface GAMBlockOptions extends GAMAttentionOptions {
  readonly channels: number;
  /** Of the block's last convolution: how many maps there are to look at. */
  readonly groups: number;
}

/**
 * Attention of a grouped bottleneck (Nikhal and Riggan, WACV 2021, as reconstructed): channels weighed first, U = s(F) ⊙ F, then
 * positions by a map A = σ(K ∗ pool_c U) of one filter K.
 */
export class GAMAttention extends Module {
  readonly fc1: Conv2d | undefined;
  readonly fc2: Conv2d | undefined;
  readonly spatial: Conv2d;
  readonly spatial_bn: BatchNorm2d | undefined;
  readonly #options: Required<GAMBlockOptions>;

  constructor(options: GAMBlockOptions) {
    super();
    const all = { ...GAM_R50, ...options };
    const { channels, gate, reduction, gateBias, spatialPool, spatialKernel, spatialBN, gateStart } = all;
    this.#options = all;
    const hidden = Math.max(1, Math.floor(channels / reduction));
    this.fc1 = gate === 'mlp' ? new Conv2d(channels, hidden, 1, { bias: gateBias }) : undefined;
    this.fc2 = gate === 'mlp' ? new Conv2d(hidden, channels, 1, { bias: gateBias }) : undefined;
    const pooled = spatialPool === 'mean+max' ? 2 : 1;
    this.spatial = new Conv2d(pooled, 1, spatialKernel, { padding: (spatialKernel - 1) / 2, bias: false });
    this.spatial_bn = spatialBN ? new BatchNorm2d(1) : undefined;
    if (gateStart === 'open') {
      for (const bias of [this.fc2?.bias, this.spatial_bn?.bias]) if (bias) init.constant_(bias, OPEN);
    }
  }

  /** Means of the channels [N, C] → their weights [N, C]. */
  gate(means: Tensor): Tensor {
    const { gate, groups } = this.#options;
    const [n, channels] = means.shape as [number, number];
    if (gate === 'sigmoid') return sigmoid(means);
    if (gate === 'softmaxPerGroup') {
      return reshape(softmax(reshape(means, [n, groups, channels / groups]), 2), [n, channels]);
    }
    const { fc1, fc2 } = this;
    const matrix = ({ weight }: Conv2d) => reshape(weight, weight.shape.slice(0, 2));
    const hidden = relu(linear(means, matrix(fc1!), fc1!.bias));
    return sigmoid(linear(hidden, matrix(fc2!), fc2!.bias));
  }

  /** F [N, C, H, W] with its channels weighed: U. */
  weighed(x: Tensor): Tensor {
    if (this.#options.gate === 'none') return x;
    const gate = this.gate(mean(x, [2, 3]));
    return mul(x, reshape(gate, [...gate.shape, 1, 1]));
  }

  /** U, or some of its channels [N, c, H, W] → the map of positions A [N, 1, H, W]. */
  map(u: Tensor): Tensor {
    const { spatialPool } = this.#options;
    const pools = {
      mean: () => mean(u, 1, true),
      max: () => amax(u, 1, true),
      'mean+max': () => cat([amax(u, 1, true), mean(u, 1, true)], 1),
    };
    const filtered = this.spatial.forward(pools[spatialPool]());
    return sigmoid(this.spatial_bn?.forward(filtered) ?? filtered);
  }

  /** The map of each group of channels alone, [N, 1, H, W] each: to be looked at, training does not need them. */
  groupMaps(x: Tensor): Tensor[] {
    const { groups } = this.#options;
    const u = this.weighed(x);
    const width = u.shape[1]! / groups;
    return Array.from({ length: groups }, (_, g) => this.map(slice(u, 1, g * width, (g + 1) * width)));
  }

  /** F [N, C, H, W] → what is added to the shortcut: A ⊙ U, or with `literalAdd` U + A. */
  forward(x: Tensor): Tensor {
    const u = this.weighed(x);
    return (this.#options.combine === 'literalAdd' ? add : mul)(u, this.map(u));
  }
}

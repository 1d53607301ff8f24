import { Linear, Module, ReLU, Sequential, Sigmoid } from '../../../engine/nn/index.js';
import { mul } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { reshape } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/**
 * Squeeze and excitation (Hu et al., "Squeeze-and-excitation networks", CVPR 2018): a weight in (0, 1) for each channel of a
 * map, from the means of all. No biases.
 */
export class SELayer extends Module {
  readonly fc: Sequential;

  constructor(channels: number, hidden: number) {
    super();
    const down = new Linear(channels, hidden, { bias: false });
    const up = new Linear(hidden, channels, { bias: false });
    this.fc = new Sequential(down, new ReLU(), up, new Sigmoid());
  }

  /** Means [B, C] of a map → weights [B, C]. */
  gate(means: Tensor): Tensor {
    return this.fc.forward(means);
  }

  forward(x: Tensor): Tensor {
    const gate = this.gate(mean(x, [2, 3]));
    return mul(x, reshape(gate, [...gate.shape, 1, 1]));
  }
}

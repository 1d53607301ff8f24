import { linear } from '../ops/matmul.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { defaultBias, defaultWeight } from './weights.js';

/** y = x Wᵀ + b for x [.., inputs]; weight [outputs, inputs], bias [outputs]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inputs: number, outputs: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    this.weight = defaultWeight([outputs, inputs]);
    this.bias = bias ? defaultBias(outputs, this.weight.shape) : undefined;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

import { Conv2d, Module, Parameter } from '../../../engine/nn/index.js';
import { add, mul } from '../../../engine/ops/arithmetic.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { reshape, transpose } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';

/**
 * Every position of a map looks at all others (Zhang et al., "Self-attention generative adversarial networks", ICML 2019), with a
 * weight γ that begins at 0. The release has it and its configuration does not use it.
 */
export class NonLocalBlock extends Module {
  readonly gamma: Parameter;
  readonly query_conv: Conv2d;
  readonly key_conv: Conv2d;
  readonly value_conv: Conv2d;

  constructor(channels: number) {
    super();
    const inner = Math.floor(channels / 8);
    this.gamma = new Parameter(tensor(new Float32Array(1), [1]));
    this.query_conv = new Conv2d(channels, inner, 1);
    this.key_conv = new Conv2d(channels, inner, 1);
    this.value_conv = new Conv2d(channels, channels, 1);
  }

  forward(x: Tensor): Tensor {
    const [batch] = x.shape as [number];
    const flat = (t: Tensor) => reshape(t, [batch, t.shape[1]!, -1]);
    const scores = matmul(transpose(flat(this.query_conv.forward(x))), flat(this.key_conv.forward(x)));
    const found = matmul(flat(this.value_conv.forward(x)), transpose(softmax(scores, -1)));
    return add(mul(reshape(found, x.shape), this.gamma), x);
  }
}

import { init, Module, Parameter } from '../../../engine/nn/index.js';
import { add, div, mul, sub } from '../../../engine/ops/arithmetic.js';
import { instanceNorm } from '../../../engine/ops/norm.js';
import { mean, std } from '../../../engine/ops/reduce.js';
import { addScalar } from '../../../engine/ops/unary.js';
import { reshape } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';

/** Scale and shift of every channel of every picture, [B, C] each. */
export interface Style {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * Instance norm whose scale and shift come from elsewhere (Huang and Belongie, "Arbitrary style transfer in real-time with adaptive
 * instance normalization", ICCV 2017). Its buffers are in the original's files and do nothing.
 */
export class AdaptiveInstanceNorm2d extends Module {
  readonly running_mean: Tensor;
  readonly running_var: Tensor;

  constructor(channels: number) {
    super();
    this.running_mean = tensor(new Float32Array(channels), [channels]).keep();
    this.running_var = tensor(new Float32Array(channels).fill(1), [channels]).keep();
  }

  forward(x: Tensor, { weight, bias }: Style): Tensor {
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const planes = [batch * channels];
    // As planes of one picture, each has a scale and a shift of its own.
    const y = instanceNorm(reshape(x, [1, ...planes, height, width]), {
      weight: reshape(weight, planes),
      bias: reshape(bias, planes),
    });
    return reshape(y, x.shape);
  }
}

const EPSILON = 1e-5;

/**
 * Each picture by the mean and the unbiased standard deviation of all its numbers, the ε added to the latter, then a scale and a shift
 * of each channel. Scales begin uniform in [0, 1), as the original has them.
 */
export class PictureNorm extends Module {
  readonly gamma: Parameter;
  readonly beta: Parameter;

  constructor(channels: number) {
    super();
    this.gamma = new Parameter(tensor(new Float32Array(channels), [channels]));
    this.beta = new Parameter(tensor(new Float32Array(channels), [channels]));
    init.uniform_(this.gamma);
  }

  forward(x: Tensor): Tensor {
    const all = [1, 2, 3];
    const spread = addScalar(std(x, all, { keepdim: true }), EPSILON);
    const ofChannel = (t: Tensor) => reshape(t, [1, -1, 1, 1]);
    const normed = div(sub(x, mean(x, all, true)), spread);
    return add(mul(normed, ofChannel(this.gamma)), ofChannel(this.beta));
  }
}

import { ShapeError } from '../../../engine/errors.js';
import { BatchNorm2d, Conv2d, convNorm, Module } from '../../../engine/nn/index.js';
import { mul } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { reshape } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/**
 * Split, attend, merge, stack (Chen et al., "Person re-identification via attention pyramid", TIP 2021): the channels of a map
 * in `parts` parts, each channel weighted by a softmax over the parts, from the means of all. The merge keeps all parts side by
 * side. In training it needs two images at least: a norm sees one number an image.
 */
export class SplitAttention extends Module {
  readonly fc1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly fc2: Conv2d;
  readonly #channels: number;
  readonly #parts: number;

  /** The inner layer has max(channels · parts / 4, 32) numbers. */
  constructor(channels: number, parts: number) {
    super();
    this.#channels = channels;
    this.#parts = parts;
    const part = Math.floor(channels / parts);
    const inner = Math.max(Math.floor((channels * parts) / 4), 32);
    this.fc1 = new Conv2d(part, inner, 1);
    this.bn1 = new BatchNorm2d(inner);
    this.fc2 = new Conv2d(inner, part * parts, 1);
  }

  /**
   * Means [B, C] of a map → weights [B, C], which sum to 1 over the parts.
   *
   * @throws ShapeError where the channels do not divide by the parts
   */
  gate(means: Tensor): Tensor {
    const [batch, channels] = means.shape as [number, number];
    const parts = this.#parts;
    if (channels !== this.#channels || channels % parts !== 0) {
      throw new ShapeError(
        `SplitAttention: made for ${this.#channels} channels in ${parts} parts of one size, it can not take ${channels}. ` +
          'Take a number of parts that divides the channels of every stage.',
      );
    }
    // The mean of a sum of parts is the sum of their means.
    const s = sum(reshape(means, [batch, parts, channels / parts]), 1);
    const hidden = convNorm(this.fc1, this.bn1, reshape(s, [...s.shape, 1, 1]), { relu: true });
    const logits = reshape(this.fc2.forward(hidden), [batch, parts, channels / parts]);
    return reshape(softmax(logits, 1), [batch, channels]);
  }

  forward(x: Tensor): Tensor {
    const gate = this.gate(mean(x, [2, 3]));
    return mul(x, reshape(gate, [...gate.shape, 1, 1]));
  }
}

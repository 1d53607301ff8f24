import { BatchNorm2d, Module } from '../../../engine/nn/index.js';
import { add, div, mul, sub } from '../../../engine/ops/arithmetic.js';
import { cat } from '../../../engine/ops/join.js';
import { batchNorm } from '../../../engine/ops/norm.js';
import { mean } from '../../../engine/ops/reduce.js';
import { addScalar, sqrt } from '../../../engine/ops/unary.js';
import { reshape, split } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { RGAModule, type RGAModuleOptions } from './rga-module.js';
import { SplitAttention } from './split-attention.js';
import { SELayer } from './squeeze-excitation.js';

/** The steps of which an attention pyramid's units are made (Chen et al., TIP 2021). */

/** A batch norm whose shift is 0 and stays so, behind a split; named as the original names it. */
export class SplitNorm extends Module {
  readonly bottleneck2: BatchNorm2d;

  constructor(channels: number) {
    super();
    this.bottleneck2 = new BatchNorm2d(channels);
    this.bottleneck2.bias!.requiresGrad = false;
  }

  forward(x: Tensor): Tensor {
    return this.bottleneck2.forward(x);
  }
}

/** A map in stripes one below the other, each with a spatial attention of its own; named 0, 1, … from the top. */
export class StripeAttention extends Module {
  readonly #stripes: readonly RGAModule[];
  readonly #rows: number;

  /** `options` are those of the whole map, whose height must divide by the number of stripes. */
  constructor(options: RGAModuleOptions, stripes: number) {
    super();
    this.#rows = options.height / stripes;
    const one = { ...options, height: this.#rows, spatial: true, channel: false };
    this.#stripes = Array.from({ length: stripes }, () => new RGAModule(one));
    Object.assign(this, this.#stripes);
  }

  forward(x: Tensor): Tensor {
    const stripes = split(x, this.#rows, 2).map((stripe, i) => this.#stripes[i]!.forward(stripe));
    return cat(stripes, 2);
  }
}

/** A step: weights of parts of the channels, of all channels, of positions, or a norm. */
export type PyramidStep = SplitAttention | SELayer | SplitNorm | RGAModule | StripeAttention;

/** The steps one after the other. */
export const inSteps = (x: Tensor, steps: readonly PyramidStep[]): Tensor =>
  steps.reduce((y, step) => step.forward(y), x);

type ChannelStep = SplitAttention | SELayer | SplitNorm;

/** Whether all steps are a factor and a shift a channel, given the means of the map. */
export const areOfChannels = (steps: readonly PyramidStep[]): steps is readonly ChannelStep[] =>
  steps.every((step) => step instanceof SplitAttention || step instanceof SELayer || step instanceof SplitNorm);

/** [C] each: what a norm multiplies and adds with running statistics. */
function affine({ weight, bias, running_mean, running_var, eps }: BatchNorm2d): { factor: Tensor; shift: Tensor } {
  const factor = div(weight!, sqrt(addScalar(running_var!, eps)));
  return { factor, shift: sub(bias!, mul(running_mean!, factor)) };
}

/**
 * The same for evaluation, with one look at the map and one pass over it: the mean of a channel goes through a factor and a
 * shift like the channel itself, so all gates follow from the first means. Norms use their running statistics.
 */
export function inOnePass(x: Tensor, steps: readonly ChannelStep[]): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  let means = mean(x, [2, 3]);
  // A number for each channel of each image.
  const planes = batch * channels;
  const all = (value: number) => tensor(new Float32Array(planes).fill(value), [batch, channels], { gpu: x.gpu });
  let factor = all(1);
  let shift = all(0);
  for (const step of steps) {
    if (step instanceof SplitNorm) {
      const norm = affine(step.bottleneck2);
      const through = (t: Tensor) => add(mul(t, norm.factor), norm.shift);
      [means, factor, shift] = [through(means), mul(factor, norm.factor), through(shift)];
    } else {
      const gate = step.gate(means);
      [means, factor, shift] = [mul(means, gate), mul(factor, gate), mul(shift, gate)];
    }
  }
  // A norm of standard statistics is the pass that multiplies and adds, here with numbers of each image.
  const flat = (t: Tensor) => reshape(t, [planes]);
  const y = batchNorm(reshape(x, [1, planes, height, width]), {
    weight: flat(factor),
    bias: flat(shift),
    runningMean: flat(all(0)),
    runningVar: flat(all(1)),
    training: false,
    eps: 0,
  });
  return reshape(y, x.shape);
}

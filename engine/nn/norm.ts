import { ShapeError } from '../errors.js';
import { add } from '../ops/arithmetic.js';
import { batchNorm, groupNorm, instanceNorm, layerNorm } from '../ops/norm.js';
import { relu } from '../ops/unary.js';
import type { Shape } from '../shape.js';
import { isRecomputing } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import { Counter, type Parameter } from './parameter.js';
import { ones, zeros } from './weights.js';

export interface BatchNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Share of a new batch in the running statistics, default 0.1; `null` averages all batches alike. */
  readonly momentum?: number | null;
  /** Whether there are weight and bias; default true. */
  readonly affine?: boolean;
  /** Whether running statistics are kept, for eval(); default true. */
  readonly trackRunningStats?: boolean;
}

/** The parts of both batch norms; `ranks` are the numbers of dimensions that x may have. */
abstract class BatchNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly running_mean: Tensor | undefined;
  readonly running_var: Tensor | undefined;
  readonly num_batches_tracked: Counter | undefined;
  readonly #ranks: readonly number[];
  readonly eps: number;
  readonly momentum: number | null;

  constructor(ranks: readonly number[], channels: number, options: BatchNormOptions) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    this.#ranks = ranks;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? ones([channels]) : undefined;
    this.bias = affine ? zeros([channels]) : undefined;
    this.running_mean = trackRunningStats ? zeros([channels]).detach() : undefined;
    this.running_var = trackRunningStats ? ones([channels]).detach() : undefined;
    this.num_batches_tracked = trackRunningStats ? new Counter() : undefined;
  }

  forward(x: Tensor): Tensor {
    if (!this.#ranks.includes(x.rank)) {
      throw new ShapeError(`${this.constructor.name}: ${x} must have ${this.#ranks.join(' or ')} dimensions.`);
    }
    const { weight, bias, running_mean: runningMean, running_var: runningVar, num_batches_tracked: count } = this;
    if (count && this.training && !isRecomputing()) x.gpu.queue.alongside(() => void count.value++);
    return batchNorm(x, {
      weight,
      bias,
      runningMean,
      runningVar,
      training: this.training || !runningMean,
      momentum: this.momentum ?? 1 / Math.max(count?.value ?? 1, 1),
      eps: this.eps,
    });
  }
}

/** Batch norm of x [N, C] or [N, C, L], by channel. */
export class BatchNorm1d extends BatchNorm {
  constructor(channels: number, options: BatchNormOptions = {}) {
    super([2, 3], channels, options);
  }
}

/** Batch norm of x [N, C, H, W], by channel. */
export class BatchNorm2d extends BatchNorm {
  constructor(channels: number, options: BatchNormOptions = {}) {
    super([4], channels, options);
  }
}

/** relu(norm(x)): the one place to fuse the two. */
export const normRelu = (norm: BatchNorm, x: Tensor): Tensor => relu(norm.forward(x));

/** relu(norm(x) + residual): the one place to fuse the three. */
export const normAddRelu = (norm: BatchNorm, x: Tensor, residual: Tensor): Tensor =>
  relu(add(norm.forward(x), residual));

export interface NormOptions {
  readonly eps?: number;
  /** Whether there are weight and bias. */
  readonly affine?: boolean;
}

/** Norm over the last dimensions, those of `shape`; weight and bias of that shape. */
export class LayerNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #shape: Shape;
  readonly eps: number;

  constructor(shape: number | Shape, { eps = 1e-5, affine = true }: NormOptions = {}) {
    super();
    this.#shape = typeof shape === 'number' ? [shape] : shape;
    this.eps = eps;
    this.weight = affine ? ones(this.#shape) : undefined;
    this.bias = affine ? zeros(this.#shape) : undefined;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.#shape, this.weight, this.bias, this.eps);
  }
}

/** Norm of x [N, C, ...] over groups of channels and all positions; weight and bias [C]. */
export class GroupNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #groups: number;
  readonly eps: number;

  constructor(groups: number, channels: number, { eps = 1e-5, affine = true }: NormOptions = {}) {
    super();
    this.#groups = groups;
    this.eps = eps;
    this.weight = affine ? ones([channels]) : undefined;
    this.bias = affine ? zeros([channels]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x, this.#groups, this.weight, this.bias, this.eps);
  }
}

/** Norm of x [N, C, H, W] over each channel of each image; without running statistics. Weight and bias [C] when affine. */
export class InstanceNorm2d extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly eps: number;

  constructor(channels: number, { eps = 1e-5, affine = false }: NormOptions = {}) {
    super();
    this.eps = eps;
    this.weight = affine ? ones([channels]) : undefined;
    this.bias = affine ? zeros([channels]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return instanceNorm(x, { weight: this.weight, bias: this.bias, eps: this.eps });
  }
}

import { ShapeError } from '../errors.js';
import { batchNorm, foldBatchNorm, groupNorm, instanceNorm, layerNorm, type NormEpilogue } from '../ops/norm.js';
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

/** A norm that can add a residual and apply a ReLU in its own pass over the elements. */
export interface PlaneNorm extends Module {
  forward(x: Tensor, epilogue?: NormEpilogue): Tensor;
}

/** The parts of both batch norms; `ranks` are the numbers of dimensions that x may have. */
export abstract class BatchNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly running_mean: Tensor | undefined;
  readonly running_var: Tensor | undefined;
  readonly num_batches_tracked: Counter | undefined;
  readonly #ranks: readonly number[];
  readonly eps: number;
  readonly momentum: number | null;
  /** Whether training moves the running statistics. Can be switched off for a while: batches are still normalised by their own. */
  trackRunningStats: boolean;

  constructor(ranks: readonly number[], channels: number, options: BatchNormOptions) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    this.#ranks = ranks;
    this.eps = eps;
    this.momentum = momentum;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? ones([channels]) : undefined;
    this.bias = affine ? zeros([channels]) : undefined;
    this.running_mean = trackRunningStats ? zeros([channels]).detach() : undefined;
    this.running_var = trackRunningStats ? ones([channels]).detach() : undefined;
    this.num_batches_tracked = trackRunningStats ? new Counter() : undefined;
  }

  /** Whether the statistics are the batch's, and not the running ones. */
  get usesBatch(): boolean {
    return this.training || !this.running_mean;
  }

  forward(x: Tensor, epilogue: NormEpilogue = {}): Tensor {
    if (!this.#ranks.includes(x.rank)) {
      throw new ShapeError(`${this.constructor.name}: ${x} must have ${this.#ranks.join(' or ')} dimensions.`);
    }
    const { weight, bias, num_batches_tracked: count } = this;
    const keeps = this.trackRunningStats || !this.training;
    if (count && keeps && this.training && !isRecomputing()) x.gpu.queue.alongside(() => void count.value++);
    return batchNorm(x, {
      ...epilogue,
      weight,
      bias,
      runningMean: keeps ? this.running_mean : undefined,
      runningVar: keeps ? this.running_var : undefined,
      training: this.usesBatch,
      momentum: this.momentum ?? 1 / Math.max(count?.value ?? 1, 1),
      eps: this.eps,
    });
  }

  /** The running statistics, weight and bias as a scale and a shift of each channel; see foldBatchNorm. */
  fold(convBias?: Tensor): { readonly scale: Tensor; readonly shift: Tensor } {
    const { weight, bias, running_mean: runningMean, running_var: runningVar, eps } = this;
    return foldBatchNorm({ weight, bias, runningMean, runningVar, eps }, convBias);
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

/** relu(norm(x)), in one pass over the elements behind the statistics. A number as `relu` is the slope of a leaky one. */
export const normRelu = (norm: PlaneNorm, x: Tensor, relu: boolean | number = true): Tensor =>
  norm.forward(x, { relu });

/** relu(norm(x) + residual), in one pass over the elements behind the statistics. */
export const normAddRelu = (norm: PlaneNorm, x: Tensor, residual: Tensor): Tensor =>
  norm.forward(x, { residual, relu: true });

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

  forward(x: Tensor, epilogue: NormEpilogue = {}): Tensor {
    return groupNorm(x, this.#groups, this.weight, this.bias, this.eps, epilogue);
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

  forward(x: Tensor, epilogue: NormEpilogue = {}): Tensor {
    return instanceNorm(x, { ...epilogue, weight: this.weight, bias: this.bias, eps: this.eps });
  }
}

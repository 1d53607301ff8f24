import { type ConvOptions, type ConvTransposeOptions, conv1d, conv2d, convTranspose2d } from '../ops/conv.js';
import { pair } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { defaultBias, defaultWeight } from './weights.js';

/** One number for both directions, or [vertical, horizontal]. */
type Pair = number | readonly [number, number];

interface Biased {
  /** Default true. */
  readonly bias?: boolean;
}

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** Convolution of x [N, inputs, L]; weight [outputs, inputs / groups, kernel], bias [outputs]. */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly options: Conv1dOptions;

  constructor(
    inputs: number,
    outputs: number,
    kernel: number,
    { bias = true, ...options }: Conv1dOptions & Biased = {},
  ) {
    super();
    this.weight = defaultWeight([outputs, inputs / (options.groups ?? 1), kernel]);
    this.bias = bias ? defaultBias(outputs, this.weight.shape) : undefined;
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/**
 * Convolution of x [N, inputs, H, W]; weight [outputs, inputs / groups, R, S], bias [outputs].
 *
 * @example
 *   const conv = new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
 *   conv.forward(images); // [N, 64, H/2, W/2]
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly options: ConvOptions;

  constructor(inputs: number, outputs: number, kernel: Pair, { bias = true, ...options }: ConvOptions & Biased = {}) {
    super();
    this.weight = defaultWeight([outputs, inputs / (options.groups ?? 1), ...pair(kernel)]);
    this.bias = bias ? defaultBias(outputs, this.weight.shape) : undefined;
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }
}

/** Transposed convolution of x [N, inputs, H, W]; weight [inputs, outputs / groups, R, S], bias [outputs]. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly options: ConvTransposeOptions;

  constructor(
    inputs: number,
    outputs: number,
    kernel: Pair,
    { bias = true, ...options }: ConvTransposeOptions & Biased = {},
  ) {
    super();
    this.weight = defaultWeight([inputs, outputs / (options.groups ?? 1), ...pair(kernel)]);
    this.bias = bias ? defaultBias(outputs, this.weight.shape) : undefined;
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}

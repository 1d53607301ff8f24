import { adaptiveAvgPool2d, adaptiveMaxPool2d, avgPool2d, maxPool2d } from '../ops/pool.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

type Pair = number | readonly [number, number];

interface PoolOptions {
  /** Default: the kernel's size. */
  readonly stride?: Pair;
  readonly padding?: Pair;
  /** Rounds the output's size up instead of down. */
  readonly ceilMode?: boolean;
}

/** The largest value of each window of x [N, C, H, W]. */
export class MaxPool2d extends Module {
  readonly #options: Parameters<typeof maxPool2d>[1];

  constructor(kernelSize: Pair, options: PoolOptions & { readonly dilation?: Pair } = {}) {
    super();
    this.#options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#options);
  }
}

/** The mean of each window of x [N, C, H, W]. */
export class AvgPool2d extends Module {
  readonly #options: Parameters<typeof avgPool2d>[1];

  /** `countIncludePad` (default true): padding counts in the divisor. */
  constructor(kernelSize: Pair, options: PoolOptions & { readonly countIncludePad?: boolean } = {}) {
    super();
    this.#options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#options);
  }
}

/** The means of `outputSize` cells of x [N, C, H, W]; 1 is global average pooling. */
export class AdaptiveAvgPool2d extends Module {
  readonly #outputSize: Pair;

  constructor(outputSize: Pair) {
    super();
    this.#outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.#outputSize);
  }
}

/** The largest values of `outputSize` cells of x [N, C, H, W]. */
export class AdaptiveMaxPool2d extends Module {
  readonly #outputSize: Pair;

  constructor(outputSize: Pair) {
    super();
    this.#outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.#outputSize);
  }
}

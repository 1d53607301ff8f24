import { interpolate } from '../ops/resample.js';
import { flatten } from '../ops/view.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** Joins the dimensions from `start` to `end` into one; by default all but the batch. */
export class Flatten extends Module {
  readonly #start: number;
  readonly #end: number;

  constructor(start = 1, end = -1) {
    super();
    this.#start = start;
    this.#end = end;
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.#start, this.#end);
  }
}

/** Resizes x [N, C, H, W]; see interpolate. */
export class Upsample extends Module {
  readonly #options: Parameters<typeof interpolate>[1];

  constructor(options: Parameters<typeof interpolate>[1]) {
    super();
    this.#options = options;
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.#options);
  }
}

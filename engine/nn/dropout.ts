import { dropout } from '../ops/dropout.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** In training, drops each element with probability `p` and scales the rest by 1 / (1 − p). */
export class Dropout extends Module {
  readonly #p: number;

  constructor(p = 0.5) {
    super();
    this.#p = p;
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.#p, this.training);
  }
}

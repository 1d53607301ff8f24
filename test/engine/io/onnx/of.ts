import { Module } from '../../../../engine/nn/module.js';
import type { Tensor } from '../../../../engine/tensor.js';

/** A function as a module. */
export class Of extends Module {
  readonly #fn: (x: Tensor) => Tensor | readonly Tensor[];

  constructor(fn: (x: Tensor) => Tensor | readonly Tensor[], members: Readonly<Record<string, unknown>> = {}) {
    super();
    this.#fn = fn;
    Object.assign(this, members);
  }

  forward(x: Tensor): Tensor | readonly Tensor[] {
    return this.#fn(x);
  }
}

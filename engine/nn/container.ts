import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** A module from one tensor to one tensor. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/**
 * Layers one after the other; named 0, 1, 2 … in a state dict, or as the given object names them.
 *
 * @example
 *   new Sequential(new Conv2d(3, 8, 3), new BatchNorm2d(8));                    // 0.weight, 0.bias, 1.weight …
 *   new Sequential({ conv: new Conv2d(3, 8, 3), bn: new BatchNorm2d(8) });      // conv.weight, conv.bias, bn.weight …
 */
export class Sequential extends Module {
  constructor(...layers: readonly Layer[] | readonly [Readonly<Record<string, Layer>>]) {
    super();
    const [first] = layers;
    Object.assign(this, first === undefined || first instanceof Module ? layers : first);
  }

  /** In the order in which they run. */
  get layers(): Layer[] {
    return [...this.namedChildren()].map(([, child]) => child as Layer);
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.forward(y), x);
  }
}

/** A list of modules named 0, 1, 2 … in a state dict. A plain array as a property does the same. */
export class ModuleList<M extends Module> extends Module {
  constructor(modules: Iterable<M>) {
    super();
    Object.assign(this, [...modules]);
  }

  get modules(): M[] {
    return [...this.namedChildren()].map(([, child]) => child as M);
  }

  [Symbol.iterator](): Iterator<M> {
    return this.modules[Symbol.iterator]();
  }

  /** A list computes nothing by itself. */
  forward(): never {
    throw new TypeError('ModuleList: a list has no forward; call its modules.');
  }
}

/** Gives back what it gets. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

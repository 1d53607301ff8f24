import { softmax } from '../ops/softmax.js';
import { gelu, leakyRelu, relu, sigmoid, silu, tanh } from '../ops/unary.js';
import { prelu } from '../ops/where.js';
import type { Tensor } from '../tensor.js';
import { constant_ } from './init.js';
import { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { emptyParameter } from './weights.js';

export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x for x > 0, slope · x below; default slope 0.01. */
export class LeakyReLU extends Module {
  readonly #slope: number;

  constructor(slope = 0.01) {
    super();
    this.#slope = slope;
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.#slope);
  }
}

/** x for x > 0, weight · x below; one weight, or one a channel. */
export class PReLU extends Module {
  readonly weight: Parameter;

  constructor(channels = 1, start = 0.25) {
    super();
    this.weight = constant_(emptyParameter([channels]), start);
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }
}

export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x Φ(x), or its approximation by tanh. */
export class GELU extends Module {
  readonly #approximate: 'none' | 'tanh';

  constructor(approximate: 'none' | 'tanh' = 'none') {
    super();
    this.#approximate = approximate;
  }

  forward(x: Tensor): Tensor {
    return gelu(x, this.#approximate);
  }
}

/** x · sigmoid(x). */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** Softmax over one dimension; default the last. */
export class Softmax extends Module {
  readonly #dim: number;

  constructor(dim = -1) {
    super();
    this.#dim = dim;
  }

  forward(x: Tensor): Tensor {
    return softmax(x, this.#dim);
  }
}

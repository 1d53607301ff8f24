import { embedding } from '../ops/indexing.js';
import type { Tensor } from '../tensor.js';
import { normal_ } from './init.js';
import { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { emptyParameter } from './weights.js';

/** Row weight[i] for each whole number i of an int32 tensor [..] → [.., width]; weight [count, width], N(0, 1). */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(count: number, width: number) {
    super();
    this.weight = normal_(emptyParameter([count, width]));
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight);
  }
}

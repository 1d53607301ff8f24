import { ShapeError } from '../errors.js';
import { scaledDotProductAttention } from '../ops/attention.js';
import { linear } from '../ops/matmul.js';
import { permute, reshape, slice, split } from '../ops/view.js';
import type { Tensor } from '../tensor.js';
import { constant_, xavierUniform_ } from './init.js';
import { Linear } from './linear.js';
import { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { emptyParameter, zeros } from './weights.js';

/**
 * Attention by several heads (Vaswani et al., 2017) over query [N, L, E], key and value [N, S, E] → [N, L, E]: PyTorch's
 * MultiheadAttention with batch_first, of which it keeps the names and initial values. One argument is self-attention.
 */
export class MultiheadAttention extends Module {
  readonly in_proj_weight: Parameter;
  readonly in_proj_bias: Parameter | undefined;
  readonly out_proj: Linear;
  readonly #heads: number;

  constructor(width: number, heads: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    if (width % heads !== 0) throw new ShapeError(`MultiheadAttention: ${width} does not divide by ${heads} heads.`);
    this.#heads = heads;
    this.in_proj_weight = xavierUniform_(emptyParameter([3 * width, width]));
    this.in_proj_bias = bias ? zeros([3 * width]) : undefined;
    this.out_proj = new Linear(width, width, { bias });
    if (this.out_proj.bias) constant_(this.out_proj.bias, 0);
  }

  forward(query: Tensor, key = query, value = key, options: { readonly causal?: boolean } = {}): Tensor {
    const [n, length, width] = query.shape as [number, number, number];
    const [q, k, v] = this.#project(query, key, value).map((t) => this.#toHeads(t)) as [Tensor, Tensor, Tensor];
    const y = scaledDotProductAttention(q, k, v, options);
    return this.out_proj.forward(reshape(permute(y, [0, 2, 1, 3]), [n, length, width]));
  }

  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const width = this.in_proj_weight.shape[1]!;
    if (key === query && value === query) {
      return split(linear(query, this.in_proj_weight, this.in_proj_bias), width, 2);
    }
    return [query, key, value].map((x, i) => {
      const part = (t: Tensor) => slice(t, 0, i * width, (i + 1) * width);
      return linear(x, part(this.in_proj_weight), this.in_proj_bias && part(this.in_proj_bias));
    });
  }

  /** [N, L, E] → [N, heads, L, E / heads]. */
  #toHeads(x: Tensor): Tensor {
    const [n, length, width] = x.shape as [number, number, number];
    return permute(reshape(x, [n, length, this.#heads, width / this.#heads]), [0, 2, 1, 3]);
  }
}

import { add } from '../../../engine/ops/arithmetic.js';
import { cat } from '../../../engine/ops/join.js';
import { linear, matmul } from '../../../engine/ops/matmul.js';
import { slice, transpose } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Relations between all pairs of nodes, and their embedding (Zhang et al., "Relation-aware global attention", CVPR 2020). */

/**
 * How a relation embedding is computed. `lowRank` (default) never makes the affinities; `naive` makes them, which is n² numbers
 * an image: 16 MiB in the first stage of the paper's net. Both are the same in real arithmetic.
 */
export type RelationForm = 'lowRank' | 'naive';

/** The affinities R[i, j] = θᵢ · φⱼ of n nodes, from θ and φ [B, c, n]: [B, n, n]. */
export const affinities = (theta: Tensor, phi: Tensor): Tensor => matmul(transpose(theta), phi);

/**
 * The relation vector of node p, (R[p, 1 … n], R[1 … n, p]), times a matrix: [B, m, n].
 *
 * With the matrix split as (Wa, Wb), E = Wa Rᵀ + Wb R = (Wa Φᵀ) Θ + (Wb Θᵀ) Φ: two products with m × c matrices instead of
 * the n × n one. The way back has the same form.
 *
 * @param theta [B, c, n]
 * @param phi [B, c, n]
 * @param weight [m, 2n]
 */
export function relationEmbedding(theta: Tensor, phi: Tensor, weight: Tensor, form: RelationForm = 'lowRank'): Tensor {
  if (form === 'naive') {
    const r = affinities(theta, phi);
    return matmul(weight, cat([transpose(r), r], 1));
  }
  const n = theta.shape[2]!;
  const rows = linear(phi, slice(weight, 1, 0, n)); // (Wa Φᵀ)ᵀ [B, c, m]: one product for the whole batch.
  const columns = linear(theta, slice(weight, 1, n));
  return add(matmul(transpose(rows), theta), matmul(transpose(columns), phi));
}

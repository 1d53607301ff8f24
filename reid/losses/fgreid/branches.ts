import { add, div, mul, rsub } from '../../../engine/ops/arithmetic.js';
import { gather } from '../../../engine/ops/indexing.js';
import { mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { addScalar, log, relu } from '../../../engine/ops/unary.js';
import { reshape } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/** How far apart the branches may be. */
const SLACK = 0.005;

export interface BranchLosses {
  /** Both branches' probability of the right class, taken from 2, averaged over the batch. */
  readonly ranking: Tensor;
  /** max(0, KL(p₁ ‖ p₂) − 0.005), the divergence averaged over the batch. */
  readonly consistency: Tensor;
}

/**
 * What FGReID asks of its two branches together. Its ranking loss, min(max(0, t₁ − t₂ + 2), max(0, 2 − t₁ − t₂)) for probabilities t, is
 * 2 − t₁ − t₂ for all t, which is what is computed.
 *
 * @param first, second logits [N, K]
 * @param labels int32 [N]
 * @param epsilon added to what is divided by and what a logarithm is taken of
 */
export function branchLosses(first: Tensor, second: Tensor, labels: Tensor, epsilon = 1e-12): BranchLosses {
  const p1 = softmax(first, 1);
  const p2 = softmax(second, 1);
  const right = (p: Tensor) => gather(p, 1, reshape(labels, [labels.size, 1]));
  const ratio = log(addScalar(div(p1, addScalar(p2, epsilon)), epsilon));
  const divergence = mean(sum(mul(p1, ratio), 1));
  return {
    ranking: mean(rsub(add(right(p1), right(p2)), 2)),
    consistency: relu(addScalar(divergence, -SLACK)),
  };
}

import { add } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { addScalar, mulScalar, neg, relu } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Positions of a map of pictures of 224×112, for which the bounds were chosen. */
const POSITIONS = 14 * 7;
const SOURCE_MOST = 20;
const BRANCH_LEAST = 1;
const BRANCH_MOST = 10;

/**
 * Bounds on the sums of maps in an earlier form of FGReID's branch losses, which the published loss has no more: per position a
 * sum of `source` may be 20 at most, and one of `branch` between 1 and 10. What is beyond is averaged over the batch.
 *
 * @param source, branch sums over a map of 14×7, [N]
 */
export function mapSumLosses(source: Tensor, branch: Tensor): { readonly source: Tensor; readonly branch: Tensor } {
  const beyond = (sums: Tensor, most: number) => relu(addScalar(mulScalar(sums, 1 / POSITIONS), -most));
  const short = relu(addScalar(neg(mulScalar(branch, 1 / POSITIONS)), BRANCH_LEAST));
  return { source: mean(beyond(source, SOURCE_MOST)), branch: mean(add(beyond(branch, BRANCH_MOST), short)) };
}

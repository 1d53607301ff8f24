import { sub } from '../../../engine/ops/arithmetic.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { sum } from '../../../engine/ops/sum.js';
import { mulScalar, square } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';
import { sameLabel } from '../same-label.js';

/** What a class's features are divided by for its prototype, whatever their number. */
const SHARE = 1 / 4;

/**
 * How far features are from the prototype of their class in the batch, a quarter of the sum of its features: the sum of all squared
 * differences, divided by `count`.
 *
 * @param features [N, C]
 * @param labels int32 [N]
 * @param count the original's n: (frames or pictures of a group − 1) / (those of a group) of the batch, rounded down
 */
export function prototypeVariance(features: Tensor, labels: Tensor, count: number): Tensor {
  const same = sameLabel(features, labels, 'prototypeVariance');
  const prototypes = mulScalar(matmul(same, features), SHARE);
  return mulScalar(sum(square(sub(features, prototypes))), 1 / count);
}

import { sub } from '../../engine/ops/arithmetic.js';
import { indexSelect } from '../../engine/ops/indexing.js';
import { sum } from '../../engine/ops/sum.js';
import { addScalar, clamp, mulScalar, square } from '../../engine/ops/unary.js';
import type { Tensor } from '../../engine/tensor.js';

const LEAST = 1e-12;
const MOST = 1e12;

/**
 * The centre loss (Wen et al., "A discriminative feature learning approach for deep face recognition", ECCV 2016) as strong
 * baselines compute it: the squared distance of each feature from the centre of its class, within [1e-12, 1e12], summed over
 * the batch and divided by its size. The distances from all other centres are masked to 0 and clamped to 1e-12 too, which adds
 * the constant (K − 1) · 1e-12.
 *
 * @param features [N, C]
 * @param labels int32 [N]
 * @param centers [K, C]: parameters of their own, N(0, 1) at first, moved by plain gradient descent
 */
export function centerLoss(features: Tensor, labels: Tensor, centers: Tensor): Tensor {
  const own = sum(square(sub(features, indexSelect(centers, 0, labels))), 1);
  const constant = (centers.shape[0]! - 1) * LEAST;
  return addScalar(mulScalar(sum(clamp(own, LEAST, MOST)), 1 / features.shape[0]!), constant);
}

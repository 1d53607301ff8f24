import { add, mul, rsub, sub } from '../../engine/ops/arithmetic.js';
import { euclidean } from '../../engine/ops/distance.js';
import { max, mean, min } from '../../engine/ops/reduce.js';
import { addScalar, relu, softplus } from '../../engine/ops/unary.js';
import { type Tensor, tensor } from '../../engine/tensor.js';

/** Far beyond any distance: what the hardest positive and negative must not pick. */
const FAR = 1e9;

/**
 * The batch-hard triplet loss (Hermans et al., "In defense of the triplet loss for person re-identification", 2017): for every
 * image its farthest positive and its nearest negative in the batch, by Euclidean distance;
 * mean of max(0, positive − negative + margin), or of log(1 + e^(positive − negative)) where the margin is `soft`.
 *
 * @param features [N, C]
 * @param labels N identities; each should come at least twice, and there should be at least two
 */
export function batchHardTriplet(features: Tensor, labels: ArrayLike<number>, margin: number | 'soft' = 0.3): Tensor {
  const n = features.shape[0]!;
  if (labels.length !== n) throw new RangeError(`batchHardTriplet: ${labels.length} labels for ${n} features.`);
  const same = new Float32Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) same[i * n + j] = labels[i] === labels[j] ? 1 : 0;
  const positive = tensor(same, [n, n], { gpu: features.gpu });
  const distances = euclidean(features, features);
  const hardestPositive = max(sub(mul(distances, positive), mul(rsub(positive, 1), FAR)), 1).values;
  const hardestNegative = min(add(mul(distances, rsub(positive, 1)), mul(positive, FAR)), 1).values;
  const difference = sub(hardestPositive, hardestNegative);
  return mean(margin === 'soft' ? softplus(difference) : relu(addScalar(difference, margin)));
}

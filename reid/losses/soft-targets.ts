import { mul } from '../../engine/ops/arithmetic.js';
import { euclidean } from '../../engine/ops/distance.js';
import { gather } from '../../engine/ops/indexing.js';
import { cat } from '../../engine/ops/join.js';
import { mean } from '../../engine/ops/reduce.js';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import { sum } from '../../engine/ops/sum.js';
import { mulScalar, neg } from '../../engine/ops/unary.js';
import { reshape } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import type { Labels } from './same-label.js';
import { mineBatchHard } from './triplet.js';

/**
 * Cross entropy with targets that are shares: −mean over the batch of Σ t · log softmax(x).
 *
 * @param logits [N, K]
 * @param shares [N, K], of which each row should sum to 1
 */
export const softCrossEntropy = (logits: Tensor, shares: Tensor): Tensor =>
  neg(mean(sum(mul(shares, logSoftmax(logits, 1)), 1)));

/** Cross entropy with what another model thinks: logits [N, K], to which no gradient goes. */
export const distillation = (logits: Tensor, teacher: Tensor): Tensor =>
  softCrossEntropy(logits, softmax(teacher.detach(), 1));

/**
 * The softmax triplet loss of mutual mean teaching (Ge et al., ICLR 2020): the hardest positive and the hardest negative of each feature
 * as two classes by their Euclidean distances. Their shares are `margin` and 1 − `margin`, or, given a teacher's features, those
 * of the same pairs there.
 *
 * @param features [N, C]
 * @param by a margin, or the features [N, C] of a teacher, to which no gradient goes
 */
export function softTripletLoss(features: Tensor, labels: Labels, by: number | Tensor): Tensor {
  const n = features.shape[0]!;
  const { positive, negative, positiveIndices, negativeIndices } = mineBatchHard(features, labels);
  const pair = (a: Tensor, b: Tensor) => cat([reshape(a, [n, 1]), reshape(b, [n, 1])], 1);
  const distances = pair(positive, negative);
  if (typeof by === 'number') {
    const shares = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? by : 1 - by));
    return softCrossEntropy(distances, tensor(shares, [n, 2], { gpu: features.gpu }));
  }
  const teacher = by.detach();
  const theirs = euclidean(teacher, teacher);
  const at = (indices: Tensor) => gather(theirs, 1, reshape(indices, [n, 1]));
  return distillation(distances, pair(at(positiveIndices), at(negativeIndices)));
}

/**
 * How near each feature is to the others of the batch, taught by a teacher's features of the same pictures: the cross entropy of the
 * softmax of −distance / temperature over all others.
 *
 * @param features, teacher [N, C]
 */
export function neighbourDistillation(features: Tensor, teacher: Tensor, temperature = 2): Tensor {
  const n = features.shape[0]!;
  const fixed = teacher.detach();
  // Row i without its own column.
  const others = Int32Array.from({ length: n * (n - 1) }, (_, at) => {
    const [i, k] = [Math.floor(at / (n - 1)), at % (n - 1)];
    return k < i ? k : k + 1;
  });
  const index = tensor(others, [n, n - 1], { gpu: features.gpu });
  const nearness = (x: Tensor) => mulScalar(gather(euclidean(x, x), 1, index), -1 / temperature);
  return distillation(nearness(features), nearness(fixed));
}

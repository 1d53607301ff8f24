import { add, mul, rsub, sub } from '../../engine/ops/arithmetic.js';
import { cosineDistance, euclidean, l2Normalize } from '../../engine/ops/distance.js';
import { max, mean, min } from '../../engine/ops/reduce.js';
import { addScalar, relu, softplus } from '../../engine/ops/unary.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Labels, sameLabel } from './same-label.js';

/** Far beyond any distance: what the hardest positive and negative must not pick. */
const FAR = 1e9;

export interface BatchHardOptions {
  /** `euclidean` (default): √max(|a − b|², 1e-12); `cosine`: 1 − cos(a, b). */
  readonly metric?: 'euclidean' | 'cosine';
  /** Divide features by their length first; default false. */
  readonly normalize?: boolean;
}

/** The hardest pairs of a batch, one of each kind for each image. */
export interface BatchHard {
  /** [N]: the distance of the farthest image with the same label; the image itself where there is no other. */
  readonly positive: Tensor;
  /** [N]: the distance of the nearest image with another label; about 1e9 where there is none. */
  readonly negative: Tensor;
  /** [N], int32: which images these are; of equally far ones the first. */
  readonly positiveIndices: Tensor;
  readonly negativeIndices: Tensor;
}

/**
 * Mines the hardest positive and negative of every image in the batch.
 *
 * @param features [N, C]
 * @param labels N identities, in any order and number
 */
export function mineBatchHard(
  features: Tensor,
  labels: Labels,
  { metric = 'euclidean', normalize = false }: BatchHardOptions = {},
): BatchHard {
  const positive = sameLabel(features, labels, 'batchHardTriplet');
  const x = normalize ? l2Normalize(features) : features;
  const distances = (metric === 'cosine' ? cosineDistance : euclidean)(x, x);
  const farthest = max(sub(mul(distances, positive), mul(rsub(positive, 1), FAR)), 1);
  const nearest = min(add(mul(distances, rsub(positive, 1)), mul(positive, FAR)), 1);
  return {
    positive: farthest.values,
    negative: nearest.values,
    positiveIndices: farthest.indices,
    negativeIndices: nearest.indices,
  };
}

/**
 * The batch-hard triplet loss (Hermans et al., "In defense of the triplet loss for person re-identification", 2017): for every
 * image its farthest positive and its nearest negative in the batch; mean of max(0, positive − negative + margin), or of
 * log(1 + e^(positive − negative)) where the margin is `soft`.
 *
 * @param features [N, C]
 * @param labels N identities; each should come at least twice, and there should be at least two
 */
export function batchHardTriplet(
  features: Tensor,
  labels: Labels,
  margin: number | 'soft' = 0.3,
  options: BatchHardOptions = {},
): Tensor {
  const { positive, negative } = mineBatchHard(features, labels, options);
  const difference = sub(positive, negative);
  return mean(margin === 'soft' ? softplus(difference) : relu(addScalar(difference, margin)));
}

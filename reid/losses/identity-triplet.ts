import { add, mul } from '../../engine/ops/arithmetic.js';
import { Tensor, tensor } from '../../engine/tensor.js';
import type { TrainingOutput } from '../models/model.js';
import { type IdentityLossOptions, identityLoss } from './identity.js';
import { batchHardTriplet } from './triplet.js';

/** What the loss of a supervised system is made of. */
export interface LossWeights extends IdentityLossOptions {
  readonly margin: number | 'soft';
  readonly idWeight: number;
  readonly tripletWeight: number;
}

export interface TrainingLosses {
  readonly id: Tensor;
  readonly triplet: Tensor;
  /** idWeight · id + tripletWeight · triplet */
  readonly total: Tensor;
}

/** That of the whole picture, plus the mean of those of its parts. */
function overHeads(losses: readonly Tensor[]): Tensor {
  const [whole, ...parts] = losses;
  if (parts.length === 0) return whole!;
  return add(
    whole!,
    mul(
      parts.reduce((a, b) => add(a, b)),
      1 / parts.length,
    ),
  );
}

/**
 * Identity loss on the logits and batch-hard triplet loss on the features. Of a model with several heads the first one's losses
 * count in full, the others' as their mean.
 *
 * @param labels N identities, as numbers of the classifier's rows; as a tensor for a static step
 */
export function identityTripletLoss(
  { features, logits }: TrainingOutput,
  labels: Int32Array | Tensor,
  { margin, idWeight, tripletWeight, ...smoothing }: LossWeights,
): TrainingLosses {
  const target = labels instanceof Tensor ? labels : tensor(labels, [labels.length], { gpu: logits[0]!.gpu });
  const id = overHeads(logits.map((each) => identityLoss(each, target, smoothing)));
  const triplet = overHeads(features.map((each) => batchHardTriplet(each, target, margin)));
  return { id, triplet, total: add(mul(id, idWeight), mul(triplet, tripletWeight)) };
}

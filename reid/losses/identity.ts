import { add, mul } from '../../engine/ops/arithmetic.js';
import { crossEntropy } from '../../engine/ops/loss.js';
import type { Tensor } from '../../engine/tensor.js';

export interface IdentityLossOptions {
  /** ε: the part of the target that is spread over all classes; default 0. */
  readonly labelSmoothing?: number;
  /**
   * K′: over how many classes ε is spread, default the K of the logits. A published system keeps the number of another data
   * set here; its targets then do not sum to 1.
   */
  readonly smoothingClasses?: number;
}

/**
 * Cross entropy of logits [N, K] with the smoothed target (1 − ε) [k = y] + ε / K′, averaged over the batch.
 *
 * @param labels int32 [N]
 */
export function identityLoss(logits: Tensor, labels: Tensor, options: IdentityLossOptions = {}): Tensor {
  const { labelSmoothing = 0, smoothingClasses } = options;
  const classes = logits.shape[1]!;
  if (smoothingClasses === undefined || smoothingClasses === classes || labelSmoothing === 0) {
    return crossEntropy(logits, labels, { labelSmoothing });
  }
  const hard = crossEntropy(logits, labels);
  const even = crossEntropy(logits, labels, { labelSmoothing: 1 });
  return add(mul(hard, 1 - labelSmoothing), mul(even, (labelSmoothing * classes) / smoothingClasses));
}

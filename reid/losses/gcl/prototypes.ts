import { add, mul, rsub } from '../../../engine/ops/arithmetic.js';
import { toFloat } from '../../../engine/ops/cast.js';
import { indexSelect, oneHot } from '../../../engine/ops/indexing.js';
import { crossEntropy } from '../../../engine/ops/loss.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import { transpose } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import { softCrossEntropy } from '../soft-targets.js';

/** A blend of each picture of a batch with another. */
export interface Mix {
  /** The share of the picture itself, [1]; at least a half. */
  readonly share: Tensor;
  /** int32 [B]: the other one. */
  readonly partner: Tensor;
}

/** λ a + (1 − λ) a[π] for codes or targets [B, …]. */
export const blend = (a: Tensor, { share, partner }: Mix): Tensor =>
  add(mul(a, share), mul(indexSelect(a, 0, partner), rsub(share, 1)));

export interface PrototypeOptions {
  /** Divides the scores. Default 1. */
  readonly temperature?: number;
  /** Of the photos' targets. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * GCL's prototype loss: photos are to score highest with their cluster's centre, blended pictures with the centres of both, by their
 * shares. Embeddings and centres are taken as they are.
 *
 * @param photos, mixed embeddings [B, D]
 * @param labels int32 [B]: clusters
 * @param centres [Q, D]: a constant
 */
export function prototypeMixLoss(
  photos: Tensor,
  mixed: Tensor,
  labels: Tensor,
  centres: Tensor,
  mix: Mix,
  { temperature = 1, labelSmoothing = 0 }: PrototypeOptions = {},
): Tensor {
  const scores = (x: Tensor) => {
    const raw = matmul(x, transpose(centres.detach()));
    return temperature === 1 ? raw : mulScalar(raw, 1 / temperature);
  };
  const targets = blend(toFloat(oneHot(labels, centres.shape[0]!)), mix);
  return add(crossEntropy(scores(photos), labels, { labelSmoothing }), softCrossEntropy(scores(mixed), targets));
}

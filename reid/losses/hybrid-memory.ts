import { ShapeError } from '../../engine/errors.js';
import { div } from '../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../engine/ops/distance.js';
import { indexAdd } from '../../engine/ops/indexing.js';
import { nllLoss } from '../../engine/ops/loss.js';
import { matmul } from '../../engine/ops/matmul.js';
import { sum } from '../../engine/ops/sum.js';
import { addScalar, exp, log, mulScalar } from '../../engine/ops/unary.js';
import { transpose } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { updateMemoryTable } from './memory-table.js';

/** Added to the sum of the softmax, and to what its logarithm is taken of, as the original does. */
const EPS = 1e-6;

/**
 * SpCL's hybrid memory (Ge et al., "Self-paced contrastive learning with hybrid memory for domain adaptive object re-ID",
 * NeurIPS 2020): one feature of every picture is remembered; the logit of a cluster is the mean over its pictures, and those that are
 * in no cluster are clusters of their own.
 */
export class HybridMemory {
  /** [N, D], rows of length 1. */
  readonly bank: Tensor;
  /** int32 [N]: the cluster of every remembered picture. */
  readonly labels: Tensor;
  readonly #counts: Tensor;
  readonly #temperature: number;

  /** @param labels the cluster of each row of `bank`, from 0 on without gaps */
  constructor(bank: Tensor, labels: ArrayLike<number>, temperature = 0.05) {
    if (labels.length !== bank.shape[0]) {
      throw new ShapeError(
        `HybridMemory: ${labels.length} labels for the bank ${bank}; there must be one for each row.`,
      );
    }
    const counts = new Float32Array(1 + Array.from(labels).reduce((most, label) => Math.max(most, label), 0));
    for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
    const { gpu } = bank;
    this.bank = bank;
    this.labels = tensor(Int32Array.from(labels), [labels.length], { gpu }).keep();
    this.#counts = tensor(counts, [counts.length, 1], { gpu }).keep();
    this.#temperature = temperature;
  }

  /**
   * @param features [B, D]
   * @param targets int32 [B]: the clusters of the features
   */
  loss(features: Tensor, targets: Tensor): Tensor {
    const x = mulScalar(l2Normalize(features), 1 / this.#temperature);
    const likeness = matmul(this.bank.detach(), transpose(x));
    const clusters = this.#counts.shape[0]!;
    const empty = tensor(new Float32Array(clusters * x.shape[0]!), [clusters, x.shape[0]!], { gpu: x.gpu });
    const powers = exp(div(indexAdd(empty, 0, this.labels, likeness), this.#counts));
    const share = div(powers, addScalar(sum(powers, 0, true), EPS));
    return nllLoss(log(addScalar(transpose(share), EPS)), targets);
  }

  /** Moves what is remembered of these pictures (int32 [B]) towards their features over their lengths, in the batch's order. */
  update(features: Tensor, pictures: Tensor, momentum = 0.2): void {
    updateMemoryTable(this.bank, l2Normalize(features.detach()), pictures, { momentum });
  }
}

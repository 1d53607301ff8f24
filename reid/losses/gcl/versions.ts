import { l2Normalize } from '../../../engine/ops/distance.js';
import { crossEntropy } from '../../../engine/ops/loss.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { mean } from '../../../engine/ops/reduce.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import { expand, reshape, transpose } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { softCrossEntropy } from '../soft-targets.js';

/**
 * The mean of each picture's versions, of length 1: normalised(mean over K of e).
 *
 * @param embeddings [B · K, D], not normalised, the versions of a picture side by side
 * @param versions K
 * @returns [B, D]
 */
export function meanVersions(embeddings: Tensor, versions: number): Tensor {
  const [count, width] = embeddings.shape as [number, number];
  return l2Normalize(mean(reshape(embeddings, [count / versions, versions, width]), 1));
}

/**
 * The local loss of JVTC (Li and Zhang, "Joint visual and temporal consistency for unsupervised domain adaptive person
 * re-identification", ECCV 2020): each version of a picture is to find the mean of its own versions among those of the batch. The
 * cross entropy of features · meansᵀ / τ; its gradient goes through both.
 *
 * @param features [B · K, D], rows of length 1, the versions of a picture side by side
 * @param means [B, D], see {@link meanVersions}
 */
export function versionLoss(features: Tensor, means: Tensor, temperature = 0.1): Tensor {
  const [count, pictures] = [features.shape[0]!, means.shape[0]!];
  const own = Int32Array.from({ length: count }, (_, i) => Math.floor((i * pictures) / count));
  const scores = mulScalar(matmul(features, transpose(means)), 1 / temperature);
  return crossEntropy(scores, tensor(own, [count], { gpu: features.gpu }));
}

/**
 * The global loss of JVTC: each version is to find its picture's cluster in a bank of all pictures. −Σ t · log softmax(features ·
 * bankᵀ / τ), averaged over the versions.
 *
 * @param features [B · K, D], rows of length 1, the versions of a picture side by side
 * @param bank [N, D]: a constant
 * @param members [B, N]: 1 / size of the picture's cluster for the rows that are of it, else 0; see {@link memberShares}
 */
export function bankLoss(features: Tensor, bank: Tensor, members: Tensor, temperature = 0.05): Tensor {
  const [pictures, rows] = members.shape as [number, number];
  const [count] = features.shape as [number];
  const scores = mulScalar(matmul(features, transpose(bank.detach())), 1 / temperature);
  const shares = expand(reshape(members, [pictures, 1, rows]), [pictures, count / pictures, rows]);
  return softCrossEntropy(scores, reshape(shares, [count, rows]));
}

/**
 * Which rows of the bank are of each picture's cluster, as {@link bankLoss} wants it: [B, N].
 *
 * @param labels the cluster of each row, [N]
 * @param rows of the pictures, [B]
 */
export function memberShares(labels: Int32Array, rows: ArrayLike<number>): Float32Array {
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const shares = new Float32Array(rows.length * labels.length);
  for (let b = 0; b < rows.length; b++) {
    const own = labels[rows[b]!]!;
    const share = 1 / sizes.get(own)!;
    for (const [row, label] of labels.entries()) if (label === own) shares[b * labels.length + row] = share;
  }
  return shares;
}

import { add } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { gather } from '../../../engine/ops/indexing.js';
import { cat } from '../../../engine/ops/join.js';
import { crossEntropy } from '../../../engine/ops/loss.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import { reshape, transpose } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';

/** Rows of the memory that the loss compares pictures with; drawn by the caller. */
export interface MemoryDraws {
  /** int32 [B]: each picture's own row. */
  readonly own: Tensor;
  /** int32 [B]: a row of the same cluster for the novel view, and one, drawn by itself, for the photo. */
  readonly positiveOfView: Tensor;
  readonly positiveOfPhoto: Tensor;
  /** int32 [B, K]: rows of other clusters and of none. */
  readonly negatives: Tensor;
}

/**
 * GCL's contrast with a memory of all pictures: the novel view against the photo's own row, the novel view against a row of its cluster,
 * and the photo against a row of its cluster, each among the same negatives, whose scores are the novel view's in all three. The
 * sum of three cross entropies at the temperature.
 *
 * @param photos, views embeddings [B, D], of any length
 * @param memory [N, D], rows of length 1: a constant
 */
export function memoryContrast(
  photos: Tensor,
  views: Tensor,
  memory: Tensor,
  draws: MemoryDraws,
  temperature = 0.04,
): Tensor {
  const batch = photos.shape[0]!;
  const scores = (x: Tensor) => matmul(l2Normalize(x), transpose(memory.detach()));
  const ofView = scores(views);
  const ofPhoto = scores(photos);
  const at = (s: Tensor, rows: Tensor) => gather(s, 1, reshape(rows, [batch, 1]));
  const negatives = gather(ofView, 1, draws.negatives);
  const first = tensor(new Int32Array(batch), [batch], { gpu: photos.gpu });
  const contrast = (positive: Tensor) => crossEntropy(mulScalar(cat([positive, negatives], 1), 1 / temperature), first);
  return [at(ofView, draws.own), at(ofView, draws.positiveOfView), at(ofPhoto, draws.positiveOfPhoto)]
    .map(contrast)
    .reduce((a, b) => add(a, b));
}

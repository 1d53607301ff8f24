import { equal } from '../../engine/ops/arithmetic.js';
import { toFloat } from '../../engine/ops/cast.js';
import { reshape } from '../../engine/ops/view.js';
import { Tensor, tensor } from '../../engine/tensor.js';

/** Identities of a batch, as a list or as an int32 tensor [N]; a static step needs the tensor. */
export type Labels = ArrayLike<number> | Tensor;

/**
 * [N, N]: 1 where two images have the same label, else 0.
 *
 * @param what names the loss in errors
 * @throws RangeError where there are more or fewer labels than features
 */
export function sameLabel(features: Tensor, labels: Labels, what: string): Tensor {
  const n = features.shape[0]!;
  const count = labels instanceof Tensor ? labels.size : labels.length;
  if (count !== n) throw new RangeError(`${what}: ${count} labels for ${n} features.`);
  const numbers =
    labels instanceof Tensor ? toFloat(labels) : tensor(Float32Array.from(labels), [n], { gpu: features.gpu });
  return equal(reshape(numbers, [n, 1]), reshape(numbers, [1, n]));
}

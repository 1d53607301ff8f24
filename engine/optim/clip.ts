import { clipFactor, scaleBy, squareSums } from '../../shaders/gradients.js';
import { empty, runInto, type Tensor, viewOf } from '../tensor.js';
import { bundles, gradientsOf, partials } from './bundles.js';

/**
 * Scales the gradients of all parameters together by min(1, maxNorm / (norm + 1e-6)), where `norm` is the l2 norm of all as
 * one vector; as torch.nn.utils.clip_grad_norm_. Nothing is read back: norm and factor stay on the GPU.
 *
 * @returns the norm before clipping, a tensor of shape []; undefined when there is no gradient
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor | undefined {
  const gradients = gradientsOf(parameters);
  const gpu = gradients[0]?.gpu;
  if (!gpu) return undefined;
  const parts = bundles(gradients);
  const sums = partials(parts, squareSums, 'float32');
  const factor = empty(gpu, [2], 'float32', 'clipFactor');
  runInto(clipFactor(sums.size, maxNorm), [sums], [factor]);
  for (const { tensors, sizes } of parts) runInto(scaleBy(sizes), [factor], tensors);
  sums.storage.release();
  return viewOf(factor, []);
}

import { clipFactor, reduceWidth, scaleBy, squareSumGroups, squareSums } from '../../shaders/optim.js';
import { contiguousData, empty, runInto, type Tensor, viewOf } from '../tensor.js';

/** The gradients, each row-major, as they must be to be changed in place. */
function gradientsOf(parameters: Iterable<Tensor>): Tensor[] {
  const gradients: Tensor[] = [];
  for (const parameter of parameters) {
    if (!parameter.grad) continue;
    if (!parameter.grad.isContiguous) parameter.grad = contiguousData(parameter.grad).keep();
    gradients.push(parameter.grad);
  }
  return gradients;
}

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
  const width = reduceWidth(gpu.limits.maxStorageBuffersPerShaderStage);
  const bundles = Array.from({ length: Math.ceil(gradients.length / width) }, (_, i) => {
    const tensors = gradients.slice(i * width, (i + 1) * width);
    const sizes = tensors.map(({ size }) => size);
    return { tensors, sizes, groups: squareSumGroups(sizes) };
  });
  const total = bundles.reduce((sum, { groups }) => sum + groups, 0);
  const sums = empty(gpu, [total], 'float32', 'squareSums');
  const factor = empty(gpu, [2], 'float32', 'clipFactor');
  let first = 0;
  for (const { tensors, sizes, groups } of bundles) {
    runInto(squareSums(sizes, first), tensors, [sums]);
    first += groups;
  }
  runInto(clipFactor(total, maxNorm), [sums], [factor]);
  for (const { tensors, sizes } of bundles) runInto(scaleBy(sizes), [factor], tensors);
  sums.storage.release();
  return viewOf(factor, []);
}

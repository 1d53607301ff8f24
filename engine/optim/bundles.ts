import { passGroups, reduceWidth } from '../../shaders/gradients.js';
import type { Shader } from '../../shaders/shader.js';
import { contiguousData, empty, runInto, type Tensor } from '../tensor.js';

/** The gradients that there are, each row-major, as they must be to be changed in place. */
export function gradientsOf(parameters: Iterable<Tensor>): Tensor[] {
  const gradients: Tensor[] = [];
  for (const parameter of parameters) {
    if (!parameter.grad) continue;
    if (!parameter.grad.isContiguous) parameter.grad = contiguousData(parameter.grad).keep();
    gradients.push(parameter.grad);
  }
  return gradients;
}

/** As many tensors as one dispatch takes. */
export interface Bundle {
  readonly tensors: readonly Tensor[];
  readonly sizes: readonly number[];
}

export function bundles(tensors: readonly Tensor[]): Bundle[] {
  const width = reduceWidth(tensors[0]?.gpu.limits.maxStorageBuffersPerShaderStage ?? 8);
  return Array.from({ length: Math.ceil(tensors.length / width) }, (_, i) => {
    const some = tensors.slice(i * width, (i + 1) * width);
    return { tensors: some, sizes: some.map(({ size }) => size) };
  });
}

/** Partial results over all bundles, end to end: one pass each. */
export function partials(
  parts: readonly Bundle[],
  pass: (sizes: readonly number[], first: number) => Shader,
  dtype: 'float32' | 'uint32',
): Tensor {
  const groups = parts.map(({ sizes }) => passGroups(sizes));
  const total = groups.reduce((sum, n) => sum + n, 0);
  const results = empty(parts[0]!.tensors[0]!.gpu, [total], dtype, 'partial results');
  let first = 0;
  for (const [i, { tensors, sizes }] of parts.entries()) {
    runInto(pass(sizes, first), tensors, [results]);
    first += groups[i]!;
  }
  return results;
}

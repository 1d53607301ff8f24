import { ShapeError } from '../errors.js';
import { Tensor, tensor } from '../tensor.js';

/**
 * A tensor that is trained: it requires a gradient until `requiresGrad` is set to false (then it is frozen), and its memory
 * outlives every scope.
 *
 * @example
 *   class Scale extends Module {
 *     readonly gamma = new Parameter(tensor([1]));
 *     forward(x: Tensor): Tensor {
 *       return mul(x, this.gamma);
 *     }
 *   }
 */
export class Parameter extends Tensor {
  /** Takes over the memory of `data`, which must be row-major. */
  constructor(data: Tensor) {
    if (!data.isContiguous) throw new ShapeError(`Parameter: ${data} is a view; make it contiguous() first.`);
    super(data.gpu, data.storage, data.shape, data.dtype);
    this.requiresGrad = true;
    this.keep();
  }
}

const counts = new WeakMap<Tensor, number>();

/**
 * A whole number that a module counts and saves, such as the batches that a norm has seen. It lives on the host; in a state
 * dict it is a tensor of shape [], in files int64, as PyTorch has it.
 */
export class Counter {
  value = 0;

  /** The number as an int32 tensor. */
  toTensor(): Tensor {
    const t = tensor(new Int32Array([this.value]), []);
    counts.set(t, this.value);
    return t;
  }

  /** Takes over the number of a tensor that toTensor made; another's is on the GPU and can not be known at once. */
  assign(t: Tensor): void {
    this.value = counts.get(t) ?? this.value;
  }
}

/** Drops the gradients and gives their memory back to the pool. */
export function zeroGrad(parameters: Iterable<Tensor>): void {
  for (const parameter of parameters) {
    // What is not kept belongs to a graph (createGraph) and goes with its scope.
    if (parameter.grad?.storage.kept) parameter.grad.storage.release();
    parameter.grad = undefined;
  }
}

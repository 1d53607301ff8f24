import { currentGpu, type Gpu } from './gpu.js';
import type { Scope, Storage } from './memory.js';
import { Tensor } from './tensor.js';

function collect(value: unknown, into: Set<Storage>, seen: Set<unknown>): boolean {
  if (value instanceof Tensor) {
    into.add(value.storage);
    return value.node !== undefined;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return false;
  seen.add(value);
  const children = value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
  let graph = false;
  for (const child of children) graph = collect(child, into, seen) || graph;
  return graph;
}

/**
 * Runs `work` (also asynchronous) and gives all memory allocated in it back to the pool, except for what it returns (tensors
 * in lists, maps and plain objects too) and what was kept: parameters, gradients, optimiser state. When a returned tensor
 * can still be differentiated, everything its graph saved moves to the scope around this one. Scopes nest; where asynchronous
 * ones overlap in time, what one makes may go with the other, and using it then is an error.
 *
 * @example
 *   const loss = await scope(async () => {
 *     const loss = crossEntropy(model.forward(images), labels);
 *     backward(loss);
 *     optimiser.step();
 *     return await loss.item();
 *   });
 */
export function scope<T>(work: () => T, gpu: Gpu = currentGpu()): T {
  const opened = gpu.pool.push();
  let result: T;
  try {
    result = work();
  } catch (error) {
    gpu.pool.pop(opened, new Set());
    throw error;
  }
  if (result instanceof Promise) {
    return result.then(
      (value: unknown) => end(gpu, opened, value),
      (error: unknown) => {
        gpu.pool.pop(opened, new Set());
        throw error;
      },
    ) as T;
  }
  return end(gpu, opened, result);
}

function end<T>(gpu: Gpu, opened: Scope, value: T): T {
  const survivors = new Set<Storage>();
  const graph = collect(value, survivors, new Set());
  gpu.pool.pop(opened, survivors, graph);
  return value;
}

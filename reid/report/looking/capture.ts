import type { Module } from '../../../engine/nn/index.js';

/** One call of a module: what it took and what it gave. */
export interface Call {
  readonly module: Module;
  readonly inputs: readonly unknown[];
  readonly output: unknown;
}

/**
 * Runs `run` and listens to modules inside of it: PyTorch's forward hooks, for the length of one call. The modules are as before
 * when `run` is done, whether it ends or throws. Captured tensors belong to the graph, so that `grad(score, outputs)` gives the
 * gradients of inner activations.
 *
 * Without recording (`noGrad`) a module's inner tensors go back to the pool when the module around it is done: their shapes can
 * be seen then, their numbers no more.
 *
 * @param run synchronous: a forward pass waits for nothing
 * @returns the calls in the order in which they ended
 * @throws TypeError when `run` returns a promise
 */
export function captureCalls<T>(
  modules: Iterable<Module>,
  run: () => T,
): { readonly result: T; readonly calls: readonly Call[] } {
  const calls: Call[] = [];
  const before: (readonly [Module, PropertyDescriptor])[] = [];
  try {
    for (const module of new Set(modules)) {
      const own = Object.getOwnPropertyDescriptor(module, 'forward')!;
      const forward = own.value as (...inputs: unknown[]) => unknown;
      const value = (...inputs: unknown[]) => {
        const output = forward(...inputs);
        calls.push({ module, inputs, output });
        return output;
      };
      Object.defineProperty(module, 'forward', { ...own, value });
      before.push([module, own]);
    }
    const result = run();
    if (result instanceof Promise) {
      throw new TypeError('captureCalls: the run is asynchronous; pass a forward pass, which waits for nothing.');
    }
    return { result, calls };
  } finally {
    for (const [module, own] of before) Object.defineProperty(module, 'forward', own);
  }
}

/**
 * {@link captureCalls} of one module: what it returned, call by call.
 *
 * @example
 *   const { outputs: [map] } = captureOutput(model.base, () => model.forward(images));
 */
export function captureOutput<M extends Module, T>(
  module: M,
  run: () => T,
): { readonly result: T; readonly outputs: readonly ReturnType<M['forward']>[] } {
  const { result, calls } = captureCalls([module], run);
  return { result, outputs: calls.map(({ output }) => output as ReturnType<M['forward']>) };
}

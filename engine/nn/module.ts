import type { NamedArray } from '../io/arrays.js';
import { scope } from '../scope.js';
import { isRecording } from '../tape.js';
import { Tensor } from '../tensor.js';
import { Counter, Parameter, zeroGrad } from './parameter.js';
import { type LoadReport, loadInto, readState, type StateDict } from './state.js';

/** What is trained or counted in a module: the entries of a state dict. */
export type Entry = Tensor | Counter;

/** The properties of one module that belong to the model, in the order of their definition; lists by `name.0`, `name.1` … */
function* members(module: Module): Generator<[string, Entry | Module]> {
  for (const [name, value] of Object.entries(module)) {
    const list: readonly [string, unknown][] = Array.isArray(value)
      ? value.map((item: unknown, i) => [`${name}.${i}`, item])
      : [[name, value]];
    for (const [path, item] of list) {
      if (item instanceof Module || item instanceof Tensor || item instanceof Counter) yield [path, item];
    }
  }
}

const join = (prefix: string, name: string): string => (prefix ? `${prefix}.${name}` : name);

/**
 * A part of a model. What belongs to it is found among its properties, in the order in which the class declares them:
 *
 * - a `Parameter` is trained;
 * - any other `Tensor`, and a `Counter`, is a buffer: saved, not trained (running statistics). Call `keep()` on such a tensor;
 * - a `Module`, and each one in a list, is a child.
 *
 * Properties are named as in PyTorch wherever they show up in a state dict (`running_mean`), so that names and order are
 * PyTorch's. What should not be saved goes into a `#private` field.
 *
 * `forward` is what a module says and what its user calls. Where nothing is recorded (`noGrad`), each call runs in a scope:
 * what was computed on the way goes back to the pool as soon as the module is done, only what it returns stays.
 *
 * @example
 *   class Block extends Module {
 *     readonly conv1 = new Conv2d(64, 64, 3, { padding: 1, bias: false });
 *     readonly bn1 = new BatchNorm2d(64);
 *     forward(x: Tensor): Tensor {
 *       return relu(add(this.bn1.forward(this.conv1.forward(x)), x));
 *     }
 *   }
 *   [...new Block().stateDict().keys()]; // conv1.weight, bn1.weight, bn1.bias, bn1.running_mean …
 */
export abstract class Module {
  /** Whether the module behaves as in training; see train() and eval(). */
  training = true;

  constructor() {
    const forward = this.forward as (...inputs: unknown[]) => unknown;
    // Not enumerable: it is no member.
    Object.defineProperty(this, 'forward', {
      configurable: true,
      writable: true,
      value: (...inputs: unknown[]) => {
        if (isRecording()) return forward.apply(this, inputs);
        const first = inputs.find((input) => input instanceof Tensor);
        return scope(() => forward.apply(this, inputs), first?.gpu);
      },
    });
  }

  abstract forward(...inputs: never[]): unknown;

  /** This module and all below it, each before its children; one that is reached twice comes twice. */
  *namedModules(prefix = ''): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, member] of members(this)) {
      if (member instanceof Module) yield* member.namedModules(join(prefix, name));
    }
  }

  /** The children alone. */
  *namedChildren(): Generator<[string, Module]> {
    for (const [name, member] of members(this)) if (member instanceof Module) yield [name, member];
  }

  /** Calls `work` on this module and all below it, children first. Returns the module. */
  apply(work: (module: Module) => void): this {
    for (const [, child] of this.namedChildren()) child.apply(work);
    work(this);
    return this;
  }

  /** Every entry of the state dict in PyTorch's order: of each module its parameters, its buffers, then its children. */
  *entries(): Generator<[string, Entry]> {
    for (const [path, module] of this.namedModules()) {
      const own = [...members(module)].filter((pair): pair is [string, Entry] => !(pair[1] instanceof Module));
      for (const [name, entry] of own) if (entry instanceof Parameter) yield [join(path, name), entry];
      for (const [name, entry] of own) if (!(entry instanceof Parameter)) yield [join(path, name), entry];
    }
  }

  /** Each parameter once, under its first name; frozen ones too. */
  *namedParameters(): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [name, entry] of this.entries()) {
      if (!(entry instanceof Parameter) || seen.has(entry)) continue;
      seen.add(entry);
      yield [name, entry];
    }
  }

  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter);
  }

  /** Running statistics and counters. */
  *namedBuffers(): Generator<[string, Entry]> {
    for (const [name, entry] of this.entries()) if (!(entry instanceof Parameter)) yield [name, entry];
  }

  /** Switches this module and all below it to behave as in training (dropout drops, norms use the batch), or not. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Freezes every parameter, or thaws it. */
  requiresGrad_(enabled = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = enabled;
    return this;
  }

  /** Drops the parameters' gradients and gives their memory back to the pool. */
  zeroGrad(): void {
    zeroGrad(this.parameters());
  }

  /** All parameters and buffers by name. Tensors share the model's memory; counters become int32 tensors. */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, entry] of this.entries()) {
      state.set(name, entry instanceof Counter ? entry.toTensor() : entry.detach());
    }
    return state;
  }

  /** The state dict read back from the GPU, as files hold it; counters are int64. */
  stateArrays(): Promise<Map<string, NamedArray>> {
    return readState(this.entries());
  }

  /**
   * Takes over values by name. A checkpoint without counters (PyTorch before 0.4.1) leaves them as they are.
   *
   * @param state tensors, or arrays as files hold them
   * @param options.strict (default) refuses, before anything is changed, what does not fit in name and shape; otherwise what
   *   fits is taken and the rest is in the report, which `loadTable` prints
   * @throws StateDictError naming all that is missing, unexpected or of another shape
   */
  loadStateDict(state: StateDict, { strict = true }: { readonly strict?: boolean } = {}): LoadReport {
    return loadInto(this.entries(), state, strict);
  }
}

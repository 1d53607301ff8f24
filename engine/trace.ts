import type { Storage } from './memory.js';
import { scope } from './scope.js';
import { formatShape, type Shape } from './shape.js';
import { type Attributes, isTracing, noGrad, type Tracer, withTracer } from './tape.js';
import { type DType, Tensor, type TensorData } from './tensor.js';

/** Work that can not be written down as a graph of operators; the message names the operator and what to do. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** A tensor of a trace, without its memory. */
export interface TracedValue {
  /** `named`: a parameter or a buffer; `constant`: numbers that do not depend on the inputs; `result`: of an operator. */
  readonly kind: 'input' | 'named' | 'constant' | 'result';
  readonly shape: Shape;
  readonly dtype: DType;
  /** Of what was named. */
  readonly name?: string;
  /** Of a constant: its elements, row-major. */
  readonly data?: TensorData;
}

/** An operator of a trace, by the name that it records itself under. */
export interface TracedOperator {
  readonly name: string;
  /** What it read: inputs that may want a gradient first, then others, such as running statistics. */
  readonly inputs: readonly TracedValue[];
  readonly output: TracedValue;
  readonly attributes: Attributes;
}

/** What some work did with its inputs. */
export interface Trace {
  readonly inputs: readonly TracedValue[];
  readonly outputs: readonly TracedValue[];
  /** In the order in which they ran; only those that the outputs depend on. */
  readonly operators: readonly TracedOperator[];
}

/** What a tensor was found to be while the work ran. */
type Found = { -readonly [K in keyof TracedValue]: TracedValue[K] } & {
  /** Whether it depends on the inputs by way of something that is not an operator of the trace. */
  untold?: boolean;
};

const layoutOf = ({ shape, strides, offset, dtype }: Tensor): string => `${dtype} ${shape} ${strides} ${offset}`;

/** Listens to operators and kernels. */
class Follower implements Tracer {
  readonly operators: TracedOperator[] = [];
  readonly reading: Promise<void>[] = [];
  /** By tensor: an operator that is made of others is told last, and replaces what they said of its result. */
  readonly #values = new WeakMap<Tensor, Found>();
  /** By memory and layout: a detached tensor is what it was detached from. */
  readonly #layouts = new WeakMap<Storage, Map<string, Found>>();
  /** Memory that depends on the inputs. */
  readonly #dependent = new WeakSet<Storage>();

  /** Makes a tensor known. */
  tell(t: Tensor, value: Found): Found {
    this.#values.set(t, value);
    const layouts = this.#layouts.get(t.storage) ?? new Map<string, Found>();
    layouts.set(layoutOf(t), value);
    this.#layouts.set(t.storage, layouts);
    return value;
  }

  input(t: Tensor): TracedValue {
    this.#dependent.add(t.storage);
    return this.tell(t, { kind: 'input', shape: t.shape, dtype: t.dtype });
  }

  /** A parameter or buffer; one that has several names keeps the first. */
  name(t: Tensor, name: string): void {
    if (this.#layouts.has(t.storage)) return;
    this.tell(t, { kind: 'named', shape: t.shape, dtype: t.dtype, name });
  }

  /** What a tensor is; what nobody told of is a constant, unless it depends on the inputs. */
  find(t: Tensor): Found {
    const known = this.#values.get(t) ?? this.#layouts.get(t.storage)?.get(layoutOf(t));
    if (known) return known;
    const value = this.tell(t, { kind: 'constant', shape: t.shape, dtype: t.dtype });
    if (this.#dependent.has(t.storage)) value.untold = true;
    else {
      const read = async () => {
        value.data = await t.read();
      };
      this.reading.push(read());
    }
    return value;
  }

  recorded(name: string, out: Tensor, inputs: readonly Tensor[], attributes: Attributes): void {
    const found = inputs.map((t) => this.find(t));
    if (name === 'contiguous') {
      // The same numbers in another order of memory, which a graph does not know.
      this.tell(out, found[0]!);
      return;
    }
    const output = this.tell(out, { kind: 'result', shape: out.shape, dtype: out.dtype });
    this.operators.push({ name, inputs: found, output, attributes });
  }

  /** Kernels whose results depend on the inputs need not run: only shapes matter. */
  leavesOut(inputs: readonly Tensor[], outputs: readonly Tensor[]): boolean {
    if (!inputs.some(({ storage }) => this.#dependent.has(storage))) return false;
    for (const { storage } of outputs) this.#dependent.add(storage);
    return true;
  }
}

/** Those that the outputs depend on. */
function neededFor(outputs: readonly TracedValue[], operators: readonly TracedOperator[]): TracedOperator[] {
  const needed = new Set(outputs);
  const kept = operators.toReversed().filter(({ output, inputs }) => {
    if (!needed.has(output)) return false;
    for (const input of inputs) needed.add(input);
    return true;
  });
  return kept.toReversed();
}

function refuseUntold(trace: Trace): void {
  for (const { name, inputs } of trace.operators) {
    const untold = inputs.find((input) => (input as Found).untold);
    if (!untold) continue;
    throw new TraceError(
      `${name} reads a tensor of shape ${formatShape(untold.shape)} that was computed from the input by something that does ` +
        'not record itself, such as argmax or a comparison. A graph can not hold it; use operators that have gradients.',
    );
  }
  if (trace.outputs.some((output) => (output as Found).untold)) {
    throw new TraceError('The result was computed by something that does not record itself, such as argmax.');
  }
}

/**
 * The operators that `fn` applies to its inputs, without computing them: kernels that depend on the inputs do not run, so the
 * inputs may be `empty`. Nothing is recorded for a backward pass, and kernels that join several operators are off: a traced
 * convolution, norm and ReLU are three. Call `eval()` on modules first.
 *
 * @param fn must be synchronous and do the same each time
 * @param named parameters and buffers; others that `fn` reads become constants
 * @throws TraceError where a result depends on the inputs by way of something that is no recorded operator
 *
 * @example
 *   const { operators } = await trace((x) => model.forward(x), [images], model.entries());
 *   operators.map(({ name }) => name); // conv2d, batchNorm, maxPool2d …
 */
export async function trace(
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  named: Iterable<readonly [string, unknown]> = [],
): Promise<Trace> {
  if (isTracing()) throw new TraceError('trace: another trace is being made; end it first.');
  const follower = new Follower();
  for (const [name, entry] of named) if (entry instanceof Tensor) follower.name(entry, name);
  const sources = inputs.map((t) => follower.input(t));
  const outputs = scope(() => {
    const results = noGrad(() => withTracer(follower, () => fn(...inputs)));
    return [results].flat().map((t) => {
      if (t instanceof Tensor) return follower.find(t);
      throw new TraceError('trace: the function must return a tensor or a list of tensors, and not a promise.');
    });
  }, inputs[0]?.gpu);
  await Promise.all(follower.reading);
  const made = { inputs: sources, outputs, operators: neededFor(outputs, follower.operators) };
  refuseUntold(made);
  return made;
}

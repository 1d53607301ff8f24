import { formatShape } from '../../shape.js';
import type { Attributes } from '../../tape.js';
import type { DType, TensorData } from '../../tensor.js';
import type { Trace, TracedOperator, TracedValue } from '../../trace.js';
import { OnnxError } from './model.js';

/** A size: a number, so many times the batch, or (undefined) something else that varies with it. */
export type Dim = number | { readonly batches: number } | undefined;

/** A tensor of a graph that holds for every size of the batch. */
export interface GraphValue {
  readonly kind: TracedValue['kind'];
  readonly name: string | undefined;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  readonly data: TensorData | undefined;
}

type Attribute = Attributes[string];

/** An operator of such a graph. */
export class GraphOperator {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly output: GraphValue;
  /** Of each attribute its value in every trace. */
  readonly #attributes: ReadonlyMap<string, readonly Attribute[]>;

  constructor(of: readonly TracedOperator[], inputs: readonly GraphValue[], output: GraphValue) {
    const { name, attributes } = of[0]!;
    this.name = name;
    this.inputs = inputs;
    this.output = output;
    this.#attributes = new Map(Object.keys(attributes).map((key) => [key, of.map((one) => one.attributes[key])]));
  }

  /** @throws OnnxError where the number depends on the batch */
  number(name: string): number {
    return this.#read(name, (value) => typeof value === 'number');
  }

  /** A number, or undefined where there is none. */
  optionalNumber(name: string): number | undefined {
    return this.#read(name, (value) => value === undefined || typeof value === 'number');
  }

  numbers(name: string): readonly number[] {
    return this.#read(name, (value): value is readonly number[] => Array.isArray(value));
  }

  text(name: string): string {
    return this.#read(name, (value) => typeof value === 'string');
  }

  flag(name: string): boolean {
    return this.#read(name, (value) => typeof value === 'boolean');
  }

  #read<T extends Attribute>(name: string, fits: (value: Attribute) => value is T): T {
    const values = this.#attributes.get(name) ?? [undefined];
    const [first] = values;
    const same = (value: Attribute) => JSON.stringify(value) === JSON.stringify(first);
    if (!values.every(same)) {
      throw baked(
        `${this.name} takes ${name} = ${values.map((value) => JSON.stringify(value)).join(', ')} as the batch grows`,
      );
    }
    if (!fits(first)) throw new OnnxError(`onnx: ${this.name} does not tell its ${name}.`);
    return first;
  }
}

/** What several traces of one model have in common. */
export interface Graph {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly operators: readonly GraphOperator[];
}

/** The error for a graph that holds for one size of the batch only. */
export const baked = (what: string): OnnxError =>
  new OnnxError(
    `onnx: ${what}. A file with a dynamic batch would be wrong for other batches; export it with a fixed batch, or take the ` +
      'size of the batch out of what the model computes.',
  );

function dimOf(sizes: readonly number[], batches: readonly number[]): Dim {
  const [first] = sizes as [number];
  if (sizes.every((n) => n === first)) return first;
  const times = first / batches[0]!;
  return Number.isInteger(times) && sizes.every((n, i) => n === times * batches[i]!) ? { batches: times } : undefined;
}

const sameNumbers = (a: TensorData, b: TensorData): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

/**
 * One graph from traces of the same model with batches of different sizes: sizes that grow with the batch are found by
 * comparison. With one trace all sizes are fixed.
 *
 * @throws OnnxError where the operators differ, or numbers in the graph depend on the batch
 */
export function mergeTraces(traces: readonly Trace[], batches: readonly number[]): Graph {
  const known = traces.map(() => new Map<TracedValue, GraphValue>());
  const merge = (values: readonly TracedValue[], where: string): GraphValue => {
    const [first] = values as [TracedValue];
    const alike = values.every(
      (v) =>
        v.kind === first.kind &&
        v.name === first.name &&
        v.dtype === first.dtype &&
        v.shape.length === first.shape.length,
    );
    if (!alike) throw baked(`${where} differs between batches of ${batches.join(', ')}`);
    const { kind, name, dtype, data } = first;
    const shape = first.shape.map((_, i) =>
      dimOf(
        values.map((v) => v.shape[i]!),
        batches,
      ),
    );
    const fixed = shape.every((n) => typeof n === 'number');
    if (kind === 'constant' && !(fixed && values.every((v) => sameNumbers(v.data!, data!)))) {
      throw baked(
        `${where} reads numbers of shape ${formatShape(first.shape)} that are made for the size of the batch`,
      );
    }
    const merged = { kind, name, dtype, shape, data };
    for (const [i, value] of values.entries()) known[i]!.set(value, merged);
    return merged;
  };
  const read = (values: readonly TracedValue[], where: string): GraphValue => {
    const found = values.map((value, i) => known[i]!.get(value));
    if (found.every((value) => value === undefined)) return merge(values, where);
    if (found[0] && found.every((value) => value === found[0])) return found[0];
    throw baked(`${where} differs between batches of ${batches.join(', ')}`);
  };
  const [one] = traces as [Trace];
  const all = <T>(of: (trace: Trace) => T) => traces.map(of);
  const inputs = one.inputs.map((_, i) =>
    merge(
      all((trace) => trace.inputs[i]!),
      `input ${i}`,
    ),
  );
  const operators = one.operators.map(({ name, inputs: own }, i) => {
    const ours = all((trace) => trace.operators[i]);
    const same = ours.every((other) => other?.name === name && other.inputs.length === own.length);
    if (!same) {
      const names = ours.map((other) => other?.name ?? 'nothing').join(', ');
      throw baked(`operator ${i} is ${names} for batches of ${batches.join(', ')}`);
    }
    const told = ours as TracedOperator[];
    const sources = own.map((_, k) =>
      read(
        told.map((other) => other.inputs[k]!),
        name,
      ),
    );
    return new GraphOperator(
      told,
      sources,
      merge(
        told.map(({ output }) => output),
        name,
      ),
    );
  });
  if (!traces.every((trace) => trace.operators.length === one.operators.length)) {
    throw baked(`the number of operators differs between batches of ${batches.join(', ')}`);
  }
  const outputs = one.outputs.map((_, i) =>
    read(
      all((trace) => trace.outputs[i]!),
      `output ${i}`,
    ),
  );
  return { inputs, outputs, operators };
}

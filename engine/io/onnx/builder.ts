import type { NamedArray } from '../arrays.js';
import { baked, type Dim, type GraphValue } from './graph.js';
import { type OnnxAttribute, OnnxError, type OnnxInitialiser, type OnnxNode } from './model.js';

/** The end of a slice that goes to the end of its axis. */
export const END = Number.MAX_SAFE_INTEGER;

/** Collects nodes and numbers of an ONNX graph, and gives names to its tensors. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly opset: number;
  readonly #initialisers = new Map<string, NamedArray>();
  readonly #constants = new Map<string, string>();
  readonly #names = new Map<GraphValue, string>();
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #input: string;
  #batch: string | undefined;

  /**
   * @param input the name of the input whose first size is the batch
   * @param taken names that are spoken for
   */
  constructor(opset: number, input: string, taken: Iterable<string>) {
    this.opset = opset;
    this.#input = input;
    for (const name of [input, ...taken]) this.#taken.add(name);
  }

  get initialisers(): OnnxInitialiser[] {
    return [...this.#initialisers];
  }

  /** Adds an operator of ONNX's; returns the name of its result. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const name = this.#fresh(type);
    this.nodes.push({ type, inputs, outputs: [name], attributes });
    return name;
  }

  /** Says under which name a tensor is found. */
  set(value: GraphValue, name: string): void {
    this.#names.set(value, name);
  }

  /** The name of a tensor; numbers become part of the model when they are first asked for. */
  name(value: GraphValue): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const data = value.data!;
    const name = this.#add('constant', { dtype: value.dtype, shape: value.shape as number[], data });
    this.set(value, name);
    return name;
  }

  /** Adds a parameter's numbers under its own name. */
  parameter(value: GraphValue, name: string, array: NamedArray): void {
    this.#taken.add(name);
    this.#initialisers.set(name, array);
    this.set(value, name);
  }

  /** A float32 number, or several of them. */
  floats(values: number | readonly number[]): string {
    const list = [values].flat();
    const shape = typeof values === 'number' ? [] : [list.length];
    return this.#once(`f ${shape} ${list}`, { dtype: 'float32', shape, data: Float32Array.from(list) });
  }

  /** A list of int64 numbers. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, (n) => BigInt(n));
    return this.#once(`i ${values}`, { dtype: 'int64', shape: [values.length], data });
  }

  /** The same part of a tensor along each of some axes. */
  slice(x: string, axes: readonly number[], start: number, end: number, step: number): string {
    const each = (n: number) => this.integers(axes.map(() => n));
    return this.node('Slice', [x, each(start), each(end), this.integers(axes), each(step)]);
  }

  /** A shape as a tensor, for Reshape: where one size varies it is −1, which the rest decides. */
  reshapeTo(shape: readonly Dim[]): string {
    const varying = shape.filter((n) => typeof n !== 'number').length;
    return varying > 1 ? this.sizes(shape) : this.integers(shape.map((n) => (typeof n === 'number' ? n : -1)));
  }

  /** A shape as a tensor, computed from the batch where it varies. */
  sizes(shape: readonly Dim[]): string {
    if (shape.every((n) => typeof n === 'number')) return this.integers(shape);
    const parts = shape.map((n) => {
      if (typeof n === 'number') return this.integers([n]);
      if (n === undefined) throw baked('a size of the graph varies with the batch, but is no multiple of it');
      return n.batches === 1 ? this.#batchSize() : this.node('Mul', [this.#batchSize(), this.integers([n.batches])]);
    });
    return parts.length === 1 ? parts[0]! : this.node('Concat', parts, { axis: 0 });
  }

  /** Sums, means, largest …; axes became an input in operator set 18, of sums in 13. */
  reduce(type: string, x: string, axes: readonly number[], keepdims = true): string {
    const keep = { keepdims: Number(keepdims) };
    // For ONNX no axes are all of them.
    if (axes.length === 0) throw new OnnxError(`onnx: ${type} of a tensor without dimensions can not be told.`);
    if (type === 'ReduceSum' || this.opset >= 18) return this.node(type, [x, this.integers(axes)], keep);
    return this.node(type, [x], { axes, ...keep });
  }

  /** [batch], as int64. */
  #batchSize(): string {
    this.#batch ??= this.node('Shape', [this.#input], { start: 0, end: 1 });
    return this.#batch;
  }

  #once(key: string, array: NamedArray): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#add(array.dtype === 'int64' ? 'shape' : 'number', array);
    this.#constants.set(key, name);
    return name;
  }

  #add(kind: string, array: NamedArray): string {
    const name = this.#fresh(kind);
    this.#initialisers.set(name, array);
    return name;
  }

  #fresh(kind: string): string {
    for (;;) {
      const n = this.#counts.get(kind) ?? 0;
      this.#counts.set(kind, n + 1);
      const name = `${kind}_${n}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

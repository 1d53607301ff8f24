import { currentGpu } from '../../gpu.js';
import type { Module } from '../../nn/module.js';
import { formatShape, type Shape } from '../../shape.js';
import { empty, type Tensor } from '../../tensor.js';
import { trace } from '../../trace.js';
import { GraphBuilder } from './builder.js';
import { type Dim, type Graph, type GraphValue, mergeTraces } from './graph.js';
import { type OnnxDim, OnnxError, type OnnxNode, type OnnxPort, onnxBytes } from './model.js';
import { lowerings } from './operators/index.js';

type Metadata = Readonly<Record<string, string>>;

export interface OnnxOptions {
  /** Size of the batch: `dynamic` (default), for any, or one that is fixed. */
  readonly batch?: 'dynamic' | number;
  /** Version of ONNX's operators, from 17 (default) to 21. */
  readonly opset?: number;
  /** Name of the input; default `images`. */
  readonly input?: string;
  /** Names of the outputs, one for each that the module returns; default `features`. */
  readonly outputs?: readonly string[];
  /** Free text by name, kept in the file; may be made once the outputs are known. */
  readonly metadata?: Metadata | ((outputs: readonly OnnxPort[]) => Metadata);
  readonly producerVersion?: string;
}

/** An exported model: the file, and what is in it. */
export interface OnnxModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly input: OnnxPort;
  readonly outputs: readonly OnnxPort[];
  /** Names of the parameters and buffers in it; those that the outputs do not depend on are left out. */
  readonly parameters: readonly string[];
  /** How many of ONNX's operators it has. */
  readonly operators: number;
}

/** A module that maps one tensor to one or several. */
export interface Exportable extends Module {
  forward(x: Tensor): Tensor | readonly Tensor[];
}

const OPSETS = { first: 17, last: 21 } as const;

/**
 * Batches that a dynamic graph is traced with. What is the same for all of them, or grows in step, is taken to hold for every
 * size: 1 tells a model that drops dimensions of one, 5 one that rounds a half or a quarter.
 */
const BATCHES = [1, 2, 5] as const;

/** Runs `work` with the module in evaluation, and puts every part of it back as it was. */
async function inEvaluation<T>(module: Module, work: () => Promise<T>): Promise<T> {
  const before = [...module.namedModules()].map(([, part]) => [part, part.training] as const);
  module.eval();
  try {
    return await work();
  } finally {
    for (const [part, training] of before) part.training = training;
  }
}

async function graphOf(module: Exportable, shape: Shape, batches: readonly number[]): Promise<Graph> {
  const gpu = module.parameters()[0]?.gpu ?? currentGpu();
  const traces = [];
  for (const batch of batches) {
    const images = empty(gpu, [batch, ...shape], 'float32', 'the input of an export');
    traces.push(await trace((x) => module.forward(x), [images], module.entries()));
    images.storage.release();
  }
  return mergeTraces(traces, batches);
}

/** Adds what the operators read: parameters by their names, with their numbers. */
async function addParameters(module: Module, { operators, outputs }: Graph, build: GraphBuilder): Promise<string[]> {
  const entries = new Map(module.entries());
  const read = new Set([...operators.flatMap(({ inputs }) => inputs), ...outputs]);
  const names: string[] = [];
  for (const value of read) {
    if (value.kind !== 'named') continue;
    const name = value.name!;
    const tensor = entries.get(name) as Tensor;
    if (tensor.dtype === 'float16') throw new OnnxError(`onnx: ${name} is float16; export the model in float32.`);
    const { dtype, shape } = tensor;
    build.parameter(value, name, { dtype, shape, data: await tensor.read() });
    names.push(name);
  }
  return names;
}

const dimName = (n: Dim, i: number): OnnxDim =>
  typeof n === 'number' ? n : n === undefined ? `size_${i}` : n.batches === 1 ? 'batch' : `${n.batches} * batch`;

const portOf = (name: string, { shape }: GraphValue): OnnxPort => ({ name, shape: shape.map(dimName) });

/** Gives the results the names that were asked for: by an Identity where the name is taken by something else. */
function nameOutputs(nodes: readonly OnnxNode[], results: readonly string[], names: readonly string[]): OnnxNode[] {
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const [i, result] of results.entries()) {
    const own = nodes.some(({ outputs }) => outputs.includes(result)) && !renamed.has(result);
    if (own) renamed.set(result, names[i]!);
    else
      copies.push({ type: 'Identity', inputs: [renamed.get(result) ?? result], outputs: [names[i]!], attributes: {} });
  }
  const name = (of: string) => renamed.get(of) ?? of;
  const own = nodes.map((node) => ({ ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) }));
  return [...own, ...copies];
}

function outputNames(given: readonly string[] | undefined, count: number): readonly string[] {
  const names = given ?? (count === 1 ? ['features'] : Array.from({ length: count }, (_, i) => `features_${i}`));
  if (names.length !== count || new Set(names).size !== count) {
    throw new OnnxError(
      `onnx: the module gives ${count} tensors; [${names.join(', ')}] are not as many different names.`,
    );
  }
  return names;
}

/** @throws OnnxError naming an option that makes no sense */
function checkOptions(shape: Shape, batch: 'dynamic' | number, opset: number): void {
  if (!Number.isInteger(opset) || opset < OPSETS.first || opset > OPSETS.last) {
    throw new OnnxError(`onnx: operator sets ${OPSETS.first} to ${OPSETS.last} can be written, not ${opset}.`);
  }
  if (batch !== 'dynamic' && !(Number.isInteger(batch) && batch >= 1)) {
    throw new OnnxError(`onnx: the batch must be dynamic or a whole number of at least 1, not ${batch}.`);
  }
  if (!shape.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new OnnxError(
      `onnx: ${formatShape(shape)} is no shape of an input without its batch, such as [3, 256, 128].`,
    );
  }
}

/** Writes every operator of a graph in ONNX's. */
function lowerAll({ operators }: Graph, build: GraphBuilder): void {
  for (const op of operators) {
    const lower = Object.hasOwn(lowerings, op.name) ? lowerings[op.name] : undefined;
    if (!lower) {
      throw new OnnxError(
        `onnx: there is no form in ONNX for the operator ${op.name} here. Compute it outside of the model.`,
      );
    }
    build.set(op.output, lower(op, build));
  }
}

/**
 * A module's forward pass in evaluation as an ONNX file (github.com/onnx/onnx), for images or other float32 input [batch, …shape].
 * Parameters keep their names. The batch is dynamic, which is checked by following the module with batches of several sizes: a
 * graph that would hold for one size only is refused.
 *
 * @param inputShape of one item, without the batch: [3, 256, 128]
 * @throws OnnxError naming an operator that has no form in ONNX, or what depends on the batch
 * @throws TraceError where a result depends on the input by way of something that is no recorded operator
 *
 * @example
 *   const { bytes } = await exportOnnx(model, [3, 256, 128], { metadata: { recipe: 'baseline' } });
 */
export async function exportOnnx(module: Exportable, inputShape: Shape, options: OnnxOptions = {}): Promise<OnnxModel> {
  const { batch = 'dynamic', opset = OPSETS.first, metadata = {}, producerVersion = '' } = options;
  checkOptions(inputShape, batch, opset);
  const graph = await inEvaluation(module, () => graphOf(module, inputShape, batch === 'dynamic' ? BATCHES : [batch]));
  const input = portOf(options.input ?? 'images', graph.inputs[0]!);
  const names = outputNames(options.outputs, graph.outputs.length);
  const outputs = names.map((name, i) => portOf(name, graph.outputs[i]!));
  const taken = [...module.entries()].map(([name]) => name);
  const clash = [input.name, ...names].find((name, i, all) => taken.includes(name) || all.indexOf(name) !== i);
  if (clash !== undefined) throw new OnnxError(`onnx: the name "${clash}" stands for two tensors; choose another.`);
  const build = new GraphBuilder(opset, input.name, [...taken, ...names]);
  build.set(graph.inputs[0]!, input.name);
  const parameters = await addParameters(module, graph, build);
  lowerAll(graph, build);
  const results = graph.outputs.map((value) => build.name(value));
  const nodes = nameOutputs(build.nodes, results, names);
  const { initialisers } = build;
  const body = { name: module.constructor.name, inputs: [input], outputs, initialisers, nodes };
  const facts = typeof metadata === 'function' ? metadata(outputs) : metadata;
  const bytes = onnxBytes(body, { opset, producer: 'reid-webgpu', producerVersion, metadata: facts });
  return { bytes, input, outputs, parameters, operators: nodes.length };
}

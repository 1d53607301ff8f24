import type { NamedArray } from '../arrays.js';
import { bytesOf } from '../arrays.js';
import { ProtoMessage } from '../protobuf.js';

/** A model or an operator that ONNX can not hold; the message names what it is and what to do. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}

/** A whole number, `{ float }`, text, or a list of whole numbers. */
export type OnnxAttribute = number | { readonly float: number } | string | readonly number[];

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A size, or the name of one that is known only when the model runs. */
export type OnnxDim = number | string;

/** A float32 input or output. */
export interface OnnxPort {
  readonly name: string;
  readonly shape: readonly OnnxDim[];
}

/** Numbers of a model; float32, int32 or int64. */
export type OnnxInitialiser = readonly [name: string, array: NamedArray];

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly initialisers: readonly OnnxInitialiser[];
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxHeader {
  /** Version of the operators. */
  readonly opset: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** TensorProto.DataType. */
const TYPES: Readonly<Record<string, number>> = { float32: 1, int32: 6, int64: 7 };

/** AttributeProto.AttributeType. */
const KIND = { float: 1, integer: 2, text: 3, integers: 7 } as const;

/** A message of protocol buffers has a length of 31 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** The version of the format that knows an operator set; from github.com/onnx/onnx, docs/Versioning.md. */
const irVersion = (opset: number): number => (opset < 19 ? 8 : opset < 21 ? 9 : 10);

function attribute(name: string, value: OnnxAttribute): ProtoMessage {
  const message = new ProtoMessage().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, KIND.integer);
  if (typeof value === 'string') return message.text(4, value).integer(20, KIND.text);
  if ('float' in value) return message.float(2, value.float).integer(20, KIND.float);
  for (const one of value) message.integer(8, one);
  return message.integer(20, KIND.integers);
}

function node({ type, inputs, outputs, attributes }: OnnxNode): ProtoMessage {
  const message = new ProtoMessage();
  for (const name of inputs) message.text(1, name);
  for (const name of outputs) message.text(2, name);
  message.text(3, outputs[0] ?? '').text(4, type);
  for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value));
  return message;
}

function initialiser([name, array]: OnnxInitialiser): ProtoMessage {
  const type = TYPES[array.dtype];
  if (type === undefined)
    throw new OnnxError(`onnx: ${name} is ${array.dtype}; a model holds float32, int32 and int64.`);
  const message = new ProtoMessage();
  for (const n of array.shape) message.integer(1, n);
  return message.integer(2, type).text(8, name).bytes(9, bytesOf(array));
}

function port({ name, shape }: OnnxPort): ProtoMessage {
  const dims = new ProtoMessage();
  for (const n of shape) {
    dims.message(1, typeof n === 'number' ? new ProtoMessage().integer(1, n) : new ProtoMessage().text(2, n));
  }
  const tensor = new ProtoMessage().integer(1, TYPES.float32!).message(2, dims);
  return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
}

/**
 * The bytes of an ONNX file (onnx.proto3 of github.com/onnx/onnx): ModelProto around one GraphProto.
 *
 * @throws OnnxError where it would pass 2 GiB, or an array is of a type that it can not hold
 */
export function onnxBytes(graph: OnnxGraph, header: OnnxHeader): Uint8Array<ArrayBuffer> {
  const body = new ProtoMessage();
  for (const one of graph.nodes) body.message(1, node(one));
  body.text(2, graph.name);
  for (const one of graph.initialisers) body.message(5, initialiser(one));
  for (const one of graph.inputs) body.message(11, port(one));
  for (const one of graph.outputs) body.message(12, port(one));
  const model = new ProtoMessage()
    .integer(1, irVersion(header.opset))
    .text(2, header.producer)
    .text(3, header.producerVersion)
    .message(7, body)
    .message(8, new ProtoMessage().text(1, '').integer(2, header.opset));
  for (const [key, value] of Object.entries(header.metadata)) {
    model.message(14, new ProtoMessage().text(1, key).text(2, value));
  }
  if (model.length > MOST_BYTES) {
    throw new OnnxError(`onnx: the model takes ${model.length} bytes, and a file of ONNX holds at most ${MOST_BYTES}.`);
  }
  return model.join();
}

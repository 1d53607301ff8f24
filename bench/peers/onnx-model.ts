// Enough of ONNX's protobuf format (onnx.proto3, IR version 10) to write a graph of float32 tensors.

/** A node of the graph. Attributes: whole numbers become ints, `{ float }` a float, lists become lists of ints. */
export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;
  /** Empty for ONNX's own operators. */
  readonly domain?: string;
}

/** Numbers of the model: float32, or int64 for what operators take as whole numbers. */
export interface OnnxConstant {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A graph whose inputs and outputs are float32. */
export interface OnnxGraph {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<Record<string, OnnxConstant>>;
  readonly nodes: readonly OnnxNode[];
  /** Version of ONNX's operators. */
  readonly opset: number;
}

type Bytes = Uint8Array<ArrayBufferLike>;

const IR_VERSION = 10;
/** TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType. */
const KIND = { float: 1, int: 2, ints: 7 } as const;

function join(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Seven bits a byte, the lowest first; numbers below 2⁵³, none negative. */
function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}

const whole = (field: number, value: number): Bytes => join([varint(field << 3), varint(value)]);
const bytes = (field: number, content: Bytes): Bytes =>
  join([varint((field << 3) | 2), varint(content.length), content]);
const text = (field: number, content: string): Bytes => bytes(field, new TextEncoder().encode(content));
const message = (field: number, ...parts: Bytes[]): Bytes => bytes(field, join(parts));
const float = (field: number, value: number): Bytes =>
  join([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);

function attribute(name: string, value: NonNullable<OnnxNode['attributes']>[string]): Bytes {
  if (typeof value === 'number') return message(5, text(1, name), whole(3, value), whole(20, KIND.int));
  if ('float' in value) return message(5, text(1, name), float(2, value.float), whole(20, KIND.float));
  return message(5, text(1, name), ...value.map((one) => whole(8, one)), whole(20, KIND.ints));
}

const node = ({ type, inputs, outputs, attributes = {}, domain = '' }: OnnxNode): Bytes =>
  message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, type),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    text(7, domain),
  );

const valueInfo = (field: number, name: string, shape: readonly number[]): Bytes => {
  const dims = message(2, ...shape.map((size) => message(1, whole(1, size))));
  return message(field, text(1, name), message(2, message(1, whole(1, FLOAT), dims)));
};

const constant = (name: string, { shape, data }: OnnxConstant): Bytes =>
  message(
    5,
    ...shape.map((size) => whole(1, size)),
    whole(2, data instanceof BigInt64Array ? INT64 : FLOAT),
    text(8, name),
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );

/** The bytes of a model, as ONNX Runtime loads them. */
export function onnxModel({ inputs, outputs, constants = {}, nodes, opset }: OnnxGraph): Bytes {
  const graph = message(
    7,
    ...nodes.map(node),
    text(2, 'graph'),
    ...Object.entries(constants).map(([name, one]) => constant(name, one)),
    ...Object.entries(inputs).map(([name, shape]) => valueInfo(11, name, shape)),
    ...Object.entries(outputs).map(([name, shape]) => valueInfo(12, name, shape)),
  );
  const domains = [...new Set(nodes.map(({ domain = '' }) => domain))].filter(Boolean);
  return join([
    whole(1, IR_VERSION),
    text(2, 'bench/peers'),
    graph,
    message(8, text(1, ''), whole(2, opset)),
    ...domains.map((domain) => message(8, text(1, domain), whole(2, 1))),
  ]);
}

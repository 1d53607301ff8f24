import { readMessage } from '../../../../engine/io/protobuf.js';

/** An array of a model; float32 or int64. */
interface Initialiser {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** What the tests look at in an ONNX file. */
export interface OnnxFile {
  readonly producer: string;
  readonly version: string;
  readonly opset: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly initialisers: ReadonlyMap<string, Initialiser>;
  readonly operators: readonly string[];
}

const fields = (bytes: Uint8Array, field: number) => [...readMessage(bytes)].filter((one) => one.field === field);
const text = (bytes: Uint8Array, field: number): string =>
  new TextDecoder().decode(fields(bytes, field)[0]?.bytes ?? new Uint8Array(0));

/** Reads a file by the numbers of onnx.proto3. */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  const [graph] = fields(bytes, 7);
  const initialisers = fields(graph!.bytes, 5).map(({ bytes: one }): [string, Initialiser] => {
    const raw = new Uint8Array(fields(one, 9)[0]!.bytes).buffer;
    const isFloat = fields(one, 2)[0]!.number === 1;
    const data = isFloat ? new Float32Array(raw) : new BigInt64Array(raw);
    return [text(one, 8), { dims: fields(one, 1).map(({ number }) => number), data }];
  });
  return {
    producer: text(bytes, 2),
    version: text(bytes, 3),
    opset: fields(fields(bytes, 8)[0]!.bytes, 2)[0]!.number,
    metadata: new Map(fields(bytes, 14).map(({ bytes: one }) => [text(one, 1), text(one, 2)])),
    initialisers: new Map(initialisers),
    operators: fields(graph!.bytes, 1).map(({ bytes: one }) => text(one, 4)),
  };
}

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exportOnnx } from '../../../../engine/io/onnx/export.js';
import { OnnxError, onnxBytes } from '../../../../engine/io/onnx/model.js';
import { ProtoMessage, readMessage } from '../../../../engine/io/protobuf.js';
import { BatchNorm1d, Linear, Sequential } from '../../../../engine/nn/index.js';
import * as ops from '../../../../engine/ops/index.js';
import { closeAfter } from '../../device.js';
import { Of } from './of.js';
import { readOnnx } from './read-onnx.js';

const test = suite('onnx model');
closeAfter(test);

test('protocol buffers as their documentation has them', () => {
  const hex = (message: ProtoMessage) => Array.from(message.join(), (b) => b.toString(16).padStart(2, '0')).join(' ');
  assert.is(hex(new ProtoMessage().integer(1, 150)), '08 96 01');
  assert.is(hex(new ProtoMessage().text(2, 'testing')), '12 07 74 65 73 74 69 6e 67');
  assert.is(hex(new ProtoMessage().message(3, new ProtoMessage().integer(1, 150))), '1a 03 08 96 01');
  assert.is(hex(new ProtoMessage().integer(1, -2)), '08 fe ff ff ff ff ff ff ff ff 01');
  assert.is(hex(new ProtoMessage().float(16, 1)), '85 01 00 00 80 3f');
  assert.is(hex(new ProtoMessage().integer(1, 2 ** 40)), '08 80 80 80 80 80 20');
  assert.is(hex(new ProtoMessage().float(2, 1).double(1, -2)), '15 00 00 80 3f 09 00 00 00 00 00 00 00 c0');
  assert.is(hex(new ProtoMessage().doubles(1, [-2])), '0a 08 00 00 00 00 00 00 00 c0');
  for (const bad of [0.5, Number.NaN, 2 ** 60]) {
    assert.throws(() => new ProtoMessage().integer(1, bad), /no whole number/);
  }
  const large = 2 ** 53 - 1;
  const read = [...readMessage(new ProtoMessage().integer(3, large).integer(300, 0).join())];
  assert.equal(
    read.map(({ field, number }) => [field, number]),
    [
      [3, large],
      [300, 0],
    ],
  );
  assert.throws(() => [...readMessage(Uint8Array.of(0x12, 9, 1))], /inside of a field/);
  assert.throws(() => [...readMessage(Uint8Array.of(0x80))], /inside of a number/);
  assert.throws(() => [...readMessage(Uint8Array.of(0x0b))], /no kind of field 3/);
});

test('what a file says of itself, and parameters to the bit', async () => {
  const [fc, bn] = [new Linear(6, 3), new BatchNorm1d(3)];
  const net = new Sequential(fc, bn);
  const { bytes, outputs } = await exportOnnx(net, [6], {
    opset: 18,
    input: 'x',
    outputs: ['y'],
    producerVersion: '1.2.3',
    metadata: ([y]) => ({ recipe: 'ä', size: String(y!.shape[1]) }),
  });
  const file = readOnnx(bytes);
  assert.equal([file.producer, file.version, file.opset], ['reid-webgpu', '1.2.3', 18]);
  assert.equal(
    [...file.metadata],
    [
      ['recipe', 'ä'],
      ['size', '3'],
    ],
  );
  assert.equal(file.operators, ['Gemm', 'BatchNormalization']);
  assert.equal(outputs, [{ name: 'y', shape: ['batch', 3] }]);
  const { data, dims } = file.initialisers.get('0.weight')!;
  assert.equal([data, dims], [await fc.weight.read(), [3, 6]]);
  assert.equal(
    [...file.initialisers.keys()],
    ['0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var'],
  );
});

test('outputs that are one tensor, an input, or a parameter', async () => {
  const fc = new Linear(6, 6);
  const same = new Of(
    (x) => {
      const y = ops.relu(x);
      return [y, y, x, fc.weight];
    },
    { fc },
  );
  const { bytes, outputs } = await exportOnnx(same, [6]);
  assert.equal(readOnnx(bytes).operators, ['Relu', 'Identity', 'Identity', 'Identity']);
  assert.equal(
    outputs.map(({ name, shape }) => [name, ...shape]),
    [
      ['features_0', 'batch', 6],
      ['features_1', 'batch', 6],
      ['features_2', 'batch', 6],
      ['features_3', 6, 6],
    ],
  );
});

test('arrays that ONNX can not hold here are refused', () => {
  const graph = { name: 'g', inputs: [], outputs: [], nodes: [] };
  const header = { opset: 17, producer: '', producerVersion: '', metadata: {} };
  const half = { dtype: 'float16', shape: [1], data: Uint16Array.of(0) } as const;
  assert.throws(
    () => onnxBytes({ ...graph, initialisers: [['w', half]] }, header),
    (error: Error) => error instanceof OnnxError && /w is float16/.test(error.message),
  );
});

test.run();

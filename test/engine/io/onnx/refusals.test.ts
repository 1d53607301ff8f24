import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exportOnnx, type OnnxOptions } from '../../../../engine/io/onnx/export.js';
import { OnnxError } from '../../../../engine/io/onnx/model.js';
import { BatchNorm1d, Dropout, Linear, Module } from '../../../../engine/nn/index.js';
import * as ops from '../../../../engine/ops/index.js';
import { type Tensor, tensor } from '../../../../engine/tensor.js';
import { TraceError } from '../../../../engine/trace.js';
import { closeAfter } from '../../device.js';
import { Of } from './of.js';

const test = suite('onnx refusals');
closeAfter(test);

async function refused(
  fn: (x: Tensor) => Tensor | readonly Tensor[],
  words: RegExp,
  options: OnnxOptions = {},
  shape = [4, 6],
): Promise<void> {
  try {
    await exportOnnx(new Of(fn), shape, options);
  } catch (error) {
    assert.ok(error instanceof OnnxError || error instanceof TraceError, String((error as Error).stack));
    assert.match((error as Error).message, words);
    return;
  }
  assert.unreachable('it was exported');
}

test('operators without a form are named', async () => {
  await refused((x) => ops.euclidean(ops.flatten(x, 0, 1), ops.flatten(x, 0, 1)), /the operator euclidean/);
  await refused((x) => ops.where(x, x, ops.neg(x)), /the operator where/);
  await refused((x) => ops.scaledDotProductAttention(x, x, x, { causal: true }), /is causal/);
  await refused(
    (x) => ops.adaptiveAvgPool2d(ops.unsqueeze(x, 1), [3, 4]),
    /adaptiveAvgPool2d cuts 4 × 6 in 3 × 4 parts/,
  );
  await refused((x) => ops.norm(x, 3, 1), /norm has p = 3/);
  const training = (x: Tensor) => ops.batchNorm(x, { training: true });
  await refused(training, /batchNorm takes its statistics from the batch/);
});

test('what does not record itself is refused where it depends on the input, and is a constant elsewhere', async () => {
  await refused(
    (x) => ops.mul(x, ops.greater(x, ops.neg(x))),
    /mul reads a tensor of shape \[1, 4, 6\] .* computed from the input/,
  );
  await refused((x) => ops.greater(x, ops.neg(x)), /does not record itself/);
  const fixed = tensor([[1], [0], [2], [0]]);
  const { parameters } = await exportOnnx(new Of((x) => ops.mul(x, ops.greater(fixed, ops.neg(fixed)))), [4, 6]);
  assert.equal(parameters, []);
});

test('a batch that is baked in is refused by name, and can be fixed', async () => {
  const cases: readonly [(x: Tensor) => Tensor | readonly Tensor[], RegExp][] = [
    [(x) => ops.mean(x), /mulScalar takes a = .* as the batch grows/],
    [(x) => ops.chunk(x, 2, 0), /./],
    [(x) => ops.select(x, 0, -1), /slice takes start = 0, 1, 4/],
    [(x) => ops.squeeze(x), /./],
    [
      (x) => ops.add(x, tensor(new Float32Array(x.size), x.shape)),
      /add reads numbers of shape \[1, 4, 6\] that are made/,
    ],
    [(x) => ops.slice(x, 0, 0, Math.ceil(x.shape[0]! / 2)), /slice takes end = 1, 1, 3/],
    [(x) => (x.shape[0]! > 2 ? ops.relu(x) : ops.neg(x)), /operator 0 is neg, neg, relu/],
    [(x) => (x.shape[0]! > 2 ? ops.relu(ops.neg(x)) : ops.neg(x)), /number of operators|output 0 differs/],
  ];
  for (const [fn, words] of cases) {
    await refused(fn, words);
    const { input } = await exportOnnx(new Of(fn), [4, 6], { batch: 3 });
    assert.equal(input.shape, [3, 4, 6]);
  }
});

test('options', async () => {
  const plain = (x: Tensor) => ops.relu(x);
  await refused(plain, /operator sets 17 to 21/, { opset: 16 });
  await refused(plain, /dynamic or a whole number/, { batch: 0 });
  await refused(plain, /no shape of an input/, {}, [3, -1]);
  await refused(plain, /not as many different names/, { outputs: ['a', 'b'] });
  await refused(plain, /"images" stands for two/, { outputs: ['images'] });
});

test('a module is put back as it was, part by part', async () => {
  class Net extends Module {
    readonly fc = new Linear(6, 3);
    readonly drop = new Dropout(0.5);
    readonly bn = new BatchNorm1d(3);

    forward(x: Tensor): Tensor {
      return this.bn.forward(this.drop.forward(this.fc.forward(x)));
    }
  }
  const net = new Net();
  net.bn.eval();
  const before = await net.stateArrays();
  const { operators, parameters } = await exportOnnx(net, [6], { batch: 1 });
  assert.equal([net.training, net.drop.training, net.bn.training], [true, true, false]);
  assert.is(operators, 2);
  assert.is(parameters.length, 6);
  assert.equal(await net.stateArrays(), before);
});

test.run();

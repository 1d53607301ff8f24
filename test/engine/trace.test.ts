import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { BatchNorm2d, Conv2d, convNorm, Linear, Module } from '../../engine/nn/index.js';
import * as ops from '../../engine/ops/index.js';
import { isTracing } from '../../engine/tape.js';
import { empty, type Tensor, tensor } from '../../engine/tensor.js';
import { type TracedOperator, TraceError, trace } from '../../engine/trace.js';
import { random } from './close.js';
import { closeAfter, gpu } from './device.js';

const test = suite('trace');
closeAfter(test);

const names = (operators: readonly TracedOperator[]): string[] => operators.map(({ name }) => name);

async function fails(run: () => Promise<unknown>, words: RegExp): Promise<void> {
  try {
    await run();
  } catch (error) {
    assert.instance(error, TraceError);
    assert.match((error as Error).message, words);
    return;
  }
  assert.unreachable('it was traced');
}

class Block extends Module {
  readonly conv = new Conv2d(3, 4, 3, { padding: 1, stride: 2 });
  readonly bn = new BatchNorm2d(4);
  readonly fc = new Linear(4, 2);

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv, this.bn, x, { relu: true });
    return this.fc.forward(ops.mean(ops.permute(y, [0, 2, 3, 1]), [1, 2]));
  }
}

test('operators in order, their inputs by identity and name, their attributes', async () => {
  const block = new Block().eval();
  const { inputs, outputs, operators } = await trace(
    (x) => block.forward(x),
    [empty(gpu, [2, 3, 6, 4])],
    block.entries(),
  );
  assert.equal(names(operators), [
    'conv2d',
    'batchNorm',
    'permute',
    'sum',
    'reshape',
    'mulScalar',
    'reshape',
    'linear',
    'reshape',
  ]);
  const [conv, norm, permute, sum, , times] = operators as [TracedOperator, ...TracedOperator[]];
  assert.is(conv.inputs[0], inputs[0]);
  assert.equal(
    conv.inputs.slice(1).map(({ kind, name }) => [kind, name]),
    [
      ['named', 'conv.weight'],
      ['named', 'conv.bias'],
    ],
  );
  assert.equal(
    [conv.attributes.stride, conv.attributes.padding],
    [
      [2, 2],
      [1, 1],
    ],
  );
  assert.is(norm!.inputs[0], conv.output);
  assert.equal(
    norm!.inputs.slice(1).map(({ name }) => name),
    ['bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'],
  );
  assert.equal([norm!.attributes.slope, norm!.attributes.training], [0, false]);
  assert.equal(permute!.attributes.order, [0, 2, 3, 1]);
  assert.equal(sum!.attributes.axes, [1, 2]);
  assert.is(times!.attributes.a, 1 / 6);
  assert.is(outputs[0], operators.at(-1)!.output);
  assert.equal(outputs[0]!.shape, [2, 2]);
});

test('kernels that depend on the input do not run, others do, and nothing is left behind', async () => {
  await gpu.finish();
  const before = gpu.memory().live;
  const x = empty(gpu, [512, 512]);
  let dispatched = 0;
  const { dispatch } = gpu.queue;
  gpu.queue.dispatch = (...args) => {
    dispatched++;
    return dispatch.apply(gpu.queue, args);
  };
  try {
    await trace((t) => ops.sum(ops.relu(ops.matmul(ops.flip(t, 0), ops.transpose(t)))), [x]);
    assert.is(dispatched, 0);
    const half = tensor([1, 2, 3]);
    const { operators } = await trace((t) => ops.add(t, ops.equal(half, tensor([1, 0, 3]))), [tensor([0, 0, 0])]);
    assert.is(dispatched, 1);
    assert.equal([...operators[0]!.inputs[1]!.data!], [1, 0, 1]);
  } finally {
    gpu.queue.dispatch = dispatch;
  }
  x.storage.release();
  assert.ok(gpu.memory().live - before < 2 ** 20, 'memory of the results');
  assert.is(isTracing(), false);
});

test('what the outputs do not depend on is left out, and a tensor that is read twice is one', async () => {
  const { operators } = await trace(
    (x) => {
      ops.exp(x);
      const y = ops.relu(x);
      return [ops.add(y, y.detach()), y];
    },
    [random('trace/x', [2, 3])],
  );
  assert.equal(names(operators), ['relu', 'add']);
  assert.is(operators[1]!.inputs[0], operators[1]!.inputs[1]);
});

test('operators that are made of others are told once', async () => {
  const x = random('trace/x', [4, 300, 2]);
  const run = async (fn: (t: Tensor) => Tensor) => names((await trace(fn, [x])).operators);
  assert.equal(await run((t) => ops.std(t, 1, { keepdim: true })), ['variance', 'std']);
  assert.equal(await run((t) => ops.sum(t, [0, 1, 2], true)), ['sum']);
  assert.equal(await run((t) => ops.softmax(t, 1)), ['softmax']);
  assert.equal(await run((t) => ops.l2Normalize(t, 1)), ['l2Normalize']);
  assert.equal(await run((t) => ops.maxPool2d(t, { kernelSize: 2 })), ['maxPool2d']);
  assert.equal(await run((t) => ops.logsumexp(t, 1, true)), ['logsumexp']);
  assert.equal(await run((t) => ops.linear(ops.transpose(t), tensor(new Float32Array(600), [2, 300]))), [
    ...['permute', 'reshape', 'linear', 'reshape'],
  ]);
});

test('a trace records no gradients, and training goes on as before', async () => {
  const block = new Block();
  const x = random('trace/x', [2, 3, 6, 4]);
  await trace((t) => block.eval().forward(t), [x], block.entries());
  const loss = ops.sum(block.train().forward(x));
  assert.ok(loss.node);
  backward(loss);
  assert.ok(block.conv.weight.grad);
});

test('what can not be traced', async () => {
  const x = random('trace/x', [2, 3]);
  await fails(() => trace((t) => ops.mul(t, ops.greater(t, t)), [x]), /mul reads a tensor of shape \[2, 3\]/);
  await fails(() => trace((t) => ops.argmax(t, 1), [x]), /does not record itself/);
  await fails(() => trace((async (t: Tensor) => t) as never, [x]), /not a promise/);
  const inner: Promise<unknown>[] = [];
  const nested = (t: Tensor) => {
    const second = trace((u) => u, [t]);
    second.catch(() => {}); // It is looked at later.
    inner.push(second);
    return t;
  };
  await trace(nested, [x]);
  await fails(() => inner[0]!, /another trace/);
  const broken = () => {
    throw new TraceError('of its own');
  };
  await fails(() => trace(broken, [x]), /of its own/);
  assert.is(isTracing(), false);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, checkpoint } from '../../engine/autograd.js';
import { BatchNorm2d, Conv2d, Dropout, Linear, Module } from '../../engine/nn/index.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { crossEntropy } from '../../engine/ops/loss.js';
import { mean } from '../../engine/ops/reduce.js';
import { relu } from '../../engine/ops/unary.js';
import { Adam, type GroupOptions, type Optimiser, SGD } from '../../engine/optim/index.js';
import { manualSeed, randomPosition } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { staticStep } from '../../engine/static-step.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

class Net extends Module {
  readonly conv = new Conv2d(3, 5, 3, { padding: 1, bias: false });
  readonly bn = new BatchNorm2d(5);
  readonly dropout = new Dropout(0.3);
  readonly head = new Linear(5, 4);

  forward(x: Tensor): Tensor {
    const map = checkpoint((t) => this.dropout.forward(relu(this.bn.forward(this.conv.forward(t)))), x);
    return this.head.forward(mean(map, [2, 3]));
  }
}

const batch = (i: number, n = 6) => ({
  images: Float32Array.from({ length: n * 3 * 7 * 5 }, (_, k) => Math.sin(k * 0.37 + i)),
  labels: Int32Array.from({ length: n }, (_, k) => (k + i) % 4),
});

type Make = (net: Net) => Optimiser<GroupOptions>;
const adam: Make = (net) => new Adam(net.parameters(), { lr: 0.01 }) as unknown as Optimiser<GroupOptions>;
const sgd: Make = (net) => new SGD(net.parameters(), { lr: 0.01, momentum: 0.9 }) as unknown as Optimiser<GroupOptions>;

/** Trains for some steps; what is left of it: losses, every tensor of the state, the random position. */
async function train(steps: readonly number[], recorded: boolean, make: Make) {
  manualSeed(7);
  const net = new Net();
  net.train();
  const optimiser = make(net);
  const update = (images: Tensor, labels: Tensor) => {
    const loss = crossEntropy(net.forward(images), labels);
    backward(loss);
    optimiser.step();
    optimiser.zeroGrad();
    return loss;
  };
  const step = recorded ? staticStep(update) : undefined;
  const losses: number[] = [];
  const replays: boolean[] = [];
  for (const [i, n] of steps.entries()) {
    for (const group of optimiser.groups) group.lr = 0.01 / (1 + i);
    const { images, labels } = batch(i, n);
    const loss = await scope(() => {
      const args = [tensor(images, [n, 3, 7, 5]), tensor(labels, [n])] as const;
      return (step ?? update)(...args).item();
    });
    losses.push(loss);
    if (step) replays.push(step.recorded);
  }
  const state = await Promise.all([...net.stateDict().values()].map((t) => t.read()));
  const { steps: counts, arrays } = await optimiser.stateDict();
  const moments = [...arrays.values()].map(({ data }) => data);
  const counters = [net.bn.num_batches_tracked!.value, randomPosition().draws];
  await step?.release();
  return { losses, state, counts, moments, counters, replays };
}

for (const [name, make] of Object.entries({ adam, sgd })) {
  test(`${name}: a replayed step has the bits of the plain one: losses, weights, statistics, state, random draws`, async () => {
    const steps = [6, 6, 6, 6, 6, 6, 6];
    const { replays, ...recorded } = await train(steps, true, make);
    const { replays: _, ...wanted } = await train(steps, false, make);
    assert.equal(recorded, wanted);
    assert.equal(replays, [false, false, true, true, true, true, true]);
  });
}

test('each shape of the arguments has a recording of its own', async () => {
  const steps = [6, 5, 6, 5, 6, 5, 6, 5, 6];
  const { replays, ...recorded } = await train(steps, true, adam);
  const { replays: _, ...wanted } = await train(steps, false, adam);
  assert.equal(recorded, wanted);
  assert.equal(replays, [false, false, false, false, true, true, true, true, true]);
});

test('a replay is one submit with its arguments and its result', async () => {
  const w = tensor([2, 3]).keep();
  const step = staticStep((x: Tensor) => add(mul(add(x, 1), w), 0.5));
  const run = (x: number) => scope(async () => Array.from(await step(tensor([x, x])).read()));
  for (let i = 0; i < 4; i++) assert.equal(await run(i), [2 * (i + 1) + 0.5, 3 * (i + 1) + 0.5]);
  const before = gpu.queue.counts;
  assert.equal(await run(9), [20.5, 30.5]);
  assert.is(gpu.queue.counts.submits - before.submits, 1);
  assert.is(gpu.queue.counts.dispatches - before.dispatches, 3);
  await step.release();
});

test('replays that are queued together keep their own arguments and draws', async () => {
  const total = tensor([0]).keep();
  const step = staticStep((x: Tensor) => {
    const sum = add(total, x);
    gpu.queue.copy(sum.storage.buffer, 0, total.storage.buffer, 0, 4);
    return sum;
  });
  scope(() => {
    for (let i = 1; i <= 10; i++) step(tensor([i]));
  });
  assert.is(await total.item(), 55);
  assert.ok(step.recorded);
  await step.release();
  assert.is(await scope(() => step(tensor([5]))).item(), 60);
});

test('what changes inside of a step is noticed: it stays plain and right, and says why', async () => {
  let i = 0;
  const upload = staticStep((x: Tensor) => add(x, tensor([i++])));
  const scalar = staticStep((x: Tensor) => add(x, i++ / 8));
  const work = staticStep((x: Tensor) => (i++ % 2 ? add(x, 1) : mul(x, 2)));
  for (const [step, why] of [
    [upload, /the upload of 4 bytes made inside of the step differs/],
    [scalar, /the kernel \w+ differs between two steps/],
    [work, /the kernel \w+ differs between two steps/],
  ] as const) {
    i = 0;
    const plain = (x: number, k: number) =>
      step === upload ? x + k : step === scalar ? x + k / 8 : k % 2 ? x + 1 : 2 * x;
    for (let k = 0; k < 8; k++) assert.is(await scope(() => step(tensor([k]))).item(), plain(k, k));
    assert.not(step.recorded);
    assert.match(step.why ?? '', why);
  }
});

test('gradients that a step leaves keep it plain', async () => {
  const w = tensor([3], undefined, { requiresGrad: true }).keep();
  const step = staticStep((x: Tensor) => {
    const y = mul(w, x);
    backward(y);
    return y;
  });
  for (let k = 1; k <= 4; k++) {
    w.grad?.storage.release();
    w.grad = undefined;
    assert.is(await scope(() => step(tensor([k]))).item(), 3 * k);
    assert.is(await w.grad!.item(), k);
  }
  assert.not(step.recorded);
  assert.match(step.why ?? '', /keeps 1 tensors that it made: end it with zeroGrad/);
});

test('a recording whose memory was replaced is made anew', async () => {
  let w = tensor([3]).keep();
  const step = staticStep((x: Tensor) => mul(w, x));
  const run = (x: number) => scope(() => step(tensor([x]))).item();
  for (let k = 0; k < 4; k++) assert.is(await run(k), 3 * k);
  assert.ok(step.recorded);
  w.storage.release();
  w = tensor([5]).keep();
  for (let k = 0; k < 4; k++) assert.is(await run(k), 5 * k);
  assert.ok(step.recorded);
  await step.release();
});

test('waiting inside of a step is refused, and so is a step inside of a step', async () => {
  const waiting = staticStep(((x: Tensor) => x.item()) as unknown as (x: Tensor) => Tensor);
  assert.throws(() => waiting(tensor([1])), /staticStep: the step is asynchronous/);
  const inner = staticStep((x: Tensor) => add(x, 1));
  const outer = staticStep((x: Tensor) => inner(add(x, 1)));
  assert.is(await outer(tensor([1])).item(), 3);
  assert.throws(() => {
    for (let i = 0; i < 4; i++) outer(tensor([1]));
  }, /A static step can not be called inside of another/);
  assert.is(await add(tensor([1]), 1).item(), 2);
});

test('memory of a released step goes back to the pool', async () => {
  await gpu.finish();
  const { live } = gpu.memory();
  const step = staticStep((x: Tensor) => mul(add(x, 1), x));
  for (let i = 0; i < 4; i++) await scope(() => step(tensor(new Float32Array(4096))).read());
  assert.ok(gpu.memory().live > live);
  await step.release();
  step satisfies (x: Tensor) => Tensor;
  // The result that the last caller may still hold is the collector's.
  assert.ok(gpu.memory().live <= live + 2 * 16384);
});

test('kernels of a replay are profiled like others', async () => {
  if (!gpu.has('timestamp-query')) return;
  const step = staticStep((x: Tensor) => mul(add(x, 1), x));
  for (let i = 0; i < 3; i++) await scope(() => step(tensor([i])).read());
  const timings = await gpu.profile(() => scope(() => void step(tensor([3]))));
  assert.is(timings.length, 2);
  await step.release();
});

test.run();

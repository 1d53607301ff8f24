import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '../../engine/nn/index.js';
import { mul, sub } from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { Adam, clipGradNorm, SGD } from '../../engine/optim/index.js';
import { manualSeed, randn } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { noGrad } from '../../engine/tape.js';
import type { Tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

const test = suite('training');
closeAfter(test);

/** Images [N, 2, 8, 8] → [N, 3]. */
const tiny = () =>
  new Sequential(
    new Conv2d(2, 4, 3, { padding: 1, bias: false }),
    new BatchNorm2d(4),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(64, 3),
  );

/** The mean of the squared distance to a target. */
const loss = (y: Tensor, target: Tensor) => mul(sum(square(sub(y, target))), 1 / y.size);

test('500 steps hold no more memory than a few', async () => {
  manualSeed(0);
  const model = tiny();
  const optimiser = new Adam(model.parameters(), { lr: 1e-3 });
  const step = () =>
    scope(() => {
      const x = randn([4, 2, 8, 8]);
      const value = loss(model.forward(x), randn([4, 3]));
      backward(value);
      clipGradNorm(model.parameters(), 1);
      optimiser.step();
      optimiser.zeroGrad();
    });
  const evaluate = () => scope(() => noGrad(() => model.eval().forward(randn([4, 2, 8, 8]))) && model.train());
  for (let i = 0; i < 5; i++) step();
  evaluate();
  gpu.pool.resetPeak();
  for (let i = 0; i < 5; i++) step();
  evaluate();
  const warm = gpu.memory();
  for (let i = 0; i < 500; i++) {
    step();
    if (i % 100 === 0) evaluate();
    if (i % 10 === 0) await gpu.flush();
  }
  await gpu.finish();
  const { live, pooled, peak } = gpu.memory();
  // What other suites left may be collected meanwhile: it moves from live to pooled.
  assert.ok(live <= warm.live, `${live - warm.live} more bytes are in use`);
  assert.is(peak, warm.peak);
  assert.is(live + pooled, warm.live + warm.pooled);
});

async function train(seed: number, steps: number): Promise<Float32Array[]> {
  manualSeed(seed);
  const model = tiny();
  const optimiser = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 1e-4 });
  for (let i = 0; i < steps; i++) {
    scope(() => {
      backward(loss(model.forward(randn([4, 2, 8, 8])), randn([4, 3])));
      optimiser.step();
      optimiser.zeroGrad();
    });
  }
  return Promise.all([...model.stateDict().values()].map(async (t) => (await t.read()) as Float32Array));
}

test('the same seed trains to the same bits, another to others', async () => {
  const [a, b, c] = [await train(5, 8), await train(5, 8), await train(6, 8)];
  assert.equal(a, b);
  assert.not.equal(a, c);
});

test('training brings the loss down', async () => {
  manualSeed(9);
  const model = tiny();
  const optimiser = new Adam(model.parameters(), { lr: 0.01 });
  const [x, target] = [randn([8, 2, 8, 8]), randn([8, 3])];
  const step = () =>
    scope(() => {
      const value = loss(model.forward(x), target);
      backward(value);
      optimiser.step();
      optimiser.zeroGrad();
      return value.detach();
    });
  const first = await step().item();
  for (let i = 0; i < 60; i++) step();
  const last = await step().item();
  assert.ok(last < first / 20, `${first} → ${last}`);
});

test.run();

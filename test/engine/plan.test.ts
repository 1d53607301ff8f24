import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { Linear } from '../../engine/nn/index.js';
import { sum } from '../../engine/ops/sum.js';
import { relu } from '../../engine/ops/unary.js';
import { Adam } from '../../engine/optim/index.js';
import { plan } from '../../engine/plan.js';
import { randn } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { empty, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

function train(): void {
  const layer = new Linear(256, 128);
  const optimiser = new Adam(layer.parameters());
  scope(() => {
    backward(sum(relu(layer.forward(randn([32, 256])))));
    optimiser.step();
    optimiser.zeroGrad();
  });
}

test('a plan counts what the work then takes, and takes nothing itself', async () => {
  await gpu.finish();
  const before = gpu.memory();
  const counts = gpu.queue.counts;
  const found = plan(train);
  assert.equal(gpu.memory(), before);
  assert.equal(gpu.queue.counts, counts);
  gpu.pool.resetPeak();
  train();
  assert.is(gpu.queue.counts.dispatches - counts.dispatches, found.dispatches);
  assert.is(gpu.memory().peak - before.live, found.peakBytes);
  assert.is(gpu.memory().live - before.live, found.keptBytes);
  assert.ok(found.kernels >= 5 && found.kernels <= found.dispatches);
  assert.ok(found.flops > 2 * 2 * 32 * 256 * 128);
  assert.ok(found.bytes > 4 * 256 * 128);
  // The current GPU is the real one again.
  assert.is(await tensor([7]).item(), 7);
});

test('a tensor that the adapter can not bind is named', () => {
  const size = gpu.limits.maxStorageBufferBindingSize / 4 + 1;
  assert.throws(() => plan(() => void empty(gpu, [size], 'float32', 'huge')), /huge \[\d+\] needs .* bytes/);
  assert.throws(() => plan(() => void randn([size])), /uniform|normal|randn/);
});

test.run();

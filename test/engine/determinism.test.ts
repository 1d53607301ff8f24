import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { conv2d } from '../../engine/ops/conv.js';
import { dropout } from '../../engine/ops/dropout.js';
import { indexSelect, scatterAdd } from '../../engine/ops/indexing.js';
import { cat } from '../../engine/ops/join.js';
import { crossEntropy } from '../../engine/ops/loss.js';
import { linear, matmul } from '../../engine/ops/matmul.js';
import { batchNorm } from '../../engine/ops/norm.js';
import { pad } from '../../engine/ops/pad.js';
import { maxPool2d } from '../../engine/ops/pool.js';
import { mean, variance } from '../../engine/ops/reduce.js';
import { interpolate } from '../../engine/ops/resample.js';
import { softmax } from '../../engine/ops/softmax.js';
import { sum } from '../../engine/ops/sum.js';
import { relu } from '../../engine/ops/unary.js';
import { permute, reshape, slice } from '../../engine/ops/view.js';
import { manualSeed } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { empty, type Tensor, tensor, write } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

const random = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape, { requiresGrad: true });

/** A small net through many kinds of kernels; odd sizes, so that every last workgroup is partly empty. */
function network(): Tensor[] {
  manualSeed(3);
  const x = random('x', [3, 5, 17, 11]);
  const w1 = random('w1', [7, 5, 3, 3]);
  const w2 = random('w2', [9, 7, 1, 1]);
  const w3 = random('w3', [13, 9]);
  const h = relu(batchNorm(conv2d(pad(x, [1, 2, 0, 1], { mode: 'reflect' }), w1), { training: true }));
  const pooled = maxPool2d(h, { kernelSize: 3, stride: 2 });
  const wide = interpolate(conv2d(pooled, w2), { size: [9, 7], mode: 'bilinear' });
  const feature = dropout(mean(wide, [2, 3]), 0.25);
  const logits = linear(feature, w3);
  const rows = indexSelect(logits, 0, tensor(new Int32Array([2, 0, 2, 1, 2])));
  const summed = scatterAdd(
    logits,
    0,
    tensor(
      new Int32Array(39).map((_, i) => i % 2),
      [3, 13],
    ),
    logits,
  );
  const loss = add(
    add(crossEntropy(rows, tensor(new Int32Array([1, 12, 3, 0, 7]))), mul(sum(mul(summed, summed)), 0.01)),
    sum(
      variance(matmul(permute(reshape(wide, [3, 9, 63]), [0, 2, 1]), slice(reshape(wide, [3, 9, 63]), 2, 1, 40, 3)), 2),
    ),
  );
  const gradients = grad([loss], [x, w1, w2, w3]).map((t) => t!);
  return [loss, logits, softmax(logits), cat([rows, logits]), ...gradients];
}

const bits = (work: () => Tensor[]) => scope(() => Promise.all(work().map((t) => t.read())));

/** Leaves numbers in the pool that show wherever memory is read before it was written. */
async function soilPool(value: number): Promise<void> {
  await scope(async () => {
    for (let size = 64; size < 1 << 15; size = Math.ceil(size * 1.19)) {
      for (let i = 0; i < 6; i++) {
        const t = empty(gpu, [size]);
        write(t, new Float32Array(size).fill(value));
      }
    }
    await gpu.finish();
  });
}

test('the same work gives the same bits, whatever lay in memory before', async () => {
  const first = await bits(network);
  for (const t of first) assert.ok(t.every(Number.isFinite), 'finite');
  assert.equal(await bits(network), first, 'a second time');
  await soilPool(Number.NaN);
  assert.equal(await bits(network), first, 'with NaN in the pool');
  await soilPool(-1e30);
  assert.equal(await bits(network), first, 'with large numbers in the pool');
  await gpu.trim();
  assert.equal(await bits(network), first, 'with fresh memory');
});

test('the order in which work is submitted makes no difference', async () => {
  const whole = await bits(network);
  const eager = await bits(() => {
    const out = network();
    void gpu.flush();
    return out;
  });
  assert.equal(eager, whole);
});

test('a sum of many parts has one order', async () => {
  const x = tensor(fill('many', [3, 70_001], { kind: 'signed', scale: 1e3 }), [3, 70_001]);
  const y = mul(x, 1e-3);
  const first = await Promise.all([sum(x), sum(x, 1), sum(y, 0)].map((t) => t.read()));
  for (let i = 0; i < 3; i++) {
    assert.equal(await Promise.all([sum(x), sum(x, 1), sum(y, 0)].map((t) => t.read())), first);
  }
});

test.run();

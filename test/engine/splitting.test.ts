import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { type Gpu, openGpu } from '../../engine/gpu.js';
import { add, mul, sub } from '../../engine/ops/arithmetic.js';
import { conv2d } from '../../engine/ops/conv.js';
import { squaredEuclidean } from '../../engine/ops/distance.js';
import { matmul } from '../../engine/ops/matmul.js';
import { batchNorm } from '../../engine/ops/norm.js';
import { maxPool2d } from '../../engine/ops/pool.js';
import { amax } from '../../engine/ops/reduce.js';
import { softmax } from '../../engine/ops/softmax.js';
import { sort } from '../../engine/ops/sort.js';
import { sum } from '../../engine/ops/sum.js';
import { neg, relu } from '../../engine/ops/unary.js';
import { contiguous, expand, slice, transpose } from '../../engine/ops/view.js';
import { manualSeed, uniform } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { noGrad } from '../../engine/tape.js';
import { empty, type Tensor, tensor } from '../../engine/tensor.js';
import { RandomStream } from '../../random/philox.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

/** Workgroups in one dimension of a grid, as far as WebGPU guarantees. */
const GROUPS = 65535;

const ramp = (n: number, shape: readonly number[] = [n]) =>
  tensor(
    Float32Array.from({ length: n }, (_, i) => i),
    shape,
  );

test('one invocation an element: beyond 65,535 groups the grid gets a second dimension', async () => {
  const [rows, columns] = [2049, 2048]; // 65,568 groups of 64
  assert.ok((rows * columns) / 64 > GROUPS);
  await scope(async () => {
    const row = ramp(columns);
    const copy = await contiguous(expand(row, [rows, columns])).read();
    assert.is(
      copy.findIndex((value, i) => value !== i % columns),
      -1,
      'copy',
    );
    const both = await sub(ramp(rows, [rows, 1]), row).read();
    assert.is(
      both.findIndex((value, i) => value !== Math.floor(i / columns) - (i % columns)),
      -1,
      'sub',
    );
  });
});

test('four elements an invocation: the same', async () => {
  const n = 4 * 64 * GROUPS + 5;
  if (4 * n > gpu.limits.maxStorageBufferBindingSize) return;
  const seed = 77;
  await scope(async () => {
    manualSeed(seed);
    const y = neg(uniform([n]));
    const stream = new RandomStream(seed, 'uniform', 0);
    for (const start of [0, 1 << 23, 4 * 64 * 32768 - 4, n - 9]) {
      stream.position = start;
      const want = Float32Array.from({ length: 8 }, () => -stream.uniform());
      assert.equal(await slice(y, 0, start, start + 8).read(), want, `from ${start} on`);
    }
  });
  await gpu.trim();
});

test('one workgroup or one invocation a row: more rows than a dimension has groups', async () => {
  const rows = GROUPS + 7;
  await scope(async () => {
    const x = add(ramp(rows, [rows, 1]), ramp(40));
    const largest = await amax(x, 1).read();
    assert.is(
      largest.findIndex((value, i) => value !== i + 39),
      -1,
      'amax',
    );
    const total = await sum(x, 1).read();
    assert.is(
      total.findIndex((value, i) => value !== 40 * i + 780),
      -1,
      'sum',
    );
    const part = await slice(softmax(x, 1), 0, rows - 2).read();
    const whole = Array.from({ length: 40 }, (_, i) => Math.exp(i - 39));
    const share = whole.map((v) => v / whole.reduce((a, b) => a + b, 0));
    for (const [i, value] of part.entries()) {
      assert.ok(Math.abs(value - share[i % 40]!) < 1e-5, `softmax: element ${i}`);
    }
    const { values } = sort(transpose(expand(ramp(3, [3, 1]), [3, rows])), -1, { descending: true });
    assert.equal(Array.from(await slice(values, 0, rows - 2).read()), [2, 1, 0, 2, 1, 0]);
  });
  await gpu.trim();
});

test('what can not be split is refused with its name', () => {
  scope(() => {
    const many = expand(empty(gpu, [1, 2, 2]), [GROUPS + 1, 2, 2]);
    assert.throws(() => matmul(many, many), /matmul: a batch of 65536 matrices is beyond 65,535; split it/);
    const wide = empty(gpu, [1, 4 * gpu.sharing.lanes * GROUPS + 1]);
    if (4 * wide.size < gpu.limits.maxStorageBufferBindingSize)
      assert.throws(() => matmul(empty(gpu, [1, 1]), wide), /matmul: a grid of .* workgroups is beyond/);
  });
  assert.ok(gpu.healthy);
});

/** What shares rows, sums or workgroup memory, forward and backward; of eight rows, which compile fastest. */
function mainOperators(on: Gpu): Tensor[] {
  const random = (name: string, shape: readonly number[]) =>
    tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape, { requiresGrad: true, gpu: on });
  const x = random('x', [2, 6, 8, 12]);
  const w = random('w', [8, 6, 3, 3]);
  const normed = batchNorm(conv2d(x, w, undefined, { padding: 1 }), { training: true });
  const pooled = maxPool2d(relu(normed), { kernelSize: 2 });
  const [a, b] = [random('a', [7, 12]).detach(), random('b', [12, 8]).detach()];
  const loss = sum(mul(softmax(pooled, 1), pooled));
  const gradients = grad([loss], [x, w]);
  return [pooled, matmul(a, b), squaredEuclidean(a, transpose(b)), ...gradients.map((t) => t!)];
}

test("WebGPU's guaranteed limits, without any feature, are enough for the main operators", async () => {
  const small = await openGpu({ limits: 'default' });
  try {
    assert.is(small.limits.maxComputeInvocationsPerWorkgroup, 256);
    assert.is(small.limits.maxStorageBuffersPerShaderStage, 8);
    assert.is(small.sharing.kind, 'workgroup');
    assert.not(small.has('subgroups'));
    const got = await Promise.all(mainOperators(small).map((t) => t.read()));
    const want = await Promise.all(mainOperators(gpu).map((t) => t.read()));
    for (const [i, values] of want.entries()) {
      values.forEach((value, at) => {
        const off = Math.abs(got[i]![at]! - value);
        assert.ok(off < 1e-4 * Math.max(1, Math.abs(value)), `result ${i}, element ${at}: ${got[i]![at]} ≠ ${value}`);
      });
    }
  } finally {
    small.close();
  }
});

test('without recording, the large ones too leave nothing behind', () => {
  const before = gpu.memory().live;
  noGrad(() => scope(() => void neg(expand(ramp(64), [1024, 64]))));
  assert.is(gpu.memory().live, before);
});

test.run();

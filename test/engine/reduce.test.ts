import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import * as ops from '../../engine/ops/reduce.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute, slice, transpose } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, assertSameBits, checkTwice, gradients, leaf, numbers, random } from './close.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

test('gradients of every reduction agree with differences', async () => {
  assert.ok(gpu.healthy);
  const reductions: ((x: Tensor) => Tensor)[] = [
    (x) => ops.mean(x, [0, 2]),
    (x) => ops.mean(x),
    (x) => ops.amax(x, 1),
    (x) => ops.amin(x, [0, 2], true),
    (x) => ops.max(x, 2).values,
    (x) => ops.min(x, 0, true).values,
    (x) => ops.maxAll(x),
    (x) => ops.variance(x, 1),
    (x) => ops.variance(x, [0, 2], { unbiased: false, keepdim: true }),
    (x) => ops.std(x, -1),
    (x) => ops.norm(x, 2, [1, 2]),
    (x) => ops.norm(x, 1, 0),
    (x) => ops.norm(x, 3, 1),
    (x) => ops.norm(x, Infinity, 1),
    (x) => ops.prod(x, 1),
    (x) => ops.logsumexp(x, [0, 1]),
    (x) => ops.cumsum(x, 1),
    (x) => ops.cumsum(x, -1),
  ];
  for (const f of reductions) await gradcheck(f, [[3, 5, 7]], { step: 2e-3 });
  for (const f of reductions.filter((_, i) => i % 4 === 0))
    await gradcheck((x) => f(permute(x, [2, 0, 1])), [[5, 7, 3]], { step: 2e-3 });
});

test('sum, mean, variance, std and norm can be differentiated twice', async () => {
  await checkTwice((x) => sum(square(ops.mean(square(x), 1))), [3, 5]);
  await checkTwice((x) => sum(square(ops.variance(x, 1))), [3, 5]);
  await checkTwice((x) => sum(square(square(ops.std(x, 0)))), [4, 3]);
  await checkTwice((x) => sum(square(square(ops.norm(x, 2, 1)))), [3, 5]);
  await checkTwice((x) => sum(square(ops.norm(x, 1, 1))), [3, 5], [0.5, 1.5]);
});

test('long reductions, cut in two steps, agree with plain sums', async () => {
  for (const [shape, dim] of [
    [[3, 50021], 1],
    [[50021, 3], 0],
    [[150063], 0],
  ] as const) {
    const data = numbers('long', shape);
    const n = 50021;
    const lines = shape.length === 1 ? 1 : 3;
    const at = (line: number, i: number) => data[dim === 1 ? line * n + i : i * lines + line]!;
    const total = shape.length === 1 ? 150063 : n;
    const columns = Array.from({ length: lines }, (_, line) =>
      Float64Array.from({ length: total }, (_, i) => (lines === 1 ? data[i]! : at(line, i))),
    );
    const x = tensor(data, shape);
    const means = columns.map((c) => c.reduce((s, v) => s + v, 0) / total);
    assertClose(await ops.mean(x, dim).read(), means, 1e-5, `mean ${shape}`);
    const variances = columns.map((c, i) => c.reduce((s, v) => s + (v - means[i]!) ** 2, 0) / (total - 1));
    assertClose(await ops.variance(x, dim).read(), variances, 1e-5, `variance ${shape}`);
    const lse = columns.map((c) => Math.log(c.reduce((s, v) => s + Math.exp(v), 0)));
    assertClose(await ops.logsumexp(x, dim).read(), lse, 1e-6, `logsumexp ${shape}`);
    const sizes = columns.map((c) => Math.sqrt(c.reduce((s, v) => s + v * v, 0)));
    assertClose(await ops.norm(x, 2, dim).read(), sizes, 1e-5, `norm ${shape}`);
    const { values, indices } = ops.max(x, dim);
    const largest = columns.map((c) => c.reduce((a, b) => Math.max(a, b)));
    assert.equal(Array.from(await values.read()), largest);
    assert.equal(
      Array.from(await indices.read()),
      columns.map((c, i) => c.indexOf(largest[i]!)),
    );
    assert.equal(
      Array.from(await ops.argmin(x, dim).read()),
      columns.map((c) => c.indexOf(c.reduce((a, b) => Math.min(a, b)))),
    );
  }
});

test('the variance of numbers with a large mean keeps its digits', async () => {
  const data = numbers('far', [4, 3001], 1000, 1001);
  const got = await ops.variance(tensor(data, [4, 3001]), 1).read();
  const want = [0, 1, 2, 3].map((row) => {
    const line = data.subarray(row * 3001, (row + 1) * 3001);
    const mean = line.reduce((s, v) => s + v, 0) / 3001;
    return line.reduce((s, v) => s + (v - mean) ** 2, 0) / 3000;
  });
  assertClose(got, want, 1e-4, 'variance');
});

test('of equal extremes argmax and max take the first, amax shares the gradient', async () => {
  const n = 40001;
  const data = new Float32Array(n).fill(-3);
  for (const i of [17, 8193, 8194, 39999]) data[i] = 2;
  const x = tensor(data, [n], { requiresGrad: true });
  assert.is(await ops.argmax(x).item(), 17);
  assert.is(await ops.argmin(x).item(), 0);
  const one = tensor([1]);
  const [first] = await gradients((t) => ops.max(t, 0, true).values, [x], one);
  assert.is(first!.indexOf(1), 17);
  assert.is(first!.lastIndexOf(1), 17);
  const [shared] = await gradients((t) => ops.amax(t, 0, true), [x], one);
  assert.equal(
    [17, 8193, 8194, 39999].map((i) => shared![i]),
    [0.25, 0.25, 0.25, 0.25],
  );
  assert.is(
    shared!.reduce((s, v) => s + v, 0),
    1,
  );
  assert.is(
    await ops
      .argmax(
        tensor([
          [-1e38, -2e38],
          [-3e38, -1e38],
        ]),
      )
      .item(),
    0,
  );
});

test('argmax over all of a view counts in its row-major order', async () => {
  const x = tensor([
    [1, 9, 3],
    [4, 5, 6],
  ]);
  assert.is(await ops.argmax(transpose(x)).item(), 2);
  assert.is(await ops.argmax(slice(x, 1, 1)).item(), 0);
  assert.equal(Array.from(await ops.argmax(transpose(x), 0).read()), [1, 2]);
});

test('the gradient of a product is right with no, one and several zeros', async () => {
  const x = tensor(
    [
      [2, -3, 4],
      [2, 0, 4],
      [0, 5, 0],
    ],
    undefined,
    { requiresGrad: true },
  );
  const [dx] = await gradients((t) => ops.prod(t, 1), [x], tensor([1, 10, 100]));
  assertClose(dx!, [-12, 8, -6, 0, 80, 0, 0, 0, 0], 1e-6, 'dx');
});

test('norms and std have gradient 0 where they are 0', async () => {
  const x = tensor(new Float32Array(8), [2, 4], { requiresGrad: true });
  const one = tensor([1, 1]);
  for (const f of [
    (t: Tensor) => ops.norm(t, 2, 1),
    (t: Tensor) => ops.norm(t, 1, 1),
    (t: Tensor) => ops.norm(t, 3, 1),
    (t: Tensor) => ops.std(t, 1),
  ]) {
    assert.equal(Array.from((await gradients(f, [x], one))[0]!), new Array(8).fill(0));
  }
  assert.equal(
    Array.from(
      await ops
        .norm(
          tensor([
            [0, 2, -1],
            [0, 0, 0],
          ]),
          0,
          1,
        )
        .read(),
    ),
    [2, 0],
  );
  assert.equal(
    Array.from(
      await ops
        .norm(
          tensor([
            [0, 2, -1],
            [5, 1, 4],
          ]),
          -Infinity,
          1,
        )
        .read(),
    ),
    [0, 1],
  );
});

test('logsumexp of large numbers does not overflow', async () => {
  assertClose(
    await ops
      .logsumexp(
        tensor([
          [300, 300],
          [-300, -301],
        ]),
        1,
      )
      .read(),
    [300 + Math.LN2, -300 + Math.log1p(Math.exp(-1))],
    1e-6,
    'lse',
  );
});

test('running sums agree with a plain loop along any dimension and over several levels of blocks', async () => {
  for (const [shape, dim] of [
    [[5, 1025], 1],
    [[1, 1200007], 1],
    [[700, 3], 0],
    [[70, 1100], 0],
    [[3, 130, 5], 1],
  ] as const) {
    const data = numbers('cumsum', shape, 0, 0.01);
    const n = shape[dim]!;
    const inner = shape.slice(dim + 1).reduce((a: number, b) => a * b, 1);
    const want = new Float64Array(data);
    for (let i = 0; i < data.length; i++) if (Math.floor(i / inner) % n > 0) want[i]! += want[i - inner]!;
    assertClose(await ops.cumsum(tensor(data, shape), dim).read(), want, 1e-5, `cumsum ${shape}`);
  }
  const dy = random('cumsum/dy', [2, 2500]);
  const [dx] = await gradients((t) => ops.cumsum(t, 1), [leaf('cumsum/x', [2, 2500])], dy);
  const want = new Float64Array(await dy.read());
  for (let i = 4998; i >= 0; i--) if (i !== 2499) want[i]! += want[i + 1]!;
  assertClose(dx!, want, 1e-5, 'reverse');
});

test('reductions give the same bits in each run', async () => {
  const x = random('bits', [37, 9001]);
  await assertSameBits(() => ops.variance(x, 1));
  await assertSameBits(() => ops.mean(x));
  await assertSameBits(() => ops.cumsum(x, 1));
});

test('errors name the operator and the shape', () => {
  assert.throws(() => ops.mean(tensor(new Float32Array(0), [2, 0]), 1), /mean: \[2, 0\]/);
  assert.throws(() => ops.variance(tensor([[1], [2]]), 1), /variance: .*\[2, 1\]/);
  assert.throws(() => ops.amax(tensor([1]), 3), /amax: dimension 3/);
  assert.throws(() => sum(tensor(Int32Array.of(1, 2))), /sum: Tensor\(\[2\], int32\) must be float32/);
  assert.throws(() => ops.argmax(tensor(Int32Array.of(1, 2))), /argmax: .*int32\) must be float32/);
  const x = leaf('once', [3]);
  assert.throws(() => grad([ops.amax(x)], [x], { createGraph: true }), /second derivative/);
});

test.run();

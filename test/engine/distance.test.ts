import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../engine/ops/distance.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { expand, transpose } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, assertSameBits, checkTwice, gradients, leaf, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';
import { withEachSharing } from './sharing.js';

closeAfter(test);

test('gradients agree with differences', async () => {
  const shapes = [
    [5, 7],
    [7, 7],
  ];
  const pairs: ((x: Tensor, y: Tensor) => Tensor)[] = [
    ops.squaredEuclidean,
    ops.euclidean,
    ops.cosineDistance,
    (x, y) => ops.cdist(x, y),
    (x, y) => ops.cdist(x, y, 1),
    (x, y) => ops.cdist(x, y, 3),
    (x, y) => ops.cdist(x, y, Infinity),
  ];
  for (const f of pairs) await gradcheck(f, shapes, { step: 2e-3 });
  await gradcheck(
    (x, y) => ops.cdist(x, y, 2),
    [
      [2, 3, 5, 4],
      [2, 3, 2, 4],
    ],
  );
  await gradcheck((x) => ops.squaredEuclidean(x, x), [[6, 5]]);
  await gradcheck(
    (x, y) => ops.cdist(transpose(x), y, 1),
    [
      [7, 5],
      [3, 7],
    ],
    { step: 2e-3 },
  );
  await gradcheck(
    (x, y) => ops.cosineSimilarity(x, y),
    shapes.map(() => [5, 7]),
  );
  await gradcheck(
    (x, y) => ops.cosineSimilarity(x, y, 0),
    shapes.map(() => [5, 7]),
  );
  await gradcheck(
    (x, y) => ops.pairwiseDistance(x, y),
    [
      [5, 7],
      [5, 7],
    ],
  );
  for (const dim of [0, 1, 2]) await gradcheck((x) => ops.l2Normalize(x, dim), [[3, 5, 7]]);
  await gradcheck((x) => ops.l2Normalize(x, 1), [[3, 40]]);
  await gradcheck((x) => ops.l2Normalize(x, 1, { p: 1 }), [[3, 5]], { step: 1e-3 });
  await gradcheck((x) => ops.l2Normalize(x, 1, { p: 3 }), [[3, 5]], { step: 3e-3 });
});

test('squared distances can be differentiated twice', async () => {
  const y = random('y', [3, 5]);
  await checkTwice((x) => sum(square(ops.squaredEuclidean(x, y))), [4, 5]);
});

/** Squared distances by plain loops in double. */
function squared(a: Float32Array, b: Float32Array, depth: number): Float64Array {
  const [m, n] = [a.length / depth, b.length / depth];
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let k = 0; k < depth; k++) total += (a[i * depth + k]! - b[j * depth + k]!) ** 2;
      out[i * n + j] = total;
    }
  }
  return out;
}

test('whole tiles, edges, odd depths and cut features agree with plain loops', async () => {
  for (const [m, n, depth, root] of [
    [1, 1, 1, true],
    [7, 133, 64, false],
    [5, 64, 37, false],
    [70, 132, 64, false],
    [33, 66, 37, false],
    [64, 64, 2048, true],
    [65, 30, 1031, false],
    [9, 300, 256, false],
    [513, 512, 256, false],
  ] as const) {
    const [a, b] = [numbers('a', [m, depth]), numbers('b', [n, depth])];
    const want = squared(a, b, depth);
    const [x, y] = [tensor(a, [m, depth]), tensor(b, [n, depth])];
    assertClose(await ops.squaredEuclidean(x, y).read(), want, 1e-5, `squared ${m} × ${n} × ${depth}`);
    if (!root) continue;
    assertClose(await ops.euclidean(x, y).read(), want.map(Math.sqrt), 1e-5, `distance ${m} × ${n} × ${depth}`);
    assertClose(await ops.cdist(x, y).read(), want.map(Math.sqrt), 1e-5, `cdist ${m} × ${n} × ${depth}`);
  }
});

test('each way of sharing rows gives the same', async () => {
  const [a, b] = [numbers('a', [20, 512]), numbers('b', [268, 512])];
  const want = squared(a, b, 512);
  await withEachSharing(async ({ kind }) => {
    const got = ops.squaredEuclidean(tensor(a, [20, 512]), tensor(b, [268, 512]));
    assertClose(await got.read(), want, 1e-5, kind);
  });
});

test('the distance of a row to itself is 0, however it is tiled, and its gradient too', async () => {
  for (const [m, depth] of [
    [72, 64],
    [7, 37],
    [64, 2048],
  ] as const) {
    const x = random('self', [m, depth], 5, 9);
    const d = await ops.squaredEuclidean(x, random('self', [m, depth], 5, 9)).read();
    for (let i = 0; i < m; i++) assert.is(d[i * m + i], 0, `${m} × ${depth}, row ${i}`);
  }
  const x = leaf('self', [7, 37], 5, 9);
  assert.ok(Math.abs((await ops.euclidean(x, x).read())[8]! - 1e-6) < 1e-12);
  const eye = tensor(
    Float32Array.from({ length: 49 }, (_, i) => Number(i % 8 === 0)),
    [7, 7],
  );
  const [dx] = await gradients((t) => ops.euclidean(t, t), [x], eye);
  assert.ok(dx!.every((v) => v === 0));
});

test('long vectors are normalised along rows and across; a vector of zeros stays', async () => {
  for (const [shape, dim] of [
    [[3, 5000], 1],
    [[3, 2049], 1],
    [[2, 700, 3], 1],
  ] as const) {
    const y = await ops.l2Normalize(random('n', shape), dim).read();
    const inner = shape.slice(dim + 1).reduce((a: number, b) => a * b, 1);
    const sizes = new Float64Array(y.length / shape[dim]);
    y.forEach((v, i) => {
      sizes[Math.floor(i / (inner * shape[dim])) * inner + (i % inner)]! += v * v;
    });
    assertClose(
      sizes,
      sizes.map(() => 1),
      1e-5,
      `[${shape}]`,
    );
  }
  const x = tensor(new Float32Array(8), [2, 4], { requiresGrad: true });
  assert.equal(Array.from(await ops.l2Normalize(x).read()), new Array(8).fill(0));
  const [dx] = await gradients(
    (t) => ops.l2Normalize(t, 1, { eps: 0.5 }),
    [x],
    tensor(new Float32Array(8).fill(3), [2, 4]),
  );
  assert.equal(Array.from(dx!), new Array(8).fill(6));
});

test('gives the same bits in each run', async () => {
  const [x, y] = [random('x', [50, 1000]), random('y', [40, 1000])];
  await assertSameBits(() => ops.squaredEuclidean(x, y));
  await assertSameBits(() => ops.cdist(x, y, 3));
});

test('more pairs than a buffer holds, and shapes that do not fit, are refused by name', () => {
  const many = expand(random('one', [1, 1]), [100000, 1]);
  assert.throws(
    () => ops.squaredEuclidean(many, many),
    /squaredEuclidean \[100000, 100000\] needs 40,000,000,000 bytes/,
  );
  assert.throws(
    () => ops.euclidean(random('x', [3, 4]), random('y', [3, 5])),
    /euclidean: x \[3, 4\] and y \[3, 5\] must be/,
  );
  assert.throws(() => ops.cdist(random('x', [2, 3, 4]), random('y', [3, 3, 4])), /cdist: x \[2, 3, 4\]/);
});

test.run();

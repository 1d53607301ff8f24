import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { mul } from '../../engine/ops/arithmetic.js';
import { toFloat } from '../../engine/ops/cast.js';
import * as ops from '../../engine/ops/indexing.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute, transpose } from '../../engine/ops/view.js';
import { maskedFill, prelu, where } from '../../engine/ops/where.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, assertSameBits, checkTwice, gradients, indices, leaf, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

test('gradients agree with differences', async () => {
  const index = indices('g', [3, 9, 5], 7);
  await gradcheck((x) => ops.gather(x, 1, index), [[3, 7, 5]]);
  await gradcheck((x) => ops.gather(x, 0, indices('g0', [9, 4, 3], 3)), [[3, 7, 5]]);
  await gradcheck((x) => ops.gather(permute(x, [2, 0, 1]), 2, indices('g2', [4, 3, 2], 7)), [[3, 7, 5]]);
  const into = indices('s', [3, 4, 5], 7);
  await gradcheck(
    (x, source) => ops.scatterAdd(x, 1, into, source),
    [
      [3, 7, 5],
      [3, 6, 5],
    ],
  );
  await gradcheck(
    (x, source) => ops.scatter(x, 1, into, source),
    [
      [3, 7, 5],
      [3, 4, 5],
    ],
  );
  await gradcheck(
    (x, source) => ops.scatter(x, 2, indices('s2', [2, 5, 9], 6), source),
    [
      [3, 5, 6],
      [2, 5, 9],
    ],
  );
  const line = indices('line', [6], 5);
  await gradcheck((x) => ops.indexSelect(x, 1, line), [[3, 5, 7]]);
  await gradcheck((x) => ops.indexSelect(x, 0, line), [[5, 8]]);
  await gradcheck(
    (x, source) => ops.indexAdd(x, 1, line, source),
    [
      [3, 5, 4],
      [3, 6, 4],
    ],
  );
  await gradcheck(
    (x, source) => ops.indexCopy(x, 1, line, source),
    [
      [3, 5, 3],
      [3, 6, 3],
    ],
  );
  await gradcheck((weight) => ops.embedding(indices('e', [2, 3], 7), weight), [[7, 5]]);
});

test('choices: gradients agree with differences', async () => {
  const condition = indices('c', [4, 1, 5], 2);
  await gradcheck(
    (a, b) => where(condition, a, b),
    [
      [3, 5],
      [4, 1, 1],
    ],
  );
  await gradcheck((a) => where(condition, a, 2), [[3, 5]]);
  await gradcheck((a) => where(toFloat(condition), -1, a), [[3, 1]]);
  await gradcheck((a) => maskedFill(a, condition, -9), [[4, 3, 5]]);
  await gradcheck((x, w) => prelu(x, w), [[2, 3, 5], [3]], { step: 1e-3 });
  await gradcheck((x, w) => prelu(x, w), [[7], [1]], { step: 1e-3 });
});

test('gather and its family can be differentiated twice', async () => {
  const index = indices('twice', [4, 6], 3);
  await checkTwice((x) => sum(mul(square(ops.gather(x, 1, index)), ops.gather(x, 1, index))), [4, 3]);
  await checkTwice((x) => sum(square(square(ops.indexSelect(x, 0, indices('twice', [5], 3))))), [3, 4]);
  await checkTwice((x) => sum(square(square(where(index, x, 1)))), [4, 6]);
});

/** Σ over sources, front to back, by a plain loop. */
function addUp(
  size: number,
  index: ArrayLike<number>,
  source: ArrayLike<number>,
  width: number,
  into: Float64Array,
): Float64Array {
  for (let i = 0; i < index.length; i++) {
    if (index[i]! < 0 || index[i]! >= size) continue;
    for (let k = 0; k < width; k++) into[index[i]! * width + k]! += source[i * width + k]!;
  }
  return into;
}

test('the gradient of a large embedding adds up repeated rows', async () => {
  for (const [entries, width, count] of [
    [10000, 256, 64],
    [50, 7, 5000],
    [3, 12, 2048],
  ] as const) {
    const index = indices('embedding', [count], entries);
    const weight = leaf('embedding', [entries, width]);
    const dy = random('embedding/dy', [count, width]);
    const want = addUp(entries, await index.read(), await dy.read(), width, new Float64Array(entries * width));
    const once = async () => (await gradients((w) => ops.embedding(index, w), [weight], dy))[0]!;
    const got = await once();
    assertClose(got, want, 1e-5, `embedding ${entries} × ${width}`);
    assert.equal(await once(), got, 'the same bits');
  }
});

test('the gradient of a large gather adds up within each row', async () => {
  const [rows, n, count] = [512, 1000, 1000];
  const index = indices('gather', [rows, count], n);
  const dy = random('gather/dy', [rows, count]);
  const [dx] = await gradients((x) => ops.gather(x, 1, index), [leaf('gather', [rows, n])], dy);
  const [i, d] = [await index.read(), await dy.read()];
  const want = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++)
    addUp(
      n,
      i.subarray(r * count, (r + 1) * count),
      d.subarray(r * count, (r + 1) * count),
      1,
      want.subarray(r * n, (r + 1) * n),
    );
  assertClose(dx!, want, 1e-5, 'dx');
  const across = (
    await gradients((x) => ops.gather(x, 0, transpose(index)), [leaf('gather', [n, rows])], transpose(dy))
  )[0]!;
  assert.equal(
    Array.from(across.subarray(0, 40)),
    Array.from({ length: 40 }, (_, r) => dx![r * n]!),
  );
});

test('a picked element of a [4096, 1000] tensor', async () => {
  const index = indices('pick', [4096, 1], 1000);
  const x = leaf('pick', [4096, 1000]);
  const [data, at] = [numbers('pick', [4096, 1000]), await index.read()];
  assert.equal(
    Array.from(await ops.gather(x, 1, index).read()),
    Array.from(at, (c, r) => data[r * 1000 + c]!),
  );
  const [dx] = await gradients((t) => ops.gather(t, 1, index), [x], tensor(new Float32Array(4096).fill(1), [4096, 1]));
  assert.is(
    dx!.reduce((s, v) => s + v, 0),
    4096,
  );
  assert.ok(at.every((c, r) => dx![r * 1000 + c] === 1));
});

test('of sources for one place the last wins, and only it gets a gradient', async () => {
  const x = tensor([[10, 20, 30]], undefined, { requiresGrad: true });
  const source = tensor([[1, 2, 3, 4]], undefined, { requiresGrad: true });
  const index = tensor(Int32Array.of(2, 0, 2, 0), [1, 4]);
  assert.equal(Array.from(await ops.scatter(x, 1, index, source).read()), [4, 20, 3]);
  const found = await gradients((a, b) => ops.scatter(a, 1, index, b), [x, source], tensor([[5, 6, 7]]));
  assert.equal(
    found.map((g) => Array.from(g)),
    [
      [0, 6, 0],
      [0, 0, 7, 5],
    ],
  );
  const copied = ops.indexCopy(transpose(x), 0, tensor(Int32Array.of(1, 1)), tensor([[8], [9]]));
  assert.equal(Array.from(await copied.read()), [10, 9, 30]);
  assert.equal(Array.from(await x.read()), [10, 20, 30], 'x itself stays');
});

test('an index outside of its dimension reads 0 and writes nothing', async () => {
  const x = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    undefined,
    { requiresGrad: true },
  );
  const bad = tensor(Int32Array.of(-1, 1, 2, 1000000), [2, 2]);
  assert.equal(Array.from(await ops.gather(x, 0, bad).read()), [0, 4, 0, 0]);
  assert.equal(
    Array.from(
      (
        await gradients(
          (t) => ops.gather(t, 0, bad),
          [x],
          tensor([
            [5, 6],
            [7, 8],
          ]),
        )
      )[0]!,
    ),
    [0, 0, 0, 6],
  );
  assert.equal(
    Array.from(
      await ops
        .scatterAdd(
          x,
          1,
          bad,
          tensor([
            [5, 6],
            [7, 8],
          ]),
        )
        .read(),
    ),
    [1, 8, 3, 4],
  );
  assert.equal(
    Array.from(
      await ops
        .scatter(
          x,
          1,
          bad,
          tensor([
            [5, 6],
            [7, 8],
          ]),
        )
        .read(),
    ),
    [1, 6, 3, 4],
  );
  const line = tensor(Int32Array.of(1, -7, 2));
  assert.equal(Array.from(await ops.indexSelect(x, 0, line).read()), [3, 4, 0, 0, 0, 0]);
  assert.equal(
    Array.from(
      await ops
        .indexAdd(
          x,
          0,
          line,
          tensor([
            [1, 1],
            [2, 2],
            [3, 3],
          ]),
        )
        .read(),
    ),
    [1, 2, 4, 5],
  );
  assert.equal(
    Array.from(await ops.oneHot(tensor(Int32Array.of(2, -1, 0, 9)), 3).read()),
    [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],
  );
});

test('integers are gathered as they are; conditions of every type; -0 is 0', async () => {
  const whole = tensor(Int32Array.of(-5, 1 << 30, 7), [3]);
  const picked = ops.gather(whole, 0, tensor(Int32Array.of(1, 0)));
  assert.is(picked.dtype, 'int32');
  assert.equal(Array.from(await picked.read()), [1 << 30, -5]);
  assert.equal(Array.from(await ops.indexSelect(whole, 0, tensor(Int32Array.of(2))).read()), [7]);
  const x = tensor([1, 2, 3, 4]);
  assert.equal(Array.from(await where(tensor(Int32Array.of(1, 0, -2147483648, 0)), x, 0).read()), [1, 0, 3, 0]);
  assert.equal(Array.from(await where(tensor(Float32Array.of(-0, 0, 1e-30, -1)), x, 0).read()), [0, 0, 3, 4]);
  assert.equal(Array.from(await toFloat(whole).read()), [-5, 2 ** 30, 7]);
});

test('scatterAdd gives the same bits in each run', async () => {
  const index = indices('bits', [3, 4000], 5);
  const source = random('bits', [3, 4000]);
  const x = random('bits/x', [3, 5]);
  await assertSameBits(() => ops.scatterAdd(x, 1, index, source));
});

test('errors name the operator, the shapes and the type', () => {
  const x = random('x', [3, 4]);
  const index = indices('i', [3, 2], 3);
  assert.throws(() => ops.gather(x, 1, toFloat(index)), /gather: the index must be an int32 tensor/);
  assert.throws(() => ops.gather(x, 1, indices('i', [5, 2], 3)), /gather: the index \[5, 2\] .* x \[3, 4\]/);
  assert.throws(() => ops.scatterAdd(x, 1, index, random('s', [2, 2])), /scatterAdd: .*source \[2, 2\]/);
  assert.throws(() => ops.indexSelect(x, 0, index), /indexSelect: .*one dimension, got \[3, 2\]/);
  assert.throws(
    () => ops.indexAdd(x, 0, indices('i', [2], 3), random('s', [3, 4])),
    /indexAdd: the source \[3, 4\] must be \[2, 4\]/,
  );
  assert.throws(() => maskedFill(random('m', [4]), x, 0), /maskedFill: .*\[3, 4\] does not broadcast to \[4\]/);
  assert.throws(() => prelu(x, random('w', [3])), /prelu: .*\[3\].*expected \[1\] or \[4\]/);
});

test('gather of a tensor of one dimension keeps the graph of a view', async () => {
  const x = leaf('view', [2, 3]);
  const y: Tensor = ops.gather(transpose(x), 0, tensor(Int32Array.of(2, 0), [1, 2]));
  const [dx] = grad([sum(y)], [x]);
  assert.equal(Array.from(await dx!.read()), [0, 0, 1, 1, 0, 0]);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mul } from '../../engine/ops/arithmetic.js';
import * as ops from '../../engine/ops/rearrange.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute, slice } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, checkTwice, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const moves: readonly [string, (x: Tensor) => Tensor, readonly number[]][] = [
  ['flip', (x) => ops.flip(x, [0, 2]), [3, 5, 7]],
  ['flip of a view', (x) => ops.flip(permute(slice(x, 1, 1, 5, 2), [2, 0, 1]), 1), [3, 5, 7]],
  ['roll', (x) => ops.roll(x, [2, -3], [0, 1]), [5, 7]],
  ['roll of all', (x) => ops.roll(x, 4), [3, 5]],
  ['repeat', (x) => ops.repeat(x, [2, 1, 3]), [3, 5]],
  ['tril', (x) => ops.tril(x, 1), [2, 5, 3]],
  ['triu', (x) => ops.triu(x, -2), [5, 3]],
  ['diagonal', (x) => ops.diagonal(x, 1, 0, 2), [3, 2, 5]],
  ['diagonal below', (x) => ops.diagonal(x, -2), [5, 4]],
  ['pixelShuffle', (x) => ops.pixelShuffle(x, 3), [2, 9, 2, 3]],
  ['unfold2d', (x) => ops.unfold2d(x, 3, { stride: 2, padding: 1 }), [2, 3, 6, 5]],
  [
    'unfold2d, oblong',
    (x) => ops.unfold2d(x, [2, 3], { stride: [1, 2], padding: [0, 2], dilation: [2, 1] }),
    [1, 2, 5, 7],
  ],
];

test('gradients agree with differences', async () => {
  for (const [, f, shape] of moves) await gradcheck(f, [shape]);
});

test('all can be differentiated twice', async () => {
  for (const [, f, shape] of moves) await checkTwice((x) => sum(mul(square(f(x)), f(x))), shape);
});

test('elements end up where they should', async () => {
  const x = tensor(
    Float32Array.from({ length: 12 }, (_, i) => i),
    [3, 4],
  );
  const list = async (t: Tensor) => Array.from(await t.read());
  assert.equal(await list(ops.flip(x, 1)), [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]);
  assert.equal(await list(ops.flip(x, [-2])), [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]);
  assert.equal(await list(ops.roll(x, 1)), [11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(await list(ops.roll(x, -5, 1)), [1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8]);
  assert.equal(await list(ops.repeat(tensor([1, 2]), [2, 2])), [1, 2, 1, 2, 1, 2, 1, 2]);
  assert.equal(await list(ops.tril(x)), [0, 0, 0, 0, 4, 5, 0, 0, 8, 9, 10, 0]);
  assert.equal(await list(ops.triu(x, 2)), [0, 0, 2, 3, 0, 0, 0, 7, 0, 0, 0, 0]);
  assert.equal(await list(ops.diagonal(x, 1)), [1, 6, 11]);
  assert.equal(await list(ops.diagonal(x, -1)), [4, 9]);
  assert.equal(ops.diagonal(x, 9).shape, [0]);
  assert.equal(await list(ops.flip(tensor(Int32Array.of(-1, 7, 2147483647)), 0)), [2147483647, 7, -1]);
});

test('unfold2d agrees with a plain loop', async () => {
  const [n, c, h, w, kh, kw] = [2, 3, 13, 9, 3, 2];
  const data = numbers('unfold', [n, c, h, w]);
  const [stride, padding, dilation] = [
    [2, 3],
    [2, 1],
    [3, 2],
  ] as const;
  const [oh, ow] = [Math.floor((h + 4 - 6 - 1) / 2) + 1, Math.floor((w + 2 - 2 - 1) / 3) + 1];
  const want = new Float32Array(n * c * kh * kw * oh * ow);
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [i % ow, Math.floor(i / ow) % oh];
    const tap = Math.floor(i / (ow * oh));
    const [ix, iy] = [x * 3 - 1 + (tap % kw) * 2, y * 2 - 2 + (Math.floor(tap / kw) % kh) * 3];
    const plane = Math.floor(tap / (kw * kh));
    if (ix >= 0 && ix < w && iy >= 0 && iy < h) want[i] = data[(plane * h + iy) * w + ix]!;
  }
  const got = ops.unfold2d(tensor(data, [n, c, h, w]), [kh, kw], { stride, padding, dilation });
  assert.equal(got.shape, [n, c * kh * kw, oh * ow]);
  assertClose(await got.read(), want, 0, 'unfold2d');
});

test('errors name the operator and the shape', () => {
  const x = random('x', [3, 4]);
  assert.throws(() => ops.repeat(x, [2]), /repeat: \[2\] .*\[3, 4\]/);
  assert.throws(() => ops.roll(x, [1, 2], [0]), /roll: 2 shifts do not fit 1 dimensions/);
  assert.throws(() => ops.tril(random('v', [3])), /tril: \[3\] is not a matrix/);
  assert.throws(() => ops.diagonal(x, 0, 1, 1), /diagonal: \[3, 4\]/);
  assert.throws(() => ops.pixelShuffle(random('p', [1, 6, 2, 2]), 2), /pixelShuffle: \[1, 6, 2, 2\]/);
  assert.throws(
    () => ops.unfold2d(random('u', [1, 1, 2, 2]), 5),
    /unfold2d: a kernel of 5 × 5 does not fit \[1, 1, 2, 2\]/,
  );
});

test.run();

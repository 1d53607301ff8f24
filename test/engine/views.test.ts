import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { cat, stack } from '../../engine/ops/join.js';
import { sum } from '../../engine/ops/sum.js';
import {
  chunk,
  contiguous,
  expand,
  flatten,
  permute,
  reshape,
  select,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

/** 0, 1, 2 … in a shape. */
const ramp = (shape: readonly number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, (_, i) => i),
    shape,
  );

async function expectIs(t: Tensor, shape: readonly number[], want: readonly number[]): Promise<void> {
  assert.equal(t.shape, shape);
  assert.equal(Array.from(await t.read()), want);
}

test('views share memory and dispatch nothing', async () => {
  const x = ramp([2, 3, 4]);
  await gpu.finish();
  const { dispatches } = gpu.queue.counts;
  const views = [
    reshape(x, [4, -1]),
    flatten(x, 1),
    unsqueeze(x, -1),
    squeeze(unsqueeze(x, 0)),
    permute(x, [2, 0, 1]),
    transpose(x),
    expand(unsqueeze(x, 1), [-1, 5, -1, -1]),
    slice(x, 2, 1, 3),
    select(x, 0, 0),
    ...split(x, 2, 2),
    ...chunk(x, 2, 1),
    reshape(permute(x, [0, 1, 2]), [24]),
    x.detach(),
  ];
  assert.is(gpu.queue.counts.dispatches, dispatches);
  for (const view of views) assert.is(view.storage, x.storage);
});

test('views of views read what plain indexing reads', async () => {
  const x = ramp([2, 3, 4]);
  const view = slice(permute(slice(x, 1, 1), [2, 0, 1]), 0, 1, 4, 2); // [2, 2, 2]: x[b][1 + c][1 + 2a]
  const want = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => 12 * b + 4 * (1 + c) + 1 + 2 * a)));
  await expectIs(view, [2, 2, 2], want);
  await expectIs(reshape(view, [4, 2]), [4, 2], want);
  await expectIs(contiguous(view), [2, 2, 2], want);
  await expectIs(select(view, 1, 1), [2, 2], [want[2]!, want[3]!, want[6]!, want[7]!]);
  const whole = tensor(new Int32Array([-1, 2, -3, 4]), [2, 2]);
  const turned = transpose(whole);
  assert.is(turned.dtype, 'int32');
  assert.equal(await turned.read(), new Int32Array([-1, -3, 2, 4]));
});

test('slices clip as in Python', async () => {
  const x = ramp([7]);
  await expectIs(slice(x, 0, -3), [3], [4, 5, 6]);
  await expectIs(slice(x, 0, 1, -1, 2), [3], [1, 3, 5]);
  await expectIs(slice(x, 0, 5, 100), [2], [5, 6]);
  await expectIs(slice(x, 0, 5, 2), [0], []);
  await expectIs(slice(x, -1, -100, 1), [1], [0]);
});

test('split and chunk, with a shorter last part or given sizes', async () => {
  const x = ramp([2, 5]);
  const parts = split(x, 2, 1);
  assert.equal(
    parts.map((p) => p.shape),
    [
      [2, 2],
      [2, 2],
      [2, 1],
    ],
  );
  await expectIs(parts[1]!, [2, 2], [2, 3, 7, 8]);
  const [a, b] = split(x, [1, 4], -1);
  await expectIs(a!, [2, 1], [0, 5]);
  await expectIs(b!, [2, 4], [1, 2, 3, 4, 6, 7, 8, 9]);
  assert.equal(
    chunk(x, 3, 1).map((p) => p.shape[1]),
    [2, 2, 1],
  );
});

test('cat and stack, of views, empty parts and whole numbers too', async () => {
  const x = ramp([2, 2]);
  await expectIs(cat([x, transpose(x)], 1), [2, 4], [0, 1, 0, 2, 2, 3, 1, 3]);
  await expectIs(cat([x, ramp([0, 2]), slice(x, 0, 1)]), [3, 2], [0, 1, 2, 3, 2, 3]);
  await expectIs(stack([x, transpose(x)], -1), [2, 2, 2], [0, 0, 1, 2, 2, 1, 3, 3]);
  const whole = cat([tensor(new Int32Array([-1])), tensor(new Int32Array([7, -9]))]);
  assert.equal(await whole.read(), new Int32Array([-1, 7, -9]));
});

test('gradients of views', async () => {
  await gradcheck((x) => reshape(permute(x, [2, 0, 1]), [-1, 3]), [[2, 3, 5]]);
  await gradcheck((x) => transpose(flatten(x, 1)), [[2, 3, 5]]);
  await gradcheck((x) => expand(x, [4, 3, 2, 5]), [[3, 1, 5]]);
  await gradcheck((x) => slice(slice(x, 1, 1, 7, 3), 0, 1), [[3, 8]]);
  await gradcheck((x) => select(x, -1, -2), [[3, 4]]);
  await gradcheck((x) => cat(split(x, [3, 1, 1], 1).reverse(), 1), [[3, 5]]);
  await gradcheck(
    (x, y) => stack([x, transpose(y)], 1),
    [
      [3, 5],
      [5, 3],
    ],
  );
  await gradcheck(
    (x, y) => cat([x, y, x], 0),
    [
      [3, 5],
      [2, 5],
    ],
  );
  await gradcheck((x) => squeeze(contiguous(transpose(x, 0, 2))), [[1, 5, 3]]);
});

test('parts that nobody uses get zeros', async () => {
  const x = tensor([1, 2, 3, 4, 5], undefined, { requiresGrad: true });
  const [, middle] = split(x, 2);
  backward(sum(middle!));
  await expectIs(x.grad!, [5], [0, 0, 1, 1, 0]);
});

test('tensors without elements, and of one element', async () => {
  const none = ramp([0, 3]);
  await expectIs(transpose(none), [3, 0], []);
  await expectIs(reshape(none, [3, 0]), [3, 0], []);
  await expectIs(cat([none, none]), [0, 3], []);
  await expectIs(expand(ramp([]), [2]), [2], [0, 0]);
  await expectIs(sum(none, 0), [3], [0, 0, 0]);
  assert.is(await reshape(ramp([1, 1]), []).item(), 0);
});

test('errors name the shapes', () => {
  const x = ramp([2, 3]);
  const throws = (work: () => unknown, message: RegExp) => assert.throws(work, message);
  throws(() => reshape(x, [4, -1]), /reshape: \[2, 3\] has 6 elements and does not become \[4, -1\]/);
  throws(() => reshape(x, [-1, -1]), /reshape: \[2, 3\]/);
  throws(() => permute(x, [0, 0]), /permute: \[0,0\] is not an order of the dimensions of \[2, 3\]/);
  throws(() => transpose(x, 0, 2), /transpose: dimension 2 is not one of a tensor of 2 dimensions/);
  throws(() => expand(x, [3, 3]), /expand: \[2, 3\] does not expand to \[3, 3\]/);
  throws(() => expand(x, [3]), /expand: \[2, 3\] does not expand to \[3\]/);
  throws(() => expand(x, [-1, 2, 3]), /expand: \[2, 3\] does not expand to \[-1, 2, 3\]/);
  throws(() => slice(x, 2), /slice: dimension 2 is not one of a tensor of 2 dimensions/);
  throws(() => slice(x, 0, 0, 2, 0), /slice: the step must be a positive whole number, got 0/);
  throws(() => select(x, 1, 3), /select: index 3 is outside of dimension 1 of \[2, 3\]/);
  throws(() => split(x, [1, 1], 1), /split: sizes \[1,1\] do not add up to 3, dimension 1 of \[2, 3\]/);
  throws(() => split(x, 0), /split: the size must be a whole number of at least 1, got 0/);
  throws(() => cat([]), /cat: the list of tensors is empty/);
  throws(() => cat([x, ramp([3, 2])]), /cat: \[3, 2\] does not fit \[2, 3\] along dimension 0/);
  throws(() => stack([x, ramp([3, 2])]), /cat|stack/);
  throws(() => tensor([[1], [2, 3]]), /the lists are not all of one length/);
  throws(() => tensor(new Float32Array(5), [2, 3]), /5 numbers do not fill the shape \[2, 3\]/);
});

test.run();

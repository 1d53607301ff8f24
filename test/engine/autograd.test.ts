import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, checkpoint, grad } from '../../engine/autograd.js';
import { add, mul, sub } from '../../engine/ops/arithmetic.js';
import { dropout } from '../../engine/ops/dropout.js';
import { cat } from '../../engine/ops/join.js';
import { matmul } from '../../engine/ops/matmul.js';
import { sum } from '../../engine/ops/sum.js';
import { exp, gelu, sigmoid, square, tanh } from '../../engine/ops/unary.js';
import { expand, reshape, slice, transpose } from '../../engine/ops/view.js';
import { manualSeed, randomPosition } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { isRecording, noGrad, record } from '../../engine/tape.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const random = (name: string, shape: readonly number[], requiresGrad = true) =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape, { requiresGrad });

const leaf = (numbers: readonly number[]) => tensor(numbers, undefined, { requiresGrad: true });

const numbers = async (t: Tensor | undefined): Promise<number[]> => {
  assert.ok(t, 'there is no gradient');
  return Array.from(await t.read());
};

function close(got: readonly number[], want: readonly number[], tolerance = 1e-5): void {
  assert.is(got.length, want.length);
  want.forEach((value, i) => {
    assert.ok(
      Math.abs(got[i]! - value) <= tolerance * Math.max(1, Math.abs(value)),
      `element ${i}: ${got[i]} ≠ ${value}`,
    );
  });
}

test('a shared sub-expression gives the sum of what comes back on every path', async () => {
  const x = leaf([1, -2, 3]);
  const shared = square(x);
  // y = x² · x + x² → dy = 3x² + 2x
  backward(sum(add(mul(shared, x), shared)));
  assert.equal(await numbers(x.grad), [5, 8, 33]);
});

test('diamonds over diamonds: every node is walked once', async () => {
  const x = leaf([0.5, 2]);
  let y: Tensor = x;
  for (let i = 0; i < 20; i++) y = add(y, y); // 2²⁰ paths
  backward(sum(y));
  assert.equal(await numbers(x.grad), [2 ** 20, 2 ** 20]);
});

test('a long chain needs no deep stack', async () => {
  const x = leaf([1]);
  let y: Tensor = x;
  for (let i = 0; i < 3000; i++) y = add(y, 1);
  backward(y);
  assert.equal(await numbers(x.grad), [1]);
});

test('one tensor used twice in an operator', async () => {
  const both = async (f: (x: Tensor) => Tensor) => {
    const x = leaf([2, -3]);
    backward(sum(f(x)));
    return numbers(x.grad);
  };
  assert.equal(await both((x) => mul(x, x)), [4, -6]);
  assert.equal(await both((x) => add(x, x)), [2, 2]);
  assert.equal(await both((x) => sub(x, x)), [0, 0]);
  await gradcheck((x) => matmul(x, transpose(x)), [[5, 3]]);
  await gradcheck((x) => mul(slice(x, 0, 0, 4), slice(x, 0, 1, 5)), [[5, 3]]);
});

test('an operator may give the same tensor to several inputs', async () => {
  const twin = (a: Tensor, b: Tensor) =>
    record('twin', add(a.detach(), b.detach()), [a, b], (dy) => {
      const both = mul(dy, 3);
      return [both, both];
    });
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  // a has a gradient already when twin's arrives: the sum is made before b gets its own.
  backward(sum(add(twin(a, b), mul(a, a))));
  assert.equal(await numbers(a.grad), [5, 7]);
  assert.equal(await numbers(b.grad), [3, 3]);
});

test('gradients of several backward() add up in the leaf', async () => {
  const x = leaf([1, 2]);
  backward(sum(square(x)));
  const first = x.grad!;
  backward(sum(mul(x, 10)));
  assert.is(x.grad, first);
  assert.equal(await numbers(x.grad), [12, 14]);
});

test('a leaf never shares its gradient with another or with the caller', async () => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const upstream = tensor([1, 1]);
  backward(add(a, b), { gradient: upstream });
  backward(mul(a, 2), { gradient: upstream });
  assert.equal(await numbers(a.grad), [3, 3]);
  assert.equal(await numbers(b.grad), [1, 1]);
  assert.equal(await numbers(upstream), [1, 1]);
  const itself = leaf([7]);
  backward(itself);
  assert.equal(await numbers(itself.grad), [1]);
});

test('a gradient that comes back as a view is stored row-major', async () => {
  const x = random('x', [3, 4]);
  const w = random('w', [4, 3], false);
  backward(sum(mul(transpose(x), w)));
  assert.ok(x.grad!.isContiguous);
  assert.equal(await x.grad!.read(), await transpose(w).read());
  const row = leaf([1, 2]);
  backward(sum(expand(row, [3, 2])));
  assert.equal(await numbers(row.grad), [3, 3]);
});

test('a graph can be walked once, or again with retainGraph', async () => {
  const x = leaf([2]);
  const y = square(x);
  const z = mul(y, 3);
  backward(z, { retainGraph: true });
  backward(z);
  assert.equal(await numbers(x.grad), [24]);
  assert.throws(() => backward(z), /the graph behind mulScalar was used up .* retainGraph: true/);
  // Another result on the used part is refused too, and names where it was used.
  assert.throws(() => backward(mul(y, 5)), /the graph behind square was used up/);
  assert.equal(await numbers(x.grad), [24]);
});

test('backward refuses a root that it can not start from', () => {
  const x = random('x', [2, 3]);
  assert.throws(() => backward(mul(x, 2)), /is not a single number; pass \{ gradient \}, or sum\(\) it first/);
  assert.throws(() => backward(mul(x, 2), { gradient: tensor([1]) }), /a gradient of shape \[1\] does not fit/);
  assert.throws(() => backward(sum(x.detach())), /does not depend on any tensor that requires a gradient/);
});

test('a gradient of the wrong shape is refused with the operator and its input', () => {
  const x = random('x', [2, 3]);
  const wrong = record('wrong', square(x.detach()), [x], (dy) => [reshape(dy, [3, 2])]);
  assert.throws(
    () => backward(wrong, { gradient: random('dy', [2, 3], false) }),
    /wrong: the gradient of input 0 has shape \[3, 2\] instead of \[2, 3\]/,
  );
});

test('grad() gives the gradients of leaves and inner tensors and touches no grad', async () => {
  const [x, w] = [leaf([1, 2]), leaf([3, 4])];
  const inner = mul(x, w);
  const y = square(inner);
  const [dx, dInner, dy, dOther] = grad([y], [x, inner, y, leaf([1])], { gradients: [tensor([1, 10])] });
  assert.equal(await numbers(dx), [18, 640]);
  assert.equal(await numbers(dInner), [6, 160]);
  assert.equal(await numbers(dy), [1, 10]);
  assert.is(dOther, undefined);
  assert.is(x.grad, undefined);
  assert.is(w.grad, undefined);
});

test('grad() of several outputs adds them up', async () => {
  const x = leaf([3]);
  const [dx] = grad([square(x), mul(x, 5)], [x]);
  assert.equal(await numbers(dx), [11]);
});

test('the gradient of a gradient', async () => {
  const x = leaf([0.5, -0.25, 2]);
  const [dx] = grad([sum(mul(mul(x, x), x))], [x], { createGraph: true }); // 3x²
  close(await numbers(dx), [0.75, 0.1875, 12]);
  const [ddx] = grad([sum(dx!)], [x], { createGraph: true }); // 6x
  close(await numbers(ddx), [3, -1.5, 12]);
  const [dddx] = grad([sum(mul(ddx!, ddx!))], [x]); // 72x
  close(await numbers(dddx), [36, -18, 144]);
});

test('backward with createGraph leaves gradients that can be differentiated', async () => {
  const x = leaf([0.3, -0.7]);
  const y = sum(exp(mul(x, x)));
  backward(y, { createGraph: true });
  const first = x.grad!;
  const [ddx] = grad([sum(first)], [x]);
  const want = (v: number) => (2 + 4 * v * v) * Math.exp(v * v);
  close(await numbers(ddx), [want(0.3), want(-0.7)], 1e-4);
});

test('createGraph refuses an operator without a second derivative, and leaves everything as it was', async () => {
  const x = leaf([0.3, -0.7]);
  const y = sum(gelu(x));
  const live = gpu.memory().live;
  assert.throws(
    () => grad([y], [x], { createGraph: true }),
    /gelu has no second derivative, so createGraph can not pass it/,
  );
  const [dx] = grad([sum(tanh(x))], [x], { createGraph: true });
  assert.throws(() => grad([sum(dx!)], [x], { createGraph: true }), /tanhGrad has no second derivative/);
  assert.ok(isRecording());
  assert.ok(gpu.memory().live - live <= 16 * 256);
  backward(y);
  assert.ok(x.grad);
});

test('noGrad records nothing, also across await, and ends with what was before', async () => {
  const x = leaf([1, 2]);
  const inside = noGrad(() => square(x));
  assert.not(inside.requiresGrad);
  const later = await noGrad(async () => {
    await gpu.flush();
    return square(x);
  });
  assert.not(later.requiresGrad);
  assert.throws(() =>
    noGrad(() => {
      throw new Error('inside');
    }),
  );
  assert.ok(isRecording());
  await noGrad(async () => {
    throw new Error('inside');
  }).catch(() => {});
  assert.ok(isRecording());
  noGrad(() => {
    noGrad(() => {});
    assert.not(isRecording());
  });
  assert.ok(square(x).requiresGrad);
});

test('several noGrad at the same time end with recording on', async () => {
  const wait = () => gpu.finish();
  await Promise.all([noGrad(wait), noGrad(async () => wait().then(wait)), noGrad(wait)]);
  assert.ok(isRecording());
});

test('detach cuts the graph and shares the memory', async () => {
  const x = leaf([3]);
  const y = square(x);
  const cut = y.detach();
  assert.is(cut.storage, y.storage);
  backward(mul(cut, x));
  assert.equal(await numbers(x.grad), [9]);
});

/** Six layers that keep a lot: tanh(x · w), dropped at random, times sigmoid of itself. */
const layer = (w: Tensor) => (x: Tensor) => {
  const h = dropout(tanh(matmul(x, w)), 0.3);
  return mul(h, sigmoid(mul(h, 2)));
};

async function train(layers: number, wrap: (f: (x: Tensor) => Tensor, x: Tensor) => Tensor) {
  const x = random('x', [64, 128]);
  const weights = Array.from({ length: layers }, (_, i) => random(`w${i}`, [128, 128]));
  manualSeed(11);
  gpu.pool.resetPeak();
  const before = gpu.memory().live;
  const loss = scope(() => {
    let h: Tensor = x;
    for (const w of weights) h = wrap(layer(w), h);
    const loss = sum(mul(h, h));
    backward(loss);
    return loss.detach();
  });
  const peak = gpu.memory().peak - before;
  const gradients = await Promise.all([x, ...weights].map((t) => t.grad!.read()));
  return { loss: await loss.item(), gradients, peak, position: randomPosition() };
}

test('checkpoint gives the same bits as without it, random numbers too, and holds less', async () => {
  const plain = await train(6, (f, x) => f(x));
  const thrifty = await train(6, (f, x) => checkpoint(f, x));
  assert.is(thrifty.loss, plain.loss);
  assert.equal(thrifty.gradients, plain.gradients);
  assert.equal(thrifty.position, plain.position);
  assert.ok(thrifty.peak < 0.7 * plain.peak, `${thrifty.peak} against ${plain.peak} bytes`);
});

test('checkpoints inside a checkpoint', async () => {
  const x = leaf([0.3, -0.2]);
  const inner = (t: Tensor) => checkpoint((u) => tanh(square(u)), t);
  backward(sum(checkpoint((t) => mul(inner(t), inner(mul(t, 2))), x)));
  const other = leaf([0.3, -0.2]);
  backward(sum(mul(tanh(square(other)), tanh(square(mul(other, 2))))));
  assert.equal(await numbers(x.grad), await numbers(other.grad));
});

test('checkpoint without recording is the function itself; parameters inside get gradients where no input wants one', async () => {
  const x = tensor([1, 2]);
  const w = leaf([3, 4]);
  assert.equal(await numbers(noGrad(() => checkpoint((t) => mul(t, w), x))), [3, 8]);
  backward(sum(checkpoint((t) => mul(t, w), x)));
  assert.equal(await numbers(w.grad), [1, 2]);
});

test('the first gradient of a leaf may be a part of a larger tensor; the second is added to it', async () => {
  const x = leaf([1, 2]);
  const y = tensor([3, 4]);
  for (const want of [
    [2, 4],
    [4, 8],
  ]) {
    backward(sum(square(cat([x, y], 0))));
    assert.equal(await numbers(x.grad), want);
  }
});

test.run();

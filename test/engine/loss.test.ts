import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../engine/ops/loss.js';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import { sigmoid } from '../../engine/ops/unary.js';
import { permute } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, assertSameBits, gradients, indices, leaf, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const reductions = ['mean', 'sum', 'none'] as const;

test('losses of two tensors: gradients of both agree with differences', async () => {
  const losses: ((x: Tensor, t: Tensor, reduction: ops.Reduction) => Tensor)[] = [
    (x, t, reduction) => ops.mseLoss(x, t, { reduction }),
    (x, t, reduction) => ops.l1Loss(x, t, { reduction }),
    (x, t, reduction) => ops.smoothL1Loss(x, t, { reduction, beta: 0.4 }),
    (x, t, reduction) => ops.bce(sigmoid(x), sigmoid(t), { reduction }),
    (x, t, reduction) => ops.bceWithLogits(x, t, { reduction }),
    (x, t, reduction) => ops.bceWithLogits(x, t, { reduction, posWeight: tensor([0.5, 2, 1, 3, 0.1, 1, 7]) }),
    (x, t, reduction) => ops.klDiv(logSoftmax(x), softmax(t), { reduction }),
    (x, t, reduction) => ops.klDiv(logSoftmax(x), logSoftmax(t), { reduction, logTarget: true }),
  ];
  for (const [i, loss] of losses.entries())
    await gradcheck(
      (x, t) => loss(x, t, reductions[i % 3]!),
      [
        [3, 7],
        [3, 7],
      ],
      { step: 3e-3 },
    );
  for (const reduction of reductions)
    await gradcheck(
      (x, t) => ops.mseLoss(x, t, { reduction }),
      [
        [5, 3],
        [5, 3],
      ],
    );
  await gradcheck(
    (x, t) => ops.klDiv(logSoftmax(x), softmax(t), { reduction: 'batchmean' }),
    [
      [3, 7],
      [3, 7],
    ],
  );
});

test('losses of labels: gradients agree with differences', async () => {
  const labels = tensor(Int32Array.of(3, -100, 0, 6, 2));
  for (const reduction of reductions) {
    await gradcheck((x) => ops.crossEntropy(x, labels, { reduction, labelSmoothing: 0.1 }), [[5, 7]]);
    await gradcheck((x) => ops.nllLoss(logSoftmax(x, 1), labels, { reduction }), [[5, 7]]);
  }
  await gradcheck((x) => ops.crossEntropy(x, indices('pixels', [2, 3, 5], 4), { ignoreIndex: 1 }), [[2, 4, 3, 5]]);
  await gradcheck(
    (x) => ops.crossEntropy(permute(x, [1, 0]), indices('view', [6], 40), { labelSmoothing: 0.2 }),
    [[40, 6]],
  );
  await gradcheck((x) => ops.crossEntropy(x, tensor(Int32Array.of(2), [])), [[5]]);
});

test('margin losses: gradients agree with differences', async () => {
  const sign = tensor(Int32Array.of(1, -1, 1, 1, -1));
  await gradcheck((a, b) => ops.marginRankingLoss(a, b, sign, { margin: 0.3 }), [[5], [5]], { step: 1e-3 });
  await gradcheck((a, b) => ops.marginRankingLoss(a, b, -1, { reduction: 'sum' }), [[5], [5]], { step: 1e-3 });
  await gradcheck((a) => ops.softMarginLoss(a, sign), [[5]]);
  await gradcheck(
    (a, p, n) => ops.tripletMarginLoss(a, p, n, { margin: 2 }),
    [
      [5, 7],
      [5, 7],
      [5, 7],
    ],
    { step: 3e-3 },
  );
  await gradcheck(
    (a, p, n) => ops.tripletMarginLoss(a, p, n, { p: 1, reduction: 'none' }),
    [
      [5, 7],
      [5, 7],
      [5, 7],
    ],
    { step: 1e-3 },
  );
  await gradcheck(
    (a, b) => ops.cosineEmbeddingLoss(a, b, sign, { margin: -0.5 }),
    [
      [5, 7],
      [5, 7],
    ],
    { step: 3e-3 },
  );
});

interface Settings {
  readonly smoothing: number;
  readonly ignore: number;
}

/** Loss, gradient of the mean, and number of labels that count, by plain loops. */
function crossEntropy(
  data: Float32Array,
  labels: ArrayLike<number>,
  shape: readonly number[],
  { smoothing, ignore }: Settings,
) {
  const c = shape[1]!;
  const inner = shape.slice(2).reduce((a: number, b) => a * b, 1);
  const losses = new Float64Array(labels.length);
  const dx = new Float64Array(data.length);
  const kept = Array.from(labels).filter((l) => l !== ignore).length;
  for (let line = 0; line < labels.length; line++) {
    if (labels[line] === ignore) continue;
    const at = (k: number) => (Math.floor(line / inner) * c + k) * inner + (line % inner);
    let top = -Infinity;
    for (let k = 0; k < c; k++) top = Math.max(top, data[at(k)]!);
    let sum = 0;
    let total = 0;
    for (let k = 0; k < c; k++) {
      sum += Math.exp(data[at(k)]! - top);
      total += data[at(k)]!;
    }
    const lse = top + Math.log(sum);
    losses[line] = lse - (1 - smoothing) * data[at(labels[line]!)]! - (smoothing * total) / c;
    for (let k = 0; k < c; k++)
      dx[at(k)] = (Math.exp(data[at(k)]! - lse) - (k === labels[line] ? 1 - smoothing : 0) - smoothing / c) / kept;
  }
  return { losses, dx, mean: losses.reduce((s, v) => s + v, 0) / kept };
}

test('cross-entropy over rows, pixels and moved columns agrees with plain loops', async () => {
  for (const [shape, smoothing] of [
    [[64, 751], 0.1],
    [[33, 1504], 0],
    [[3000, 5], 0],
    [[3, 6, 40, 31], 0.05],
    [[2, 500, 3, 2], 0.1],
  ] as const) {
    const data = numbers('ce', shape, -6, 6);
    const target = indices('ce/t', [shape[0], ...shape.slice(2)], shape[1]);
    const labels = await target.read();
    const want = crossEntropy(data, labels, shape, { smoothing, ignore: 2 });
    const x = tensor(data, shape, { requiresGrad: true });
    const options = { labelSmoothing: smoothing, ignoreIndex: 2 };
    assertClose(
      await ops.crossEntropy(x, target, { ...options, reduction: 'none' }).read(),
      want.losses,
      1e-5,
      `losses [${shape}]`,
    );
    assertClose(await ops.crossEntropy(x, target, options).read(), [want.mean], 1e-5, `mean [${shape}]`);
    const [dx] = await gradients((t) => ops.crossEntropy(t, target, options), [x], tensor(1));
    assertClose(dx!, want.dx, 1e-4, `dx [${shape}]`);
  }
});

test('large scores do not overflow; when all are ignored loss and gradient are 0', async () => {
  const x = leaf('large', [3, 50], -3000, 3000);
  const value = await ops.crossEntropy(x, tensor(Int32Array.of(0, 49, 7))).item();
  assert.ok(Number.isFinite(value) && value > 100);
  const ignored = tensor(Int32Array.of(4, 4, 4));
  assert.is(await ops.crossEntropy(x, ignored, { ignoreIndex: 4 }).item(), 0);
  const [dx] = await gradients((t) => ops.crossEntropy(t, ignored, { ignoreIndex: 4 }), [x], tensor(1));
  assert.ok(dx!.every((v) => v === 0));
});

test('a label that is no class makes the loss NaN', async () => {
  for (const label of [50, -1, 1 << 30]) {
    const target = tensor(Int32Array.of(0, label, 7));
    assert.ok(Number.isNaN(await ops.crossEntropy(random('x', [3, 50]), target).item()), `crossEntropy ${label}`);
    assert.ok(
      Number.isNaN(await ops.nllLoss(random('x', [3, 50]), target, { reduction: 'sum' }).item()),
      `nllLoss ${label}`,
    );
  }
});

test('probabilities of 0 and 1 cost at most 100', async () => {
  const p = tensor([0, 1, 0, 1, 1e-20]);
  const t = tensor([0, 1, 1, 0, 1]);
  assertClose(await ops.bce(p, t, { reduction: 'none' }).read(), [0, 0, 100, 100, 20 * Math.LN10], 1e-6, 'bce');
  assertClose(
    await ops.bceWithLogits(tensor([-200, 200]), tensor([1, 0]), { reduction: 'none' }).read(),
    [200, 200],
    1e-6,
    'logits',
  );
  assert.equal(Array.from(await ops.klDiv(tensor([-1, -2]), tensor([0, 0]), { reduction: 'none' }).read()), [0, 0]);
});

test('gives the same bits in each run', async () => {
  const x = random('bits', [40, 751], -5, 5);
  const target = indices('bits', [40], 751);
  await assertSameBits(() => ops.crossEntropy(x, target, { labelSmoothing: 0.1 }));
});

test('errors name the operator, the shapes and the type', () => {
  const x = random('x', [3, 4]);
  assert.throws(() => ops.mseLoss(x, random('t', [4, 3])), /mseLoss: .*\[3, 4\] of x, got Tensor\(\[4, 3\]/);
  assert.throws(
    () => ops.crossEntropy(x, random('t', [3])),
    /crossEntropy: .*int32 of shape \[3\], got Tensor\(\[3\], float32\)/,
  );
  assert.throws(
    () => ops.nllLoss(x, indices('t', [4], 2)),
    /nllLoss: for x \[3, 4\].*\[3\], got Tensor\(\[4\], int32\)/,
  );
  assert.throws(() => ops.smoothL1Loss(x, x, { beta: -1 }), /beta must not be negative/);
});

test.run();

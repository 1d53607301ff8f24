import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/autograd.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { batchHardTriplet } from '../../../reid/losses/triplet.js';
import { closeAfter } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';
import type { GoldenCase } from '../../parity/case.js';
import { compare, FORWARD, GRADIENT } from '../../parity/compare.js';

closeAfter(test);

const { cases } = (await loadJson('losses-triplet.json')) as { readonly cases: readonly GoldenCase[] };

for (const { id, attrs, inputs, labels, outputs, grads } of cases) {
  test(`${id}: the loss and its gradient are the original's`, async () => {
    const { name, shape, fill: seed, rule } = inputs[0]!;
    const x = tensor(fill(seed, shape, rule), shape, { requiresGrad: true });
    const loss = batchHardTriplet(x, labels!, (attrs.margin as number | null) ?? 'soft');
    const [gradient] = grad([loss], [x]);
    assert.is(compare(await loss.read(), loss.shape, outputs.loss!, FORWARD).reason, undefined);
    assert.is(compare(await gradient!.read(), gradient!.shape, grads[name]!, GRADIENT).reason, undefined);
  });
}

/** The loss by plain loops in double. */
function byLoops(x: Float32Array, labels: readonly number[], margin: number | 'soft'): number {
  const n = labels.length;
  const width = x.length / n;
  const distance = (i: number, j: number) =>
    Math.hypot(...Array.from({ length: width }, (_, k) => x[i * width + k]! - x[j * width + k]!));
  let total = 0;
  for (let i = 0; i < n; i++) {
    let positive = 0;
    let negative = Infinity;
    for (let j = 0; j < n; j++) {
      if (labels[i] === labels[j]) positive = Math.max(positive, distance(i, j));
      else negative = Math.min(negative, distance(i, j));
    }
    total += margin === 'soft' ? Math.log1p(Math.exp(positive - negative)) : Math.max(0, positive - negative + margin);
  }
  return total / n;
}

/** Identities in any order, unequal numbers of images, one with a single image. */
const MIXED = [3, 1, 3, 0, 1, 3, 7, 0, 3, 1, 0];

test('agrees with plain loops for identities in any order and number', async () => {
  for (const width of [1, 5, 130]) {
    for (const margin of [0, 0.3, 2, 'soft'] as const) {
      const x = fill(`triplet/${width}`, [MIXED.length, width], { kind: 'range', lo: -1, hi: 1 });
      const got = await batchHardTriplet(tensor(x, [MIXED.length, width]), MIXED, margin).item();
      const want = byLoops(x, MIXED, margin);
      assert.ok(
        Math.abs(got - want) <= 1e-5 * Math.max(1, want),
        `width ${width}, margin ${margin}: ${got}, not ${want}`,
      );
    }
  }
});

test('its gradient agrees with differences', async () => {
  for (const margin of [0.3, 'soft'] as const) {
    await gradcheck((x: Tensor) => batchHardTriplet(x, MIXED, margin), [[MIXED.length, 6]], { step: 1e-3 });
  }
});

test('pictures that are the same give a finite loss and gradient', async () => {
  const x = tensor(new Float32Array(12).fill(0.5), [4, 3], { requiresGrad: true });
  const loss = batchHardTriplet(x, [0, 0, 1, 1], 0.3);
  const [gradient] = grad([loss], [x]);
  assert.ok(Math.abs((await loss.item()) - 0.3) < 1e-6);
  assert.ok((await gradient!.read()).every(Number.isFinite));
});

test('triplets that are far enough apart cost nothing', async () => {
  const x = tensor(Float32Array.from([0, 0, 0.1, 0, 9, 0, 9.1, 0]), [4, 2], { requiresGrad: true });
  const loss = batchHardTriplet(x, [5, 5, 6, 6], 0.3);
  assert.is(await loss.item(), 0);
  const [gradient] = grad([loss], [x]);
  assert.ok((await gradient!.read()).every((value) => value === 0));
});

test('labels that do not fit the features are an error', () => {
  assert.throws(() => batchHardTriplet(tensor(new Float32Array(6), [3, 2]), [1, 1]), /2 labels for 3 features/);
});

test.run();

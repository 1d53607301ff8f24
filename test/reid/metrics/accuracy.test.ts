import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { topKAccuracy } from '../../../reid/metrics/accuracy.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';

test('the golden case', async () => {
  const { accuracy } = (await loadJson('eval-protocols.json')) as {
    accuracy: { target: number[]; topk: number[]; value: number[] };
  };
  const logits = fill('7/acc', [12, 9], { kind: 'signed', scale: 1.5 });
  accuracy.topk.forEach((k, i) => {
    assert.ok(Math.abs(topKAccuracy(logits, 9, accuracy.target, k) - accuracy.value[i]) < 1e-6);
  });
});

test('equal logits go by index, and what does not fit is refused', () => {
  assert.is(topKAccuracy([1, 1, 1], 3, [1], 1), 0);
  assert.is(topKAccuracy([1, 1, 1], 3, [1], 2), 1);
  assert.throws(() => topKAccuracy([1, 2], 3, [0], 1), /2 logits are no 1 rows of 3/);
  assert.throws(() => topKAccuracy([1, 2, 3], 3, [3], 1), /target 0 is 3, of 3/);
});

test.run();

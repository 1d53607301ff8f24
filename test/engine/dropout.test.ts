import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpoint } from '../../engine/autograd.js';
import { mul } from '../../engine/ops/arithmetic.js';
import { dropout } from '../../engine/ops/dropout.js';
import { manualSeed, randomPosition, restoreRandomPosition } from '../../engine/random.js';
import { tensor } from '../../engine/tensor.js';
import { RandomStream } from '../../random/philox.js';
import { gradients, leaf } from './close.js';
import { closeAfter } from './device.js';

closeAfter(test);

test('drops the elements that the CPU stream says, and scales the others', async () => {
  manualSeed(7);
  const n = 1003;
  const ones = tensor(new Float32Array(n).fill(1));
  for (const index of [0, 1]) {
    const y = await dropout(ones, 0.25).read();
    const stream = new RandomStream(7, 'dropout', index);
    assert.equal(
      Array.from(y),
      Array.from({ length: n }, () => (stream.uniform() < 0.25 ? 0 : Math.fround(4 / 3))),
    );
  }
});

test('the gradient passes the same mask, also when the forward pass is computed again', async () => {
  const x = leaf('x', [37, 11], 1, 2);
  const one = tensor(new Float32Array(407).fill(1), [37, 11]);
  const position = randomPosition();
  const y = await dropout(x, 0.5).read();
  restoreRandomPosition(position);
  const [dx] = await gradients((t) => dropout(t, 0.5), [x], one);
  assert.equal(
    Array.from(dx!),
    Array.from(y, (v) => (v === 0 ? 0 : 2)),
  );
  restoreRandomPosition(position);
  const [again] = await gradients((t) => checkpoint((s) => dropout(mul(s, s), 0.5), t), [x], one);
  const data = await x.read();
  assert.equal(
    Array.from(again!),
    Array.from(dx!, (m, i) => m * 2 * data[i]!),
  );
});

test('p of 0 and evaluation change nothing; p of 1 drops all', async () => {
  const x = leaf('x', [5]);
  assert.is(dropout(x, 0), x);
  assert.is(dropout(x, 0.5, false), x);
  assert.equal(Array.from(await dropout(x, 1).read()), [0, 0, 0, 0, 0]);
  assert.throws(() => dropout(x, 1.5), /p must lie between 0 and 1/);
});

test.run();

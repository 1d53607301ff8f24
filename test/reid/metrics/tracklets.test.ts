import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../random/philox.js';
import { chooseFrames, poolFeatures } from '../../../reid/metrics/tracklets.js';

test('frames of a tracklet', () => {
  assert.equal(chooseFrames(10, 4, 'evenly'), [0, 2, 4, 6]);
  assert.equal(chooseFrames(8, 4, 'evenly'), [0, 2, 4, 6]);
  assert.equal(chooseFrames(3, 5, 'evenly'), [0, 1, 2, 2, 2]);
  assert.equal(chooseFrames(3, 99, 'all'), [0, 1, 2]);
  const drawn = chooseFrames(50, 8, 'random', new RandomStream(1, 'frames'));
  assert.is(new Set(drawn).size, 8);
  assert.equal(
    drawn,
    [...drawn].sort((a, b) => a - b),
  );
  assert.is(chooseFrames(3, 8, 'random', new RandomStream(1, 'frames')).length, 8);
  assert.throws(() => chooseFrames(0, 4, 'evenly'), /tracklet of 0 frames/);
  assert.throws(() => chooseFrames(9, 4, 'random'), /stream/);
});

test('pooled features', () => {
  const features = { data: Float32Array.of(3, 0, 1, 8, 0, -5), dimension: 2 };
  assert.equal(Array.from(poolFeatures(features, [0, 0, 1], 2, 'mean', false)), [2, 4, 0, -5]);
  assert.equal(Array.from(poolFeatures(features, [0, 0, 1], 2, 'max', false)), [3, 8, 0, -5]);
  assert.equal(
    Array.from(poolFeatures(features, [1, 1, 0], 2)),
    Array.from(Float32Array.of(0, -1, 2 / Math.hypot(2, 4), 4 / Math.hypot(2, 4))),
  );
  assert.throws(() => poolFeatures(features, [0, 0, 2], 3), /group 1 has no features/);
  assert.throws(() => poolFeatures(features, [0, 0, 2], 2), /feature 2 belongs to group 2/);
});

test.run();

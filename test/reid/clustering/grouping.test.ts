import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Grouping, type GroupingProgress, groupFeatures } from '../../../reid/clustering/grouping.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { clustered } from './clustered.js';

closeAfter(test);

/** More rows than a tile has, so that there are several. */
const [n, dimension] = [1100, 4];
const features = { data: clustered('grouping', n, dimension, 9, 0.3), dimension };

const ways: readonly Grouping[] = [
  { method: 'dbscan', distance: 'jaccard', eps: 0.5, minSamples: 4, k1: 6, k2: 2 },
  { method: 'average', distance: 'cosine', clusters: 9 },
  { method: 'kmeans', distance: 'cosine', clusters: 9, seed: 1 },
];

for (const way of ways) {
  test(`${way.method} tells how far it is, and ends when it is given up`, async () => {
    const told: GroupingProgress[] = [];
    const labels = await groupFeatures(gpu, features, way, String, (far) => told.push(far));
    assert.is(labels.length, n);
    assert.ok(told.length > 1, `${told.length} times`);
    assert.ok(told.every(({ done, total }, i) => done <= total && done > (told[i - 1]?.done ?? 0)));
    if (way.method !== 'kmeans') assert.is(told.at(-1)!.done, (n * (n - 1)) / 2);
    const before = gpu.memory().live;
    const givenUp = new Error('given up');
    const ended = await groupFeatures(gpu, features, way, String, () => {
      throw givenUp;
    }).catch((error: Error) => error);
    assert.is(ended, givenUp);
    assert.is(gpu.memory().live, before, 'and nothing is left on the GPU');
  });
}

test.run();

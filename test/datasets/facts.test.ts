import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DATASET_FACTS, type DatasetFacts, SPLITS } from '../../datasets/index.js';

const all = Object.entries(DATASET_FACTS) as [string, DatasetFacts][];

test('the images of all cameras are the images of the split', () => {
  let compared = 0;
  for (const [name, facts] of all) {
    for (const split of SPLITS) {
      for (const { images, cameras, perCamera } of facts[split]) {
        if (!perCamera) continue;
        assert.is(
          perCamera.images.reduce((a, b) => a + b),
          images,
          `${name}, ${split}`,
        );
        assert.is(perCamera.images.length, cameras);
        compared++;
      }
    }
  }
  assert.is(compared, 12);
});

test('sums that are published elsewhere', () => {
  const images = (facts: DatasetFacts, ...splits: readonly (typeof SPLITS)[number][]): number =>
    splits.reduce((sum, split) => sum + facts[split][0]!.images!, 0);
  assert.is(images(DATASET_FACTS.duke, ...SPLITS), 36_411);
  assert.is(images(DATASET_FACTS.msmt17, ...SPLITS), 126_441);
  assert.is(images(DATASET_FACTS['cuhk03-detected'], ...SPLITS), 14_097);
  assert.is(images(DATASET_FACTS['cuhk03-labeled'], ...SPLITS), 14_096);
  assert.is(images(DATASET_FACTS['cuhk01-485'], ...SPLITS), 3_884);
  assert.is(images(DATASET_FACTS['cuhk01-871'], ...SPLITS), 3_884);
  // 515,913 without junk.
  assert.is(images(DATASET_FACTS['market1501-500k'], 'gallery') - 3_819, 515_913);
  assert.is(images(DATASET_FACTS.market1501, 'gallery') - 3_819, 15_913);
});

test.run();

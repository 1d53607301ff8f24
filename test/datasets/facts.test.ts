import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DATASET_FACTS, type DatasetFacts, SPLITS } from '../../datasets/index.js';

const all = Object.entries(DATASET_FACTS) as [string, DatasetFacts][];

test('the images, or tracklets, of all cameras are those of the split', () => {
  let compared = 0;
  for (const [name, facts] of all) {
    for (const split of SPLITS) {
      for (const { images, tracklets, cameras, perCamera } of facts[split]) {
        if (!perCamera) continue;
        assert.is(
          perCamera.images.reduce((a, b) => a + b),
          perCamera.of === 'tracklets' ? tracklets : images,
          `${name}, ${split}`,
        );
        assert.is(perCamera.images.length, cameras);
        compared++;
      }
    }
  }
  assert.is(compared, 15);
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
  assert.is(images(DATASET_FACTS['cuhk01-486'], ...SPLITS), 3_884);
  // MARS without the 509,914 frames of training.
  assert.is(images(DATASET_FACTS.mars, 'query', 'gallery'), 681_089);
  assert.is(images(DATASET_FACTS.mars, 'gallery') - DATASET_FACTS.mars.gallery[0]!.junk!, 543_216);
  assert.is(images(DATASET_FACTS['vehicleid-small'], 'query', 'gallery'), 6_493);
  // 515,913 without junk.
  assert.is(images(DATASET_FACTS['market1501-500k'], 'gallery') - 3_819, 515_913);
  assert.is(images(DATASET_FACTS.market1501, 'gallery') - 3_819, 15_913);
  // And without distractors, as one of APNet's two repositories has it.
  assert.is(15_913 - DATASET_FACTS.market1501.gallery[0]!.distractors!, 13_115);
});

test.run();

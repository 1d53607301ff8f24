import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ReidDataset, SPLITS } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { pictures, withFiles } from './temporary.node.js';

const frames = (dataset: ReidDataset): (number | undefined)[] =>
  SPLITS.flatMap((split) => dataset[split].map(({ frame }) => frame));

test("Market-1501: sequences of a camera are put one after the other, by the copy's largest frames", () =>
  withFiles(
    pictures(
      'bounding_box_train/0002_c1s1_000451_03.jpg',
      'bounding_box_train/0002_c1s2_000010_01.jpg',
      'bounding_box_train/0007_c1s4_000005_01.jpg',
      'bounding_box_train/0007_c2s1_000100_01.jpg',
      'query/0001_c1s2_000020_00.jpg',
      'bounding_box_test/0001_c1s1_000500_01.jpg',
      'bounding_box_test/0001_c2s2_000001_01.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`market1501:${folder}`);
      // Camera 1: sequence 1 ends at 500, sequence 2 at 20, and there is no sequence 3.
      assert.equal(frames(dataset), [451, 500 + 10, 500 + 20 + 5, 100, 500 + 20, 500, 100 + 1]);
      assert.is(dataset.timed, true);
    },
  ));

test('DukeMTMC-reID and VeRi-776: the frame in the name', async () => {
  const duke = pictures(
    'bounding_box_train/0005_c2_f0046985.jpg',
    'query/0010_c1_f0000001.jpg',
    'bounding_box_test/0010_c3_f0000070.jpg',
  );
  await withFiles(duke, async (folder) => {
    const dataset = await openDataset(`duke:${folder}`);
    assert.equal([frames(dataset), dataset.timed], [[46985, 1, 70], true]);
  });
  const veri = pictures(
    'image_train/0001_c001_00016450_0.jpg',
    'image_query/0002_c002_00030600_0.jpg',
    'image_test/0002_c019_00030700_12.jpg',
  );
  await withFiles(veri, async (folder) => {
    const dataset = await openDataset(`veri:${folder}`);
    assert.equal([frames(dataset), dataset.timed], [[16450, 30600, 30700], true]);
  });
});

test('names that only begin like these have no clock', () =>
  withFiles(
    pictures('bounding_box_train/1_c1_a.jpg', 'query/2_c1_a.jpg', 'bounding_box_test/2_c2_a.jpg'),
    async (folder) => {
      const dataset = await openDataset(`market:${folder}`);
      assert.equal([frames(dataset), dataset.timed], [[undefined, undefined, undefined], undefined]);
    },
  ));

test.run();

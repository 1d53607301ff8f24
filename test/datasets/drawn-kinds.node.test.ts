import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hasTracklets } from '../../datasets/index.js';
import { DATASET_KINDS, openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { withFiles } from './temporary.node.js';

test('drawn tracklets and vehicles by one line, alone and joined', async () => {
  const walkers = await openDataset('synthetic-tracklets:identities=2,testIdentities=2,cameras=2,travel=0');
  assert.equal([walkers.identities, hasTracklets(walkers)], [2, true]);
  const vehicles = await openDataset('synthetic-vehicles:seed=3,identities=4');
  assert.equal([vehicles.identities, hasTracklets(vehicles)], [4, false]);
  const both = await openDataset('synthetic-tracklets:identities=2+synthetic-vehicles:identities=3');
  assert.equal([both.identities, both.timed], [5, true]);
  assert.not((await openDataset('synthetic+synthetic-vehicles')).timed);
  assert.is((await both.read(both.train.at(-1)!)).width, 128);
});

test('their options are listed, and others refused', async () => {
  assert.match(DATASET_KINDS['synthetic-tracklets']!, /minFrames=8,maxFrames=12.*travel=1/);
  await failsWith(() => openDataset('synthetic-vehicles:frames=3'), 'no option frames');
  await failsWith(() => openDataset('synthetic-trackets'), 'Did you mean synthetic-tracklets?');
});

const cuhk01 = Object.fromEntries(
  Array.from({ length: 971 * 4 }, (_, i) => [
    `campus/${String(Math.floor(i / 4) + 1).padStart(4, '0')}00${(i % 4) + 1}.png`,
    '',
  ]),
);

test('CUHK01: splits named by the people to test on', () =>
  withFiles(cuhk01, async (folder) => {
    for (const [people, trained] of [
      [100, 871],
      [485, 486],
      [486, 485],
    ]) {
      const dataset = await openDataset(`cuhk01:${folder}?test=${people}`);
      assert.equal(
        [dataset.identities, dataset.query.length, dataset.gallery.length],
        [trained, 2 * people!, 2 * people!],
      );
      assert.is(dataset.facts!.train[0]!.identities, trained);
    }
    await failsWith(() => openDataset(`cuhk01:${folder}?test=100&train=485`), 'give one');
  }));

test.run();

import { basename } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, checkPictures, type ImageRecord } from '../../datasets/index.js';
import { inspectPictures } from '../../datasets/inspect.node.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pictures, withFiles } from './temporary.node.js';

const brief = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity, camera }) => `${basename(path)} ${identity} ${camera}`);

/** Objects 1 to 4 on a turntable, every 45 degrees. */
const TURNTABLE = pictures(
  ...[10, 2, 3, 4].flatMap((id) =>
    [0, 45, 90, 135, 180, 225, 270, 315].map((angle) => `images/obj${id}__${angle}.png`),
  ),
);

test('pattern: fields, camera by quotient, ranges, and the rule for query and gallery', () =>
  withFiles(TURNTABLE, async (folder) => {
    const dataset = await openDataset(
      `pattern:${folder}?name=obj{id}__{angle}.png&camera=angle/90&train=2-3&test=4,10`,
    );
    assert.equal([dataset.identities, dataset.cameras], [2, 4]);
    assert.equal(brief(dataset.train).slice(0, 3), ['obj2__0.png 0 0', 'obj2__45.png 0 0', 'obj2__90.png 0 1']);
    assert.equal(brief(dataset.query), [
      'obj4__0.png 4 0',
      'obj4__90.png 4 1',
      'obj4__180.png 4 2',
      'obj4__270.png 4 3',
      'obj10__0.png 10 0',
      'obj10__90.png 10 1',
      'obj10__180.png 10 2',
      'obj10__270.png 10 3',
    ]);
    assert.is(dataset.gallery.length, 8);
    assert.equal(checkDataset(dataset), []);
  }));

test('pattern: without cameras every picture has its own, without splits half is for training', () =>
  withFiles(TURNTABLE, async (folder) => {
    const dataset = await openDataset(`pattern:${folder}?name=obj{id}__*.png`);
    assert.equal([...new Set(dataset.train.map(({ identityName }) => identityName))], ['2', '3']);
    assert.equal(brief(dataset.query), ['obj4__0.png 4 16', 'obj10__0.png 10 17']);
    assert.is(new Set([...dataset.query, ...dataset.gallery].map(({ camera }) => camera)).size, 16);
    assert.equal(checkDataset(dataset), []);
  }));

test('pattern: splits and identities of several parts from the path', () =>
  withFiles(
    pictures(
      ...['train', 'test'].flatMap((s) => ['a', 'b'].flatMap((id) => [1, 2].map((c) => `${s}/x/${id}/p_${c}.jpg`))),
    ),
    async (folder) => {
      const dataset = await openDataset(`pattern:${folder}?name={split}/{id}/{id}/*_{camera}.jpg`);
      assert.equal(
        dataset.train.map(({ identityName }) => identityName),
        ['x/a', 'x/a', 'x/b', 'x/b'],
      );
      assert.equal(brief(dataset.query), ['p_1.jpg 1 0', 'p_1.jpg 2 0']);
      assert.equal(brief(dataset.gallery), ['p_2.jpg 1 1', 'p_2.jpg 2 1']);
    },
  ));

test('pattern: mistakes are named', () =>
  withFiles({ ...TURNTABLE, 'empty/': undefined }, async (folder) => {
    const open = (rest: string) => () => openDataset(`pattern:${folder}${rest}`);
    await failsWith(open(''), 'no name=');
    await failsWith(open('?name=obj{id}_{angle}.jpg'), 'None of the 32 pictures', 'obj2__0.png', 'name=');
    await failsWith(open('?name=obj*.png'), 'has no {id}');
    await failsWith(open('?name=obj{id}__{angle}.png&camera=angel'), 'no {angel}', '{angle}');
    await failsWith(open('?name=obj{id}__{angle}.png&camera=angle/0'), 'not understood');
    await failsWith(open('?name={angle}bj{id}__*.png&camera=angle/90'), 'is o, which is no number');
    await failsWith(open('?name=obj{id}__*.png&train=90-99'), 'train=90-99 chooses no picture', '2, 3');
    await failsWith(open('?name=obj{id}__*.png&train=9-2'), 'backwards', '2-9');
    await failsWith(open('?nmae=x'), 'no option nmae', 'Did you mean name?');
    await failsWith(open('/empty?name={id}.png'), 'holds no JPEG or PNG');
    await failsWith(open('?name={id}.png&train=obj2__0,obj2__45'), 'one picture only');
    await failsWith(open('/nowhere?name={id}.png'), 'There is no folder');
  }));

test('folder: one folder per identity', () =>
  withFiles(
    pictures('zoe/1.jpg', 'zoe/2.jpg', 'ann/1.jpg', 'ann/2.png', 'bob/1.jpg', 'bob/2.jpg', 'bob/10.jpg'),
    async (folder) => {
      const dataset = await openDataset(`folder:${folder}`);
      assert.equal(brief(dataset.train), ['1.jpg 0 0', '2.png 0 1', '1.jpg 1 2', '2.jpg 1 3', '10.jpg 1 4']);
      assert.equal(brief(dataset.query), ['1.jpg 1 5']);
      assert.equal(brief(dataset.gallery), ['2.jpg 1 6']);
      const chosen = await openDataset(`folder:${folder}?train=zoe,bob`);
      assert.equal([...new Set(chosen.train.map(({ identityName }) => identityName))], ['bob', 'zoe']);
    },
  ));

test('folder: splits above, cameras in the names', () =>
  withFiles(
    pictures(
      ...['1', '2'].flatMap((id) => [`train/${id}/x_c1.jpg`, `train/${id}/x_c2.jpg`]),
      'query/7/x_c1.jpg',
      'gallery/7/x_c2.jpg',
      'gallery/-1/x_c2.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`folder:${folder}?name=*_c{camera}.*`);
      assert.equal([dataset.train.length, dataset.cameras], [4, 2]);
      assert.equal(brief(dataset.query), ['x_c1.jpg 7 0']);
      assert.equal(brief(dataset.gallery), ['x_c2.jpg -1 1', 'x_c2.jpg 7 1']);
    },
  ));

test('folder: mistakes are named', async () => {
  await withFiles(pictures('a.jpg', 'b.jpg'), (folder) =>
    failsWith(() => openDataset(`folder:${folder}`), '2 pictures and no folders'),
  );
  await withFiles({}, (folder) => failsWith(() => openDataset(`folder:${folder}`), 'is empty'));
  await withFiles(pictures('query/1/a.jpg', 'gallery/1/a.jpg'), (folder) =>
    failsWith(() => openDataset(`folder:${folder}`), 'no folder train'),
  );
  await withFiles(pictures('a/1.jpg', 'b/1.jpg', 'c/1.jpg'), (folder) =>
    failsWith(() => openDataset(`folder:${folder}?train=a,b,c`), 'one picture only'),
  );
  await withFiles(pictures('a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg', 'c/1.jpg'), (folder) =>
    failsWith(() => openDataset(`folder:${folder}?test=c`), 'nothing to look for'),
  );
});

const TABLE_PICTURES = pictures('p/a,1.jpg', 'p/a2.jpg', 'p/b1.jpg', 'p/b2.jpg', 'p/c1.jpg', 'p/c2.jpg', 'p/c3.jpg');

test('kinds: the nearest is named, and a bare path is told what to add', async () => {
  await failsWith(() => openDataset('foldr:x'), 'Did you mean folder?', 'market1501:DIR');
  await failsWith(() => openDataset('market-1501:x'), 'Did you mean market1501?');
  await failsWith(() => openDataset('data/market'), 'market1501:data/market');
  await failsWith(() => openDataset('cuhk03:x?boxes=drawn'), 'boxes is drawn', 'detected or labeled');
  await failsWith(() => openDataset('cuhk03:x?split=3'), 'protocol=classic');
  await failsWith(() => openDataset('cuhk01:x?split=20'), 'split is 20', '0 to 19');
  await failsWith(() => openDataset('train=synthetic'), 'train=A;test=B');
  await failsWith(() => openDataset('synthetic+foldr:x'), 'called "foldr"', 'Did you mean folder?');
  await failsWith(() => openDataset('market1501'), 'names no folder');
  await failsWith(() => openDataset('synthetic:seeds=2'), 'no option seeds', 'Did you mean seed?');
  await failsWith(() => openDataset('synthetic:seed=two'), 'seed is two');
  const dataset = await openDataset('synthetic:seed=2,identities=5,testIdentities=4');
  assert.equal([dataset.identities, dataset.train.length], [5, 60]);
});

test('checks find what would spoil a result', () =>
  withFiles({ ...TABLE_PICTURES, 'p/bad.jpg': '' }, async (folder) => {
    const dataset = await openDataset(`pattern:${folder}/p?name={id}{n}.jpg&train=a,b,bad&test=c`);
    const broken = {
      ...dataset,
      train: [],
      query: [dataset.gallery[0]!],
      gallery: dataset.gallery.map((record) => ({ ...record, camera: 3 })),
    };
    const messages = checkDataset({ ...broken, query: broken.gallery.slice(0, 1) }).map(({ message }) => message);
    for (const part of [
      'train is empty',
      'all images have camera 3',
      '1 of 1 queries (100.0 %)',
      'in query and gallery',
    ]) {
      assert.ok(
        messages.some((message) => message.includes(part)),
        `${part} in ${messages.join('; ')}`,
      );
    }
    const findings = checkPictures(dataset, await inspectPictures(dataset));
    assert.match(findings.find(({ code }) => code === 'unreadable')!.message, /bad\.jpg is empty/);
  }));

test.run();

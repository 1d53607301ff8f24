import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareCounts, countRecords, createSynthetic, DATASET_FACTS } from '../../datasets/index.js';
import { openMarket1501 } from '../../datasets/market1501.js';
import { writeMarket1501 } from '../../datasets/market1501-writer.node.js';
import { failsWith } from './fails-with.js';
import { pictures, withFiles } from './temporary.node.js';

const FILES = pictures(
  'bounding_box_train/0007_c1s1_000151_01.jpg',
  'bounding_box_train/0002_c3s2_000451_03.jpg',
  'bounding_box_train/0002_c6s1_000001_01.jpg.jpg',
  'bounding_box_train/0007_c2s1_000152_01.jpg',
  'query/0001_c1s1_001051_00.jpg',
  'bounding_box_test/-1_c1s1_000401_03.jpg',
  'bounding_box_test/0000_c2s1_000401_01.jpg',
  'bounding_box_test/0001_c2s1_001076_01.jpg',
  'bounding_box_test/holiday.jpg',
);

const CLUTTER = { 'bounding_box_train/Thumbs.db': 'x', 'query/.DS_Store': 'x', 'query/._0001_c1s1_001051_00.jpg': 'x' };

test('identities, cameras, junk, distractors and doubled suffixes', () =>
  withFiles({ ...FILES, ...CLUTTER }, async (folder) => {
    const dataset = await openMarket1501(folder);
    const short = dataset.train.map(({ path, identity, camera }) => [basename(path), identity, camera]);
    assert.equal(short, [
      ['0002_c3s2_000451_03.jpg', 0, 2],
      ['0002_c6s1_000001_01.jpg.jpg', 0, 5],
      ['0007_c1s1_000151_01.jpg', 1, 0],
      ['0007_c2s1_000152_01.jpg', 1, 1],
    ]);
    assert.equal([dataset.identities, dataset.cameras], [2, 6]);
    assert.equal(
      dataset.gallery.map(({ identity }) => identity),
      [-1, 0, 1],
    );
    assert.equal(
      dataset.query.map(({ identity, identityName }) => [identity, identityName]),
      [[1, '0001']],
    );
    assert.match(dataset.notes!.join(), 'holiday.jpg');
    assert.equal(countRecords(dataset.gallery), { images: 3, identities: 1, cameras: 2, junk: 1, distractors: 1 });
    const { width, height } = await dataset.read(dataset.train[0]!);
    assert.equal([width, height], [6, 12]);
  }));

test('the folder above is accepted when it holds one dataset', () =>
  withFiles(
    Object.fromEntries(Object.keys(FILES).map((name) => [`Market-1501-v15.09.15/${name}`, undefined])),
    async (folder) => {
      assert.is((await openMarket1501(folder)).train.length, 4);
    },
  ));

test('a wrong path, an empty folder, a missing split and other names', async () => {
  await failsWith(() => openMarket1501('/no/such/place'), 'There is no folder /no/such/place');
  await withFiles(pictures('empty/'), (folder) =>
    failsWith(() => openMarket1501(join(folder, 'empty')), 'bounding_box_train', 'empty is empty'),
  );
  const { 'query/0001_c1s1_001051_00.jpg': _, ...rest } = FILES;
  await withFiles(rest, (folder) => failsWith(() => openMarket1501(folder), 'no folder query', 'Unpack'));
  await withFiles(pictures('bounding_box_train/anna.jpg', 'query/', 'bounding_box_test/'), (folder) =>
    failsWith(() => openMarket1501(folder), 'anna.jpg', '0002_c1s1_000451_03.jpg', 'pattern:'),
  );
});

test('wrong nesting: one part, too far up, several, one folder too deep', async () => {
  const inner = (prefix: string) =>
    Object.fromEntries(Object.keys(FILES).map((name) => [`${prefix}/${name}`, undefined]));
  await withFiles({ ...inner('a/b/c'), ...inner('several/x'), ...inner('several/y') }, async (folder) => {
    const at = (path: string) => join(folder, path);
    await failsWith(() => openMarket1501(at('a/b/c/query')), 'one part of Market-1501', `above it: ${at('a/b/c')}`);
    await failsWith(() => openMarket1501(at('a')), 'further down', at('a/b/c'));
    await failsWith(() => openMarket1501(at('several')), '2 datasets are in it: x, y');
    assert.is((await openMarket1501(at('a/b'))).train.length, 4);
  });
  const { 'query/0001_c1s1_001051_00.jpg': _, ...rest } = FILES;
  await withFiles({ ...rest, ...pictures('query/query/0001_c1s1_001051_00.jpg') }, (folder) =>
    failsWith(() => openMarket1501(folder), 'there are 1 further down', join('query', 'query'), 'Move them up'),
  );
});

test('what is written in this layout reads back', () =>
  withFiles(pictures('out/'), async (folder) => {
    const dataset = createSynthetic({ identities: 3, testIdentities: 2, distractors: 2, height: 32, width: 16 });
    const out = join(folder, 'out');
    await writeMarket1501(dataset, out, 100);
    const copy = await openMarket1501(out);
    for (const split of ['train', 'query', 'gallery'] as const) {
      const sum = (records: typeof dataset.train) => records.map((r) => [r.identity, r.camera].join()).sort();
      assert.equal(sum(copy[split]), sum(dataset[split]));
    }
    assert.ok((await readdir(join(out, 'query')))[0]!.endsWith('_00.jpg'));
    const [a, b] = [await dataset.read(dataset.train[0]!), await copy.read(copy.train[0]!)];
    assert.ok(a.data.every((value, i) => Math.abs(value - b.data[i]!) < 12));
    await failsWith(() => writeMarket1501(dataset, out), 'not empty');
    const many = createSynthetic({ cameras: 7 });
    await failsWith(() => writeMarket1501(many, join(folder, 'x')), '7 cameras');
  }));

test('published counts: a lookalike is told so, and compared when asked for', () =>
  withFiles(FILES, async (folder) => {
    const dataset = await openMarket1501(folder);
    const [lookalike, ...rest] = compareCounts(dataset);
    assert.equal([lookalike!.level, lookalike!.code, rest.length], ['warning', 'lookalike', 0]);
    assert.match(lookalike!.message, 'layout of Market-1501, and 4 training images where that has 12936');
    const findings = compareCounts(dataset, { facts: DATASET_FACTS.market1501, always: true });
    assert.ok(findings.some(({ message }) => message.startsWith('train: 4 images, and there should be 12936, ')));
    assert.ok(
      findings.some(({ message }) =>
        message.includes('camera 1 has 1 (published: 2017), camera 2 has 1 (published: 1709)'),
      ),
    );
  }));

test('the 500,000 distractors', () =>
  withFiles(
    { ...FILES, ...pictures('images/0000_c3s9_x.jpg', 'images/0000_c1.png', 'images/-1_c2s1.jpg', 'images/what.jpg') },
    async (folder) => {
      const plain = await openMarket1501(folder);
      const dataset = await openMarket1501(folder, { distractors: '500k' });
      assert.is(dataset.gallery.length, plain.gallery.length + 3);
      assert.equal(
        dataset.gallery.slice(-3).map(({ path, identity, camera }) => [basename(path), identity, camera]),
        [
          ['-1_c2s1.jpg', -1, 1],
          ['0000_c1.png', 0, 0],
          ['0000_c3s9_x.jpg', 0, 2],
        ],
      );
      assert.ok(dataset.skipped!.some(({ path }) => path.endsWith('what.jpg')));
      assert.is(dataset.facts, DATASET_FACTS['market1501-500k']);
    },
  ));

test('the 500,000 distractors are missing', () =>
  withFiles(FILES, (folder) =>
    failsWith(() => openMarket1501(folder, { distractors: '500k' }), 'no folder images', 'distractors=500k'),
  ));

test.run();

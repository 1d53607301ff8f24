import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, compareCounts, DATASET_FACTS, type ImageRecord } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pictures, withFiles } from './temporary.node.js';

const brief = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity, camera }) => `${basename(path)} ${identity} ${camera}`);

test('DukeMTMC-reID: eight cameras, and no special numbers', () =>
  withFiles(
    pictures(
      'bounding_box_train/0005_c2_f0046985.jpg',
      'bounding_box_train/0005_c8_f0046985.jpg',
      'bounding_box_train/0001_c1_f0000001.jpg',
      'query/0010_c1_f0000001.jpg',
      'bounding_box_test/0010_c3_f0000001.jpg',
      'bounding_box_test/0011_c9_f0000001.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`duke:${folder}`);
      assert.equal(brief(dataset.train), [
        '0001_c1_f0000001.jpg 0 0',
        '0005_c2_f0046985.jpg 1 1',
        '0005_c8_f0046985.jpg 1 7',
      ]);
      assert.equal([dataset.cameras, dataset.identities], [8, 2]);
      assert.equal(brief(dataset.gallery), ['0010_c3_f0000001.jpg 10 2']);
      assert.match(dataset.skipped![0]!.path, '0011_c9');
    },
  ));

test('VeRi-776: cameras of three digits', () =>
  withFiles(
    pictures(
      'VeRi/image_train/0001_c001_00016450_0.jpg',
      'VeRi/image_train/0001_c020_00016450_0.jpg',
      'VeRi/image_train/0003_c013_00016450_12.jpg',
      'VeRi/image_query/0002_c002_00030600_0.jpg',
      'VeRi/image_test/0002_c021_00030600_0.jpg',
      'VeRi/image_test/0002_c019_00030600_0.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`veri:${folder}`);
      assert.equal(
        dataset.train.map(({ identity, camera }) => [identity, camera]),
        [
          [0, 0],
          [0, 19],
          [1, 12],
        ],
      );
      assert.equal(brief(dataset.gallery), ['0002_c019_00030600_0.jpg 2 18']);
    },
  ));

test('market: any names after identity and camera, and any cameras', () =>
  withFiles(
    pictures(
      'bounding_box_train/17_c2_a.png',
      'bounding_box_train/17_c10.jpg',
      'bounding_box_train/3_c2-x.jpeg',
      'query/0020_c10_b.jpg',
      'bounding_box_test/-1_c2_b.jpg',
      'bounding_box_test/0_c2_b.jpg',
      'bounding_box_test/20_c2b.jpg',
      'bounding_box_test/someone.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`market:${folder}`);
      assert.equal(brief(dataset.train), ['3_c2-x.jpeg 0 0', '17_c2_a.png 1 0', '17_c10.jpg 1 1']);
      assert.equal(brief(dataset.query), ['0020_c10_b.jpg 20 1']);
      assert.equal(brief(dataset.gallery), ['-1_c2_b.jpg -1 0', '0_c2_b.jpg 0 0', '20_c2b.jpg 20 0']);
      assert.is(dataset.facts, undefined);
    },
  ));

const MSMT = {
  train: ['0000/0000_000_01_0303morning_0015_0.jpg 0', '0001/0001_000_15_0303noon_0015_0.jpg 1'],
  val: ['0000/0000_001_02_0303afternoon_0015_1.jpg 0'],
  query: ['0000/0000_000_03_0303morning_0015_0.jpg 0', '0002/0002_000_03_0303morning_0015_0.jpg 2'],
  gallery: ['0000/0000_001_04_0303morning_0015_0.jpg 0', '0002/0002_001_05_0303morning_0015_0.jpg 2'],
};

function msmt17(train: string, tests: string): Record<string, string | undefined> {
  const files: Record<string, string | undefined> = {};
  for (const [list, entries] of Object.entries(MSMT)) {
    files[`list_${list}.txt`] = `${entries.join('\n')}\n`;
    const folder = list === 'train' || list === 'val' ? train : tests;
    for (const entry of entries) files[`${folder}/${entry.split(' ')[0]}`] = undefined;
  }
  return files;
}

test('MSMT17, both versions: lists, identity 0, and the option about list_val.txt', async () => {
  for (const [train, tests, version] of [
    ['train', 'test', 'V1'],
    ['mask_train_v2', 'mask_test_v2', 'V2'],
  ] as const) {
    await withFiles(msmt17(train, tests), async (folder) => {
      const dataset = await openDataset(`msmt17:${folder}`);
      assert.match(dataset.name, `MSMT17 ${version}`);
      assert.equal(brief(dataset.train), [
        '0000_000_01_0303morning_0015_0.jpg 0 0',
        '0001_000_15_0303noon_0015_0.jpg 1 14',
        '0000_001_02_0303afternoon_0015_1.jpg 0 1',
      ]);
      assert.equal(
        dataset.query.map(({ identity, identityName, camera }) => [identity, identityName, camera]),
        [
          [1, 'test/0000', 2],
          [3, 'test/0002', 2],
        ],
      );
      assert.match(dataset.notes![0]!, '2 + 1 pictures');
      assert.not(checkDataset(dataset).some(({ level }) => level === 'error'));
      assert.is((await dataset.read(dataset.gallery[1]!)).width, 6);
      const less = await openDataset(`msmt17:${folder}?val=no`);
      assert.equal([less.train.length, less.facts], [2, DATASET_FACTS['msmt17-train']]);
      assert.match(less.notes![0]!, 'list_train.txt alone');
    });
  }
});

test('MSMT17: what is missing or wrong is named', async () => {
  const { 'list_gallery.txt': _, ...rest } = msmt17('train', 'test');
  await withFiles(rest, (folder) => failsWith(() => openDataset(`msmt17:${folder}`), 'no list_gallery.txt'));
  await withFiles({ 'list_train.txt': '' }, (folder) =>
    failsWith(() => openDataset(`msmt17:${folder}`), 'neither train and test nor mask_train_v2'),
  );
  await withFiles({ ...msmt17('train', 'test'), 'list_query.txt': '\n0000/x.jpg 3\n' }, (folder) =>
    failsWith(() => openDataset(`msmt17:${folder}`), 'list_query.txt, line 2', '0000/x.jpg 3'),
  );
  const { 'test/0002/0002_000_03_0303morning_0015_0.jpg': _lost, ...whole } = msmt17('train', 'test');
  await withFiles(whole, async (folder) => {
    const { query, problems } = await openDataset(`msmt17:${folder}`);
    assert.equal([query.length, problems!.map(({ code }) => code)], [1, ['missing-file']]);
    assert.match(problems![0]!.message, '1 picture of 7 that the lists name not found');
  });
});

/** All of CUHK01's names; the pictures themselves are not read. */
const cuhk01 = (people: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: people * 4 }, (_, i) => [
      `campus/${String(Math.floor(i / 4) + 1).padStart(4, '0')}00${(i % 4) + 1}.png`,
      '',
    ]),
  );

test('CUHK01: twenty numbered splits, kept in a file with their seed', () =>
  withFiles(cuhk01(971), async (folder) => {
    const file = join(folder, 'splits.json');
    const [first, back, other] = [
      await openDataset(`cuhk01:${folder}?splits=${file}`),
      await openDataset(`cuhk01:${folder}/campus?split=1`),
      await openDataset(`cuhk01:${folder}?split=2&splits=${file}`),
    ];
    for (const dataset of [first, back, other]) {
      assert.equal(
        compareCounts(dataset).map(({ code }) => code),
        ['as-published'],
      );
      assert.equal(checkDataset(dataset), []);
    }
    assert.equal(back.query, first.gallery);
    assert.equal(back.gallery, first.query);
    assert.ok(first.query.every(({ path, camera }) => camera === 0 && /00[12]\.png$/.test(path)));
    assert.not.equal(other.train, first.train);
    const saved = JSON.parse(await readFile(file, 'utf8'));
    assert.equal([saved.dataset, saved.seed, saved.splits.length], ['cuhk01-485', 1, 10]);
    const large = await openDataset(`cuhk01:${folder}?train=871&split=19&seed=5`);
    assert.equal([large.identities, large.query.length, large.query[0]!.camera], [871, 200, 1]);
    await failsWith(() => openDataset(`cuhk01:${folder}?seed=2&splits=${file}`), 'seed 1', 'seed=2');
    await failsWith(() => openDataset(`cuhk01:${folder}?train=871&splits=${file}`), '485 identities to train');
    await writeFile(file, JSON.stringify([{ train: ['0001'], test: ['4711'] }]));
    await failsWith(() => openDataset(`cuhk01:${folder}?splits=${file}`), '4711', 'split 0');
    await failsWith(() => openDataset(`cuhk01:${folder}?splits=${file}&split=2`), 'there is no number 1');
  }));

test('CUHK01: too few people', () =>
  withFiles(cuhk01(12), (folder) => failsWith(() => openDataset(`cuhk01:${folder}`), '12 identities', '971')));

const prid: Record<string, string> = {};
for (let i = 1; i <= 749; i++) {
  const name = `person_${String(i).padStart(4, '0')}.png`;
  if (i <= 385) prid[`prid_2011/single_shot/cam_a/${name}`] = '';
  prid[`prid_2011/single_shot/cam_b/${name}`] = '';
}

test('PRID-2011, single-shot: ten draws, and the test of its authors', () =>
  withFiles(prid, async (folder) => {
    const drawn = await openDataset(`prid2011:${folder}?split=9`);
    assert.equal(
      compareCounts(drawn).map(({ code }) => code),
      ['as-published'],
    );
    assert.not(checkDataset(drawn).some(({ level }) => level === 'error'));
    for (const query of ['a', 'b'] as const) {
      const official = await openDataset(`prid2011:${folder}?protocol=official&query=${query}`);
      assert.equal(
        compareCounts(official).map(({ code }) => code),
        ['as-published'],
      );
      assert.equal(checkDataset(official), []);
      // The same number above 200 is another person in the other view.
      assert.is(
        official.gallery.filter(({ identityName }) => identityName === `201${query === 'a' ? 'b' : 'a'}`).length,
        1,
      );
    }
  }));

test('two known sets as one, and one against the other, by one line', () =>
  withFiles(
    Object.fromEntries(
      Object.entries(msmt17('train', 'test'))
        .map(([name, content]) => [`m/${name}`, content])
        .concat(
          Object.entries({
            'd+x/bounding_box_train/0005_c2_f0046985.jpg': undefined,
            'd+x/bounding_box_train/0006_c2_f0046985.jpg': undefined,
            'd+x/bounding_box_train/0006_c3_f0046985.jpg': undefined,
            'd+x/query/0010_c1_f0000001.jpg': undefined,
            'd+x/bounding_box_test/0010_c3_f0000001.jpg': undefined,
          }) as [string, undefined][],
        ),
    ),
    async (folder) => {
      const [m, d] = [`msmt17:${folder}/m?val=no`, `duke:${folder}/d+x`];
      const both = await openDataset(`${d}+${m}+synthetic:identities=3,testIdentities=2,cameras=2`);
      assert.equal([both.identities, both.cameras, both.sources!.length], [2 + 2 + 3, 8 + 15 + 2, 3]);
      const crossed = await openDataset(`train=${d}+${m}; test=${m}`);
      assert.equal([crossed.identities, crossed.query.length, crossed.sources!.length], [4, 2, 2]);
      assert.not(checkDataset(crossed).some(({ level }) => level === 'error'));
      assert.is((await crossed.read(crossed.query[0]!)).width, 6);
    },
  ));

test('a path alone is told what it looks like', async () => {
  const looksLike = (files: Record<string, undefined>, kind: string, at = '') =>
    withFiles(files, (folder) => failsWith(() => openDataset(folder), `It looks like ${kind}:${folder}${at}`));
  await looksLike(pictures('bounding_box_train/0005_c2_f0046985.jpg'), 'duke');
  await looksLike(pictures('x/bounding_box_train/0002_c1s1_000451_03.jpg'), 'market1501', '/x');
  await looksLike(pictures('bounding_box_train/5_c2.jpg'), 'market');
  await looksLike(pictures('list_train.txt'), 'msmt17');
  await looksLike(pictures('anna/1.jpg', 'bob/1.jpg'), 'folder');
  await looksLike(pictures('train/anna/1.jpg', 'test/bob/1.jpg'), 'folder');
  await looksLike(pictures('images/anna/1.jpg', 'images/bob/1.jpg'), 'folder', '/images');
  await withFiles(pictures('data.zip'), (folder) =>
    failsWith(() => openDataset(folder), 'none of the known ones', 'data.zip is packed'),
  );
});

test.run();

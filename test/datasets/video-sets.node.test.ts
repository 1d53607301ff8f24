import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, compareCounts, describeDataset, type ImageRecord } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { groupTracklets } from '../../datasets/tracklets.js';
import { failsWith } from './fails-with.js';
import { matrixOf, writeMatlab5 } from './matlab5-writer.js';
import { pictures, withFiles } from './temporary.node.js';

/** Tracklets as `identity camera frames`. */
const brief = (records: readonly ImageRecord[]): string[] =>
  groupTracklets(records).map(
    ({ identity, camera, frames }) => `${identity} ${camera} ${frames.map(({ frame }) => frame).join(',')}`,
  );

const errors = (findings: readonly { level: string; code: string }[]): string[] =>
  findings.filter(({ level }) => level === 'error').map(({ code }) => code);

const TRAIN = [
  '0003C2T0001F001.jpg',
  '0003C2T0001F002.jpg',
  '0003C5T0001F001.jpg',
  '0001C1T0001F001.jpg',
  '0001C1T0001F002.jpg',
  '0001C1T0001F003.jpg',
];
const TEST = [
  '00-1C1T0001F001.jpg',
  '00-1C1T0001F002.jpg',
  '0000C2T0001F001.jpg',
  '0002C3T0001F001.jpg',
  '0002C3T0001F002.jpg',
  '0002C6T0001F001.jpg',
];

function mars(
  changes: Readonly<Record<string, string | Uint8Array>> = {},
): Record<string, string | Uint8Array | undefined> {
  return {
    ...pictures(...TRAIN.map((name) => `MARS/bbox_train/${name.slice(0, 4)}/${name}`)),
    ...pictures(...TEST.map((name) => `MARS/bbox_test/${name.slice(0, 4)}/${name}`)),
    'MARS/info/train_name.txt': `${TRAIN.join('\n')}\n`,
    'MARS/info/test_name.txt': TEST.join('\r\n'),
    'MARS/info/tracks_train_info.mat': writeMatlab5({
      track_train_info: matrixOf([
        [1, 2, 3, 2],
        [3, 3, 3, 5],
        [4, 6, 1, 1],
      ]),
    }),
    'MARS/info/tracks_test_info.mat': writeMatlab5({
      track_test_info: matrixOf([
        [1, 2, -1, 1],
        [3, 3, 0, 2],
        [4, 5, 2, 3],
        [6, 6, 2, 6],
      ]),
    }),
    'MARS/info/query_IDX.mat': writeMatlab5({ query_IDX: matrixOf([[3]], 'uint16') }),
    ...changes,
  };
}

test('MARS: rows and frames counted from 1, junk and distractors in the gallery', () =>
  withFiles(mars(), async (folder) => {
    const dataset = await openDataset(`mars:${folder}`);
    assert.equal(brief(dataset.train), ['1 1 1,2', '1 4 1', '0 0 1,2,3']);
    assert.equal(brief(dataset.query), ['2 2 1,2']);
    assert.equal(brief(dataset.gallery), ['-1 0 1,2', '0 1 1', '2 5 1']);
    assert.equal([dataset.identities, dataset.cameras], [2, 6]);
    assert.match(describeDataset(dataset), /gallery +1 +3 +2 +3/);
    assert.equal(errors(checkDataset(dataset)), []);
    assert.is((await dataset.read(dataset.query[1]!)).width, 6);
    const counts = compareCounts(dataset, { always: true }).map(({ message }) => message);
    assert.ok(
      counts.includes('train: 3 tracklets, and there should be 8298, counted in the files that the authors publish'),
    );
    assert.ok(
      counts.some((message) => message.startsWith('train: tracklets of each camera: camera 1 has 1 (published: 1816)')),
    );
  }));

test('MARS: missing frames are said and left out; other errors name the row', async () => {
  const { 'MARS/bbox_train/0001/0001C1T0001F002.jpg': _, ...less } = mars();
  await withFiles(less, async (folder) => {
    const dataset = await openDataset(`mars:${folder}`);
    assert.equal(brief(dataset.train)[2], '0 0 1,3');
    assert.match(dataset.problems![0]!.message, '0001C1T0001F002.jpg');
  });
  const trackTrain = (...rows: number[][]) => ({
    'MARS/info/tracks_train_info.mat': writeMatlab5({ track_train_info: matrixOf(rows) }),
  });
  // Counted from 0, the last frame of every tracklet would be lost.
  await withFiles(mars(trackTrain([0, 1, 3, 2])), (folder) =>
    failsWith(() => openDataset(`mars:${folder}`), 'row 1', '0 to 1'),
  );
  await withFiles(mars(trackTrain([2, 3, 3, 2])), (folder) =>
    failsWith(() => openDataset(`mars:${folder}`), 'row 1', '0003C5T0001F001.jpg'),
  );
  const queries = { 'MARS/info/query_IDX.mat': writeMatlab5({ query_IDX: matrixOf([[1, 5]], 'uint16') }) };
  await withFiles(mars(queries), (folder) => failsWith(() => openDataset(`mars:${folder}`), 'row 5 of 4'));
  const other = { 'MARS/info/query_IDX.mat': writeMatlab5({ queries: matrixOf([[1]]) }) };
  await withFiles(mars(other), (folder) =>
    failsWith(() => openDataset(`mars:${folder}`), 'no matrix query_IDX; it has queries'),
  );
});

/** Four people; their numbers have gaps, and the order of the folders on disk is not that of their names. */
const PEOPLE = ['person014', 'person002', 'person001', 'person319'];
const ilids = Object.assign(
  {},
  ...PEOPLE.map((person) =>
    pictures(
      ...[1, 2].flatMap((camera) =>
        [317, 99318, 316].map((frame) => {
          const file = `cam${camera}_${person}_${String(frame).padStart(5, '0')}.png`;
          return `i-LIDS-VID/sequences/cam${camera}/${person}/${file}`;
        }),
      ),
    ),
  ),
) as Record<string, undefined>;

test('iLIDS-VID: published splits index the sorted folders', () => {
  const splits = {
    ls_set: matrixOf(
      [
        [3, 1, 2, 4],
        [1, 2, 3, 4],
      ],
      'uint16',
    ),
  };
  const files = { ...ilids, 'train-test people splits/train_test_splits_ilidsvid.mat': writeMatlab5(splits) };
  return withFiles(files, async (folder) => {
    const dataset = await openDataset(`ilidsvid:${folder}`);
    assert.equal(brief(dataset.query), ['1 0 316,317,99318', '14 0 316,317,99318']);
    assert.equal(brief(dataset.gallery), ['1 1 316,317,99318', '14 1 316,317,99318']);
    assert.equal(
      brief(dataset.train).map((line) => line.slice(0, 3)),
      ['0 0', '0 1', '1 0', '1 1'],
    );
    assert.equal(dataset.train[0]!.identityName, 'person002');
    assert.equal(errors(checkDataset(dataset)), []);
    const second = await openDataset(`ilidsvid:${folder}/i-LIDS-VID?split=1`);
    assert.equal(
      brief(second.query).map((line) => line.slice(0, 2)),
      ['1 ', '2 '],
    );
    await failsWith(() => openDataset(`ilidsvid:${folder}?split=2`), 'has 2 splits');
    const drawn = await openDataset(`ilidsvid:${folder}?split=9&seed=4`);
    assert.match(drawn.notes![0]!, 'split 9 of 10, drawn with seed 4');
    assert.not.equal(drawn.query, (await openDataset(`ilidsvid:${folder}?split=8&seed=4`)).query);
  });
});

test('iLIDS-VID without its splits draws them; one that does not fit is refused', async () => {
  await withFiles(ilids, async (folder) => {
    const dataset = await openDataset(`ilidsvid:${folder}`);
    assert.match(dataset.notes![0]!, 'drawn with seed 1');
    assert.equal([dataset.identities, groupTracklets(dataset.gallery).length], [2, 2]);
  });
  const files = { ...ilids, 'train_test_splits_ilidsvid.mat': writeMatlab5({ ls_set: matrixOf([[1, 2, 2, 4]]) }) };
  await withFiles(files, (folder) => failsWith(() => openDataset(`ilidsvid:${folder}`), 'no order of 1 to 4', 'see 2'));
  const short = { ...ilids, 'train_test_splits_ilidsvid.mat': writeMatlab5({ ls_set: matrixOf([[1, 2]]) }) };
  await withFiles(short, (folder) => failsWith(() => openDataset(`ilidsvid:${folder}`), 'splits 2 people, and 4'));
});

/** A person of each number, with this many frames in each view. */
const prid = (people: Readonly<Record<number, readonly [number, number]>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(people).flatMap(([number, counts]) =>
      counts.flatMap((count, view) =>
        Array.from({ length: count }, (_, frame) => [
          `multi_shot/cam_${'ab'[view]}/person_${number.padStart(4, '0')}/${String(frame + 1).padStart(4, '0')}.png`,
          '',
        ]),
      ),
    ),
  );

test('PRID-2011, multi-shot: the list of splits, or a draw of people with long sequences', () =>
  withFiles(
    prid({ 1: [22, 23], 2: [22, 22], 3: [22, 21], 4: [30, 22], 7: [22, 40], 201: [22, 22] }),
    async (folder) => {
      const drawn = await openDataset(`prid2011-video:${folder}?split=3`);
      // Person 3 is short in one view, and number 201 is two people.
      const people = [...drawn.train, ...drawn.query].map(({ identityName }) => Number(identityName.slice(-4)));
      assert.equal([...new Set(people)].sort(), [1, 2, 4, 7]);
      assert.match(drawn.notes![0]!, /drawn with seed 1, of 4 people/);
      const file = join(folder, 'kept.json');
      const kept = await openDataset(`prid2011-video:${folder}?split=3&splits=${file}`);
      assert.equal(kept.query, drawn.query);
      assert.is(JSON.parse(await readFile(file, 'utf8')).splits.length, 10);
    },
  ));

test('PRID-2011: splits_prid2011.json is found, and wins', () => {
  const split = (train: string, test: string) => ({ train: [train], test: [test] });
  const list = JSON.stringify([split('person_0001', 'person_0003'), split('person_0003', 'person_0002')]);
  const files = { ...prid({ 1: [2, 3], 2: [2, 2], 3: [2, 1] }), 'splits_prid2011.json': list };
  return withFiles(files, async (folder) => {
    const dataset = await openDataset(`prid2011-video:${folder}?split=1`);
    assert.equal(brief(dataset.train), ['0 0 1,2', '0 1 1']);
    assert.equal([brief(dataset.query), brief(dataset.gallery)], [['2 0 1,2'], ['2 1 1,2']]);
    await failsWith(() => openDataset(`prid2011-video:${folder}?split=2`), 'has 2 splits');
    await failsWith(() => openDataset(`prid2011-video:${folder}?seed=1`), '0 people have more than 21 frames');
  });
});

test('DukeMTMC-VideoReID: both forms of names, an empty folder is named', () =>
  withFiles(
    {
      ...pictures(
        'train/0001/0002/0001_C6_F0002_X30831.jpg',
        'train/0001/0002/0001_C6_F0001_X30823.jpg',
        'train/0007/0001/0007C5F0001X30823.jpg',
        'train/0007/0001/0007C5F0010X31000.jpg',
        'query/0003/0001/0003_C1_F0001_X00001.jpg',
        'gallery/0003/0002/0003_C2_F0001_X00001.jpg',
        'gallery/0003/0002/odd.jpg',
      ),
      'gallery/0004/0001/': '',
    },
    async (folder) => {
      const dataset = await openDataset(`duke-video:${folder}`);
      assert.equal(brief(dataset.train), ['0 5 1,2', '1 4 1,10']);
      assert.equal([brief(dataset.query), brief(dataset.gallery)], [['3 0 1'], ['3 1 1']]);
      assert.equal(
        dataset.skipped!.map(({ path }) => basename(path)),
        ['odd.jpg'],
      );
      assert.match(dataset.problems![0]!.message, /1 tracklet without a frame.*0004/);
    },
  ));

test('published counts of tracklets', () => {
  const people = Object.fromEntries(Array.from({ length: 178 }, (_, i) => [i + 1, [22, 22] as const]));
  return withFiles(prid(people), async (folder) => {
    const dataset = await openDataset(`prid2011-video:${folder}`);
    assert.equal(
      compareCounts(dataset).map(({ code }) => code),
      ['as-published'],
    );
    assert.equal(errors(checkDataset(dataset)), []);
  });
});

test('tracklets of joined sets are numbered on', () =>
  withFiles(mars(), async (folder) => {
    const both = await openDataset(`mars:${folder}+synthetic:identities=2,testIdentities=2,cameras=2`);
    assert.is(groupTracklets(both.train).length, 3 + 8);
    const crossed = await openDataset(`train=mars:${folder};test=mars:${folder}`);
    assert.is(
      new Set([...crossed.train, ...crossed.query, ...crossed.gallery].map(({ tracklet }) => tracklet)).size,
      7,
    );
  }));

test.run();

import { basename } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, compareCounts, groupTracklets, type ImageRecord } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pictures, withFiles } from './temporary.node.js';

const brief = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity }) => `${basename(path)} ${identity}`);

const LISTS = { 'train_test_split/train_list.txt': '0000003 12\n0000001 5\n0000002 12\n0000004 5\n' };

/** Ten test vehicles of five pictures each; the lists' order is not that of the names. */
const TESTED = Array.from(
  { length: 50 },
  (_, i) => `${String(100 + ((i * 7) % 50)).padStart(7, '0')} ${((i * 7) % 50) % 10}`,
);

const vehicleId = {
  ...LISTS,
  'train_test_split/test_list_800.txt': `${TESTED.join('\n')}\n`,
  ...pictures(
    ...[1, 2, 3, 4].map((i) => `image/000000${i}.jpg`),
    ...TESTED.map((line) => `image/${line.slice(0, 7)}.jpg`),
  ),
};

test('VehicleID: draws of the gallery, whatever the order of the lines', async () => {
  const galleries: string[][] = [];
  const inOrder = { ...vehicleId, 'train_test_split/test_list_800.txt': [...TESTED].sort().join('\n') };
  for (const files of [vehicleId, inOrder]) {
    await withFiles(files, async (folder) => {
      const dataset = await openDataset(`vehicleid:${folder}`);
      assert.equal(brief(dataset.train), ['0000001.jpg 0', '0000004.jpg 0', '0000002.jpg 1', '0000003.jpg 1']);
      assert.equal([dataset.query.length, dataset.gallery.length, dataset.cameras], [40, 10, 54]);
      // Vehicle 0 is a vehicle, and becomes number 1.
      assert.equal(
        dataset.gallery.map(({ identity }) => identity),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      assert.equal(checkDataset(dataset), []);
      galleries.push(brief(dataset.gallery));
      const other = await openDataset(`vehicleid:${folder}?draw=1`);
      assert.not.equal(brief(other.gallery), galleries[0]);
      assert.not.equal(brief((await openDataset(`vehicleid:${folder}?seed=2`)).gallery), galleries[0]);
    });
  }
  assert.equal(galleries[0], galleries[1]);
});

test('VehicleID: what is wrong is named', async () => {
  await withFiles(vehicleId, async (folder) => {
    await failsWith(() => openDataset(`vehicleid:${folder}?size=medium`), 'no test_list_1600.txt');
    await failsWith(() => openDataset(`vehicleid:${folder}?draw=10`), 'from 0 to 9');
  });
  const broken = { ...vehicleId, 'train_test_split/train_list.txt': '0000001 5\n0000002.jpg 5\n' };
  await withFiles(broken, (folder) => failsWith(() => openDataset(`vehicleid:${folder}`), 'train_list.txt, line 2'));
  const { 'image/0000002.jpg': _, ...less } = vehicleId as Record<string, string | undefined>;
  await withFiles(less, async (folder) => {
    assert.match((await openDataset(`vehicleid:${folder}`)).problems![0]!.message, '0000002.jpg');
  });
});

test('VehicleID: published counts', () => {
  const test = Array.from({ length: 6493 }, (_, i) => `${String(i).padStart(7, '0')} ${i % 800}`);
  const train = Array.from({ length: 40 }, (_, i) => `${9_000_000 + i} ${i % 20}`);
  const listed = [...test, ...train].map((line) => [`image/${line.slice(0, 7)}.jpg`, '']);
  const lists = {
    'train_test_split/train_list.txt': train.join('\n'),
    'train_test_split/test_list_800.txt': test.join('\n'),
  };
  return withFiles({ ...Object.fromEntries(listed), ...lists }, async (folder) => {
    const findings = compareCounts(await openDataset(`vehicleid:${folder}`));
    assert.equal(
      findings.map(({ message }) => message.slice(0, 16)),
      ['train: 40 images', 'train: 20 identi'],
    );
  });
});

test('VRIC: lists with cameras, and the frame in the name', () =>
  withFiles(
    {
      'vric_train.txt': 'a_b_img00007.jpg 0 3\na_b_img00009.jpg 0 12\n',
      'vric_probe.txt': 'q_img00100.jpg 0 3\n',
      'vric_gallery.txt': 'g_img00200.jpg 0 9\n',
      ...pictures(
        'train_images/a_b_img00007.jpg',
        'train_images/a_b_img00009.jpg',
        'probe_images/q_img00100.jpg',
        'gallery_images/g_img00200.jpg',
      ),
    },
    async (folder) => {
      const dataset = await openDataset(`vric:${folder}`);
      assert.equal(
        dataset.train.map(({ identity, camera, frame }) => [identity, camera, frame]),
        [
          [0, 0, 7],
          [0, 2, 9],
        ],
      );
      assert.equal([dataset.query[0]!.identity, dataset.gallery[0]!.camera, dataset.timed], [1, 1, true]);
      assert.equal(dataset.query[0]!.identityName, 'test/0');
    },
  ));

const veri = (list: string): Record<string, string | undefined> => ({
  ...pictures(
    'image_train/0001_c001_00016450_0.jpg',
    'image_query/0002_c002_00030600_0.jpg',
    'image_test/0002_c003_00030700_1.jpg',
    'image_test/0002_c003_00030710_2.jpg',
    'image_test/0002_c004_00030800_0.jpg',
    'image_test/0003_c004_00030900_0.jpg',
  ),
  'test_track.txt': list,
});

test('VeRi-776: tracks of the gallery', async () => {
  const tracks = '0002_c003_00030700_1.jpg 0002_c003_00030710_2.jpg \n\n7 0003_c004_00030900_0.jpg\n';
  await withFiles(veri(tracks), async (folder) => {
    const plain = await openDataset(`veri:${folder}`);
    assert.ok(plain.gallery.every(({ tracklet }) => tracklet === undefined));
    const dataset = await openDataset(`veri:${folder}?tracks=yes`);
    assert.equal(
      groupTracklets(dataset.gallery).map(({ number, identity, frames }) => [number, identity, frames.length]),
      [
        [0, 2, 2],
        [1, 3, 1],
        [undefined, 2, 1],
      ],
    );
    assert.match(dataset.notes!.join(), '2 tracks of test_track.txt, and 1 picture on no line');
  });
  await withFiles(veri('\n0009_c001_00000000_0.jpg'), (folder) =>
    failsWith(() => openDataset(`veri:${folder}?tracks=yes`), 'line 2', 'no picture of image_test'),
  );
});

test.run();

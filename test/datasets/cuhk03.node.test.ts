import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, countRecords, type ImageRecord } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { type Matlab5Column, writeMatlab5 } from './matlab5-writer.js';
import { pictures, withFiles } from './temporary.node.js';

/** People of each pair of cameras, in place of 843, 440, 77, 58 and 49. */
const PEOPLE = [3, 2, 1, 1, 1];

/** A picture's pixels: no two pictures, rows, columns or channels are alike. */
const pixel = (id: number, channel: number, x: number, y: number): number =>
  (id * 7 + channel * 60 + x * 5 + y * 11) % 251;

const sizeOf = (id: number): readonly [width: number, height: number] => [2 + (id % 3), 5 + (id % 4)];

/** Places of pictures: every person has one in columns 1, 2 and 6. */
const COLUMNS = [1, 2, 6];

const idOf = (pair: number, person: number, column: number): number => pair * 100 + person * 10 + column;

function release(): Uint8Array {
  const writer = new Hdf5Writer();
  const empty = writer.array({ type: 'uint64', shape: [2], values: [0, 0] });
  const image = (id: number): number => {
    const [width, height] = sizeOf(id);
    const values: number[] = [];
    for (let channel = 0; channel < 3; channel++)
      for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) values.push(pixel(id, channel, x, y));
    const chunk = id % 2 === 0 ? [1, 2, 3] : undefined;
    return writer.array({ type: 'uint8', shape: [3, width, height], values, chunk });
  };
  const pairs = PEOPLE.map((people, index) => {
    const addresses = Array.from({ length: 10 * people }, (_, flat) => {
      const [column, person] = [Math.floor(flat / people) + 1, (flat % people) + 1];
      return COLUMNS.includes(column) ? image(idOf(index + 1, person, column)) : empty;
    });
    return writer.cells([10, people], addresses);
  });
  const boxes = writer.cells([1, 5], pairs);
  // Persons (1, 2) and (2, 1), and in the second split (3, 1).
  const sets = [
    writer.array({ type: 'double', shape: [2, 2], values: [1, 2, 2, 1] }),
    writer.array({ type: 'double', shape: [2, 1], values: [3, 1] }),
  ];
  return writer.finish({ detected: boxes, labeled: boxes, testsets: writer.cells([1, 2], sets) });
}

const NAMES = PEOPLE.flatMap((people, index) =>
  Array.from({ length: people }, (_, person) =>
    COLUMNS.map((column) => `${index + 1}_00${person + 1}_${column < 6 ? 1 : 2}_0${column}.png`),
  ).flat(),
);

const columns: Record<string, Matlab5Column> = {
  filelist: { type: 'cells', values: NAMES },
  labels: { type: 'uint16', values: NAMES.map((_, i) => Math.floor(i / 3) + 1) },
  camId: { type: 'uint8', values: NAMES.map((name) => Number(name[6])) },
  train_idx: { type: 'uint16', values: NAMES.flatMap((_, i) => (i < 12 ? [i + 1] : [])) },
  query_idx: { type: 'uint16', values: NAMES.flatMap((_, i) => (i >= 12 && i % 3 !== 1 ? [i + 1] : [])) },
  gallery_idx: { type: 'uint16', values: NAMES.flatMap((_, i) => (i >= 12 && i % 3 === 1 ? [i + 1] : [])) },
};

const config = writeMatlab5(columns);

const brief = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity, camera }) => `${basename(path)} ${identity} ${camera}`);

test('the release by the new protocol: pictures out of the .mat file, turned the right way', () =>
  withFiles(
    { 'cuhk03_release/cuhk-03.mat': release(), 'cuhk03_new_protocol_config_detected.mat': config },
    async (folder) => {
      const dataset = await openDataset(`cuhk03:${folder}`);
      assert.equal([dataset.identities, dataset.cameras, dataset.onDisk], [4, 2, false]);
      assert.equal(brief(dataset.train).slice(0, 4), [
        '1_001_1_01.png 0 0',
        '1_001_1_02.png 0 0',
        '1_001_2_06.png 0 1',
        '1_002_1_01.png 1 0',
      ]);
      assert.equal(brief(dataset.query).slice(0, 2), ['2_002_1_01.png 5 0', '2_002_2_06.png 5 1']);
      assert.equal(brief(dataset.gallery)[0], '2_002_1_02.png 5 0');
      for (const record of [...dataset.train, ...dataset.query]) {
        const [pair, person, , column] = basename(record.path, '.png').split('_').map(Number);
        const id = idOf(pair!, person!, column!);
        const { width, height, data } = await dataset.read(record);
        assert.equal([width, height], sizeOf(id));
        const expected: number[] = [];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) expected.push(pixel(id, c, x, y));
        assert.equal([...data], expected, record.path);
      }
    },
  ));

test('the classic protocol: the test pictures are query and gallery at once', () =>
  withFiles({ 'cuhk-03.mat': release() }, async (folder) => {
    const first = await openDataset(`cuhk03:${join(folder, 'cuhk-03.mat')}?protocol=classic`);
    assert.equal([first.identities, first.protocol], [6, 'cuhk03-single-gallery-shot']);
    assert.is(first.train.length, 18);
    assert.equal(first.query, first.gallery);
    assert.equal(
      [...new Set(first.query.map(({ identity, identityName }) => `${identityName} ${identity}`))],
      ['1_002 2', '2_001 4'],
    );
    assert.not(checkDataset(first).some(({ level }) => level === 'error'));
    const second = await openDataset(`cuhk03:${folder}?protocol=classic&split=1&boxes=labeled`);
    assert.equal([...new Set(second.query.map(({ identityName }) => identityName))], ['3_001']);
    await failsWith(() => openDataset(`cuhk03:${folder}?protocol=classic&split=2`), 'has 2 splits');
    await failsWith(() => openDataset(`cuhk03:${folder}`), 'no cuhk03_new_protocol_config_detected.mat');
  }));

test('pictures that were written out, with the same splits', () =>
  withFiles(
    {
      ...Object.fromEntries(NAMES.map((name) => [`images_labeled/${name}`, undefined])),
      'cuhk03_new_protocol_config_labeled.mat': writeMatlab5(columns, false),
    },
    async (folder) => {
      const dataset = await openDataset(`cuhk03:${folder}?boxes=labeled`);
      assert.equal(
        [dataset.onDisk, dataset.train.length, dataset.query.length, dataset.gallery.length],
        [true, 12, 8, 4],
      );
      assert.is((await dataset.read(dataset.query[0]!)).height, 12);
      await failsWith(() => openDataset(`cuhk03:${folder}`), 'neither cuhk-03.mat nor a folder images_detected');
      await failsWith(() => openDataset(`cuhk03:${folder}?protocol=classic&boxes=labeled`), 'no cuhk-03.mat');
    },
  ));

test("Market-1501's folders", () =>
  withFiles(
    Object.fromEntries(
      ['detected', 'labeled'].flatMap((boxes, i) =>
        [
          'bounding_box_train/0001_c1_1.png',
          'bounding_box_train/0001_c2_6.png',
          'bounding_box_train/0002_c1_1.png',
          'query/0003_c1_1.png',
          'bounding_box_test/0003_c2_6.png',
        ]
          .slice(i)
          .map((name) => [`cuhk03-np/${boxes}/${name}`, undefined]),
      ),
    ),
    async (folder) => {
      const detected = await openDataset(`cuhk03:${folder}`);
      assert.equal(brief(detected.train), ['0001_c1_1.png 0 0', '0001_c2_6.png 0 1', '0002_c1_1.png 1 0']);
      const labeled = await openDataset(`cuhk03:${folder}/cuhk03-np/labeled?boxes=labeled`);
      assert.equal(countRecords(labeled.train, true).images, 2);
      await failsWith(() => openDataset(`cuhk03:${folder}/cuhk03-np/labeled`), 'holds the labeled', 'boxes=labeled');
    },
  ));

test('damaged and wrong files are named', async () => {
  const mat = release();
  const cut = mat.subarray(0, mat.length - 2000);
  await withFiles({ 'cuhk-03.mat': cut, 'cuhk03_new_protocol_config_detected.mat': config }, (folder) =>
    failsWith(() => openDataset(`cuhk03:${folder}`), 'cuhk-03.mat should have', 'cut short'),
  );
  await withFiles({ 'cuhk-03.mat': config, 'cuhk03_new_protocol_config_detected.mat': config }, (folder) =>
    failsWith(() => openDataset(`cuhk03:${folder}`), 'cuhk-03.mat is no HDF5 file'),
  );
  await withFiles({ 'cuhk-03.mat': mat, 'cuhk03_new_protocol_config_detected.mat': mat }, (folder) =>
    failsWith(() => openDataset(`cuhk03:${folder}`), 'config_detected.mat is', 'version 5'),
  );
  const broken = writeMatlab5({ ...columns, query_idx: { type: 'uint16', values: [999] } });
  await withFiles({ 'cuhk-03.mat': mat, 'cuhk03_new_protocol_config_detected.mat': broken }, (folder) =>
    failsWith(() => openDataset(`cuhk03:${folder}`), 'query_idx speaks of entry 999 (none)'),
  );
  const other = new Hdf5Writer();
  const member = other.array({ type: 'double', shape: [1, 1], values: [1] });
  await withFiles(
    { 'cuhk-03.mat': other.finish({ answer: member }), 'cuhk03_new_protocol_config_detected.mat': config },
    (folder) => failsWith(() => openDataset(`cuhk03:${folder}`), 'no variable detected; it has answer'),
  );
  await withFiles(pictures('x/'), (folder) =>
    failsWith(() => openDataset(`cuhk03:${folder}`), 'CUHK03', 'cuhk-03.mat'),
  );
});

test.run();

import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, countRecords, type ImageRecord, type ReidDataset, SPLITS } from '../../datasets/index.js';
import { inspectPictures } from '../../datasets/inspect.node.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pictures, withFiles } from './temporary.node.js';

const brief = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity, camera }) => `${basename(path)} ${identity} ${camera}`);

const CSV = `path,identity,camera,split
"p/a,1.jpg",5,west,train
p/a2.jpg,5,east,train
p/b1.jpg,12,west,train
p/b2.jpg,12,east,train
p/c1.jpg,"99",west,query
p/c2.jpg,99,east,gallery
p/c3.jpg,-1,east,gallery
`;

const PICTURES = pictures('p/a,1.jpg', 'p/a2.jpg', 'p/b1.jpg', 'p/b2.jpg', 'p/c1.jpg', 'p/c2.jpg', 'p/c3.jpg');

test('CSV with quotes', () =>
  withFiles({ ...PICTURES, 't.csv': CSV.replaceAll('\n', '\r\n') }, async (folder) => {
    const dataset = await openDataset(`table:${join(folder, 't.csv')}`);
    assert.equal(brief(dataset.train), ['a,1.jpg 0 1', 'a2.jpg 0 0', 'b1.jpg 1 1', 'b2.jpg 1 0']);
    assert.equal(brief(dataset.query), ['c1.jpg 99 1']);
    assert.equal(brief(dataset.gallery), ['c2.jpg 99 0', 'c3.jpg -1 0']);
    const found = await inspectPictures(dataset);
    assert.equal(
      found.map(({ problem }) => problem),
      new Array(7).fill(undefined),
    );
  }));

test('JSON lines and a JSON array, names for identities, no cameras and no splits', () => {
  const row = (path: string, id: string) => ({ path, id });
  const rows = [row('p/a,1.jpg', 'ann'), row('p/a2.jpg', 'ann'), row('p/b1.jpg', 'bob'), row('p/b2.jpg', 'bob')];
  rows.push(row('p/c1.jpg', 'cid'), row('p/c2.jpg', 'cid'), row('p/c3.jpg', 'dan'));
  const lines = rows.map((value) => `${JSON.stringify(value)}\n`).join('');
  return withFiles({ ...PICTURES, 't.jsonl': lines, 't.json': JSON.stringify(rows, null, 1) }, async (folder) => {
    for (const name of ['t.jsonl', 't.json']) {
      const dataset = await openDataset(`table:${join(folder, name)}`);
      assert.equal(brief(dataset.train), ['a,1.jpg 0 0', 'a2.jpg 0 1', 'b1.jpg 1 2', 'b2.jpg 1 3']);
      assert.equal(brief(dataset.query), ['c1.jpg 1 4']);
      assert.equal(brief(dataset.gallery), ['c2.jpg 1 5', 'c3.jpg 2 6']);
    }
  });
});

/** Four animals, each photographed twice by either camera; the folders, names and accents are people's. */
const ANIMALS = ['Wölfin 1', 'Wölfin 2', 'Luchs, 3', 'Luchs, 10'].flatMap((animal, i) =>
  ['Süd', 'Nord'].flatMap((camera) =>
    [1, 2].map((n) => [`Kamera ${camera}/IMG ${i}_${n}.JPG`, animal, `Kamera ${camera}`] as const),
  ),
);

const ANIMAL_PICTURES = pictures(...ANIMALS.map(([path]) => path));

const written = (
  separator: string,
  header: readonly string[],
  rows: readonly (readonly string[])[] = ANIMALS,
): string =>
  [header, ...rows]
    .map((row) => row.map((cell) => (cell.includes(',') ? `"${cell}"` : cell)).join(separator))
    .join('\r\n');

const HEADER = ['file', 'identity', 'camera'];

const utf16 = (text: string): Uint8Array =>
  new Uint8Array(Uint16Array.from(`\uFEFF${text}`, (c) => c.charCodeAt(0)).buffer);

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** The same table as programs write it. */
const FORMS: Readonly<Record<string, string | Uint8Array>> = {
  commas: written(',', HEADER),
  'semicolons, after a mark': `\uFEFF${written(';', HEADER)}\r\n`,
  tabs: written('\t', ['File Name', 'Individual_ID', 'cam']),
  'UTF-16': utf16(written('\t', HEADER)),
  'Windows-1252': latin1(written(';', HEADER)),
  'old line ends': written(',', HEADER).replaceAll('\r\n', '\r'),
  backslashes: written(',', HEADER).replaceAll('/', '\\'),
  'empty columns and lines': `${written(';', HEADER).replaceAll('\r\n', ';;\r\n\r\n')};;\r\n`,
  'accents apart, another case': written(',', HEADER).normalize('NFD').replaceAll('.JPG', '.jpg'),
};

const countsOf = (dataset: ReidDataset): number[] =>
  SPLITS.flatMap((split) => {
    const { images, identities } = countRecords(dataset[split], split === 'train');
    return [images, identities];
  });

for (const [form, content] of Object.entries(FORMS)) {
  test(`photographs of animals, two cameras, no splits: ${form}`, () =>
    withFiles({ ...ANIMAL_PICTURES, 't.csv': content }, async (folder) => {
      const dataset = await openDataset(`table:${folder}/t.csv`);
      assert.equal(countsOf(dataset), [8, 2, 4, 2, 4, 2]);
      assert.equal([dataset.identities, dataset.cameras], [2, 2]);
      const names = new Set(dataset.train.map(({ identityName }) => identityName.normalize('NFC')));
      assert.equal([...names], ['Luchs, 3', 'Luchs, 10']);
      assert.ok((await inspectPictures(dataset, { decode: false })).every(({ problem }) => problem === undefined));
      assert.ok(dataset.notes!.some((note) => note.includes('(2 of 4)')));
      assert.equal(checkDataset(dataset), []);
    }));
}

test('columns, folder, splits and cameras that are asked for', () =>
  withFiles({ ...ANIMAL_PICTURES, 'tables/t.csv': written(',', ['Foto', 'Tier', 'camera']) }, async (folder) => {
    const open = (rest: string) => openDataset(`table:${folder}/tables/t.csv?path=foto&id=Tier${rest}`);
    await failsWith(() => open(''), 'None of the 16 pictures', 'folder=DIR');
    const dataset = await open(`&folder=${folder}&train=Wölfin 1,Wölfin 2&camera=each`);
    assert.equal([...new Set(dataset.train.map(({ identityName }) => identityName))], ['Wölfin 1', 'Wölfin 2']);
    assert.equal([dataset.cameras, dataset.query.length], [16, 2]);
  }));

test('what the table says again, says in two ways, or has no picture of, is told and left out', () =>
  withFiles(ANIMAL_PICTURES, async (folder) => {
    const [first, second] = ANIMALS as [(typeof ANIMALS)[number], (typeof ANIMALS)[number]];
    const rows = [
      ...ANIMALS,
      first,
      [second[0], 'Luchs, 10', second[2]],
      ['Kamera Süd/fehlt.jpg', 'Luchs, 10', 'Kamera Süd'],
    ];
    await writeFile(join(folder, 't.csv'), written(';', HEADER, rows as string[][]));
    const dataset = await openDataset(`table:${folder}/t.csv`);
    assert.equal(
      dataset.problems!.map(({ code, message }) => [code, message.replaceAll(folder, '')]),
      [
        ['missing-file', '1 picture of 19 not found, first /Kamera Süd/fehlt.jpg (row 20)'],
        [
          'contradiction',
          'the table says different things of 1 picture, first /Kamera Süd/IMG 0_2.JPG (identity Wölfin 1 in row 3, Luchs, 10 in row 19)',
        ],
      ],
    );
    assert.equal(
      dataset.skipped!.map(({ path }) => basename(path)),
      ['IMG 0_1.JPG (row 18)'],
    );
    assert.is(dataset.train.length + dataset.query.length + dataset.gallery.length, 15);
    const skipping = await openDataset(`table:${folder}/t.csv?missing=skip`);
    assert.equal(
      skipping.problems!.map(({ code }) => code),
      ['contradiction'],
    );
    const joined = await openDataset(`table:${folder}/t.csv+synthetic:identities=2,testIdentities=2`);
    assert.equal(
      checkDataset(joined).map(({ code }) => code),
      ['missing-file', 'contradiction'],
    );
  }));

test('mistakes are named with their place', async () => {
  const fails = (text: string, ...patterns: string[]) =>
    withFiles({ ...pictures('a.jpg'), 't.csv': text }, (folder) =>
      failsWith(() => openDataset(`table:${folder}/t.csv`), 't.csv', ...patterns),
    );
  await fails('', 'no rows');
  await fails('path,camera\na.jpg,1\n', 'no column id', 'path, camera', 'id=COLUMN');
  await fails('photo;wolf\na.jpg;1\n', 'no column id', 'photo, wolf');
  await fails('path,id\na.jpg,1,2\n', 'row 2 has 3 fields', 'double quotes');
  await fails('path,id\n\n"a.jpg,1\n', 'opens on line 3');
  await fails('path,id,split\na.jpg,1,tran\n', 'row 2: the split is tran');
  await fails('path,id\n\na.jpg,\n', 'row 3: id is empty');
  await fails('path,id\nb.jpg,1\n', 'None of the 1 pictures', 'b.jpg', 'folder=DIR');
  await fails('{"path": 1\n', 'line 1 is not JSON');
  await fails('PK\u0003\u0004', 'is a spreadsheet', 'CSV');
  await failsWith(() => openDataset('table:/no/such.csv'), '/no/such.csv cannot be opened');
  await failsWith(() => openDataset('table:t.csv?missing=no'), 'it should be skip');
  await failsWith(() => openDataset('table:t.csv?colour=x'), 'no option colour');
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  basename,
  dirname,
  extname,
  factsOf,
  join,
  listFolder,
  mountedFile,
  mountFolder,
  readBytesOf,
  resolve,
  unmountFolder,
} from '../../datasets/file-system.browser.js';

const blob = (text: string): Blob => new Blob([text]);

test.before(() =>
  mountFolder('photos', [
    ['anna/1.jpg', blob('one')],
    ['anna/2.jpg', async () => blob('two')],
    ['list.csv', blob('path')],
  ]),
);
test.after(() => unmountFolder('photos'));

test('chosen files are read by their paths, those that are asked for too', async () => {
  const text = async (path: string) => new TextDecoder().decode(await readBytesOf(path));
  assert.is(await text('photos/anna/1.jpg'), 'one');
  assert.is(await text('photos/./anna/2.jpg'), 'two');
  assert.is(await (await mountedFile('photos/list.csv'))!.text(), 'path');
  assert.is(await mountedFile('photos/anna'), undefined);
});

test('folders are listed, and what is missing is an error as on a disk', async () => {
  const entries = await listFolder('photos');
  assert.equal(
    entries.map((entry) => [entry.name, entry.isDirectory()]),
    [
      ['anna', true],
      ['list.csv', false],
    ],
  );
  assert.ok((await factsOf('photos/list.csv')).isFile());
  const error = await readBytesOf('photos/bert.jpg').catch((caught: Error & { code?: string }) => caught);
  assert.is((error as { code?: string }).code, 'ENOENT');
});

test('paths are taken apart and put together as on a disk', () => {
  assert.is(join('photos', '', 'anna', '../bert/1.jpg'), 'photos/bert/1.jpg');
  assert.is(resolve('photos/lists', '../anna'), 'photos/anna');
  assert.equal([dirname('photos/anna/1.jpg'), basename('photos/anna/1.jpg')], ['photos/anna', '1.jpg']);
  assert.equal([extname('a/b.tar.JPG'), extname('a/.hidden')], ['.JPG', '']);
});

test('a folder of the same name takes its place', async () => {
  mountFolder('other', [['a.jpg', blob('a')]]);
  mountFolder('other', [['b.jpg', blob('b')]]);
  assert.equal(
    (await listFolder('other')).map(({ name }) => name),
    ['b.jpg'],
  );
  unmountFolder('other');
});

test.run();

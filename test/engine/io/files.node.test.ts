import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError, openFile, readFileBytes, writeFileAtomically } from '../../../engine/io/files.node.js';
import { openSafetensors, writeSafetensors } from '../../../engine/io/safetensors.js';
import { bytes, outcome, refuses } from './fixtures.js';

const test = suite('files');
let folder = '';
const at = (name: string) => join(folder, name);

test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-test-'));
});
test.after.each(async () => {
  await rm(folder, { recursive: true });
});

async function fails(run: () => Promise<unknown>, ...words: (RegExp | string)[]): Promise<void> {
  const error = await outcome(run);
  assert.instance(error, FileError, String(error));
  for (const word of words) assert.match((error as FileError).message, word);
}

test('text, bytes and chunks are written, and replace what was there', async () => {
  await writeFileAtomically(at('a'), 'é');
  assert.is(await readFile(at('a'), 'utf8'), 'é');
  await writeFileAtomically(at('a'), bytes('new'));
  assert.is(await readFile(at('a'), 'utf8'), 'new');
  await writeFileAtomically(at('a'), [bytes('x'), bytes(), bytes('yz')]);
  assert.equal(await readFileBytes(at('a')), bytes('xyz'));
  assert.equal(await readdir(folder), ['a']);
});

test('a checkpoint goes through a file in stretches', async () => {
  const data = Float32Array.from({ length: 1000 }, (_, i) => i);
  await writeFileAtomically(at('m'), writeSafetensors([['w', { dtype: 'float32', shape: [10, 100], data }]]));
  const source = await openFile(at('m'));
  const opened = await openSafetensors(source);
  assert.equal((await opened.read('w')).data, data);
  await refuses(() => source.read(source.size - 1, 2), /\/m: bytes/);
  await source.close();
});

test('when making the content fails, the old file stays and nothing else is left', async () => {
  await writeFileAtomically(at('a'), 'old');
  const broken = async function* () {
    yield bytes('half');
    throw new Error('the GPU is gone');
  };
  const error = await outcome(() => writeFileAtomically(at('a'), broken()));
  assert.is((error as Error).message, 'the GPU is gone');
  assert.is(await readFile(at('a'), 'utf8'), 'old');
  assert.equal(await readdir(folder), ['a']);
});

test('several writers leave one whole file', async () => {
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
  await Promise.all(texts.map((text) => writeFileAtomically(at('f'), text)));
  assert.ok(texts.includes(await readFile(at('f'), 'utf8')));
  assert.equal(await readdir(folder), ['f']);
});

test('a symbolic link stays one', async () => {
  await writeFile(at('target'), 'old');
  await symlink(at('target'), at('link'));
  await writeFileAtomically(at('link'), 'new');
  assert.ok((await lstat(at('link'))).isSymbolicLink());
  assert.is(await readFile(at('target'), 'utf8'), 'new');
});

test('errors name the file and the reason', async () => {
  await fails(() => openFile(at('none')), /cannot open .*none: there is no such file/, /ENOENT/);
  await fails(() => readFileBytes(at('none')), /cannot read .*none/);
  await fails(() => openFile(folder), /no regular file|folder/);
  await fails(() => readFileBytes(folder), /it is a folder/);
  await fails(() => writeFileAtomically(at('no/file'), 'x'), /cannot write .*no.file: there is no such file or folder/);
  await writeFile(at('file'), 'x');
  await fails(() => writeFileAtomically(at('file/below'), 'x'), /cannot write/);
  await mkdir(at('folder'));
  await fails(() => writeFileAtomically(at('folder'), 'x'), /cannot write .*folder/);
  assert.equal((await readdir(folder)).sort(), ['file', 'folder']);
});

test('a folder without permission is named', async () => {
  if (process.getuid?.() === 0 || process.platform === 'win32') return;
  await chmod(folder, 0o500);
  await fails(() => writeFileAtomically(at('a'), 'x'), /permission is denied/);
  await chmod(folder, 0o700);
});

test.run();

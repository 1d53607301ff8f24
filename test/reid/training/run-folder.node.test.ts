import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../../engine/io/files.node.js';
import { RunFolder } from '../../../reid/training/run-folder.node.js';

const folder = mkdtempSync(join(tmpdir(), 'run-folder-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('going on drops what comes after, half a line and half a file', async () => {
  const run = new RunFolder(join(folder, 'a/b'));
  for (const step of [1, 2, 3]) run.log({ step, loss: step / 8 });
  run.log({ step: 3, evaluation: { mAP: 0.5 } });
  writeFileSync(run.file('log.jsonl'), `${readFileSync(run.file('log.jsonl'), 'utf8')}{"step":4,"lo`);
  writeFileSync(run.file('.00112233445566ff.tmp'), 'half');
  writeFileSync(run.file('.keep.tmp'), "somebody's own");
  await run.goOnAfter(3);
  const lines = () => readFileSync(run.file('log.jsonl'), 'utf8').trimEnd().split('\n');
  assert.is(lines().length, 4);
  await run.goOnAfter(2);
  assert.equal(lines(), ['{"step":1,"loss":0.125}', '{"step":2,"loss":0.25}']);
  run.log({ step: 3 });
  assert.is(lines().length, 3);
  assert.equal(readdirSync(run.path).sort(), ['.keep.tmp', 'log.jsonl']);
});

test('JSON files', async () => {
  const run = new RunFolder(join(folder, 'json'));
  assert.is(run.readJson('recipe.json'), undefined);
  const path = await run.writeJson('recipe.json', { epochs: 2 });
  assert.equal(run.readJson('recipe.json'), { epochs: 2 });
  writeFileSync(path, '{"epochs":');
  assert.throws(
    () => run.readJson('recipe.json'),
    (error: unknown) => error instanceof FileError && error.message.includes(path),
  );
  assert.throws(() => new RunFolder(join(path, 'inside')), /can not be made/);
});

test.run();

import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../../../engine/io/files.node.js';
import { EventFile, writeEventsOfLog } from '../../../../reid/report/tensorboard/event-file.node.js';
import { readEvents } from '../../../../reid/report/tensorboard/tensorboard.js';

const folder = mkdtempSync(join(tmpdir(), 'events-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
test.before.each(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

let clock = 1_700_000_000;
const open = (after: number) => EventFile.open(folder, after, () => clock++);
const line = (step: number) => ({ step, epoch: 0, loss: 1 / step });
const files = () => readdirSync(folder).filter((name) => name.includes('tfevents'));
const events = () => readEvents(readFileSync(join(folder, files()[0]!))).events;
const steps = () => events().flatMap(({ step, values }) => (values.length > 0 ? [step] : []));

test('a run in one file, from the version on', async () => {
  const file = await open(-1);
  for (let step = 1; step <= 3; step++) file.log(line(step));
  file.log({ step: 3, evaluation: { mAP: 0.5, cmc: { '1': 0.25 } } });
  file.histogram(3, 'distances', [1, 2]);
  assert.equal(files(), ['events.out.tfevents.1700000000.reid-webgpu']);
  const [first] = events();
  assert.is(first!.fileVersion, 'brain.Event:2');
  assert.equal(steps(), [1, 2, 3, 3, 3]);
  assert.is(events()[1]!.values.find(({ tag }) => tag === 'train/loss')!.scalar, 1);
});

test('a resumed run goes on in the same file, no step twice', async () => {
  const killed = await open(-1);
  for (let step = 1; step <= 5; step++) killed.log(line(step));
  const resumed = await open(3);
  assert.is(resumed.path, killed.path);
  for (let step = 4; step <= 6; step++) resumed.log(line(step));
  assert.equal(steps(), [1, 2, 3, 4, 5, 6]);
  assert.is(events().filter(({ fileVersion }) => fileVersion !== undefined).length, 1);
  await open(-1);
  assert.equal(steps(), [], 'a run that begins anew');
  assert.is(files().length, 1);
});

test('what a killed process left half written is cut off, wherever it stopped', async () => {
  const whole = await open(-1);
  whole.log(line(1));
  const kept = readFileSync(whole.path).length;
  whole.log(line(2));
  const all = readFileSync(whole.path);
  for (let length = kept; length < all.length; length += 7) {
    writeFileSync(whole.path, all.subarray(0, length));
    (await open(9)).log(line(3));
    assert.equal(steps(), [1, 3], `${length} bytes`);
  }
  truncateSync(whole.path, 5);
  (await open(9)).log(line(4));
  assert.equal(steps(), [4]);
  assert.is(events()[0]!.fileVersion, 'brain.Event:2', 'an empty file gets its version again');
  appendFileSync(whole.path, 'no record');
  (await open(9)).log(line(5));
  assert.equal(steps(), [4, 5]);
});

test('events of a log, and a folder that is none', async () => {
  const path = await writeEventsOfLog(folder, [line(1), line(2)]);
  assert.is(path, join(folder, files()[0]!));
  assert.equal(steps(), [1, 2]);
  await writeEventsOfLog(folder, [line(1), line(2)]);
  assert.equal(steps(), [1, 2], 'made again, not twice');
  for (const wrong of [join(folder, 'missing'), join(folder, files()[0]!)]) {
    try {
      await EventFile.open(wrong, -1);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, FileError);
      assert.match((error as Error).message, wrong);
    }
  }
});

test.run();

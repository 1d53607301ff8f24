import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Batch, encodeJpeg, Loader, type ReidDataset, trainTransform } from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pseudoPicture } from './pseudo-picture.js';
import { withFiles } from './temporary.node.js';

const transform = trainTransform({ height: 24, width: 12, pad: 2 });

async function withPeople(work: (dataset: ReidDataset, folder: string) => Promise<void>): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for (let id = 0; id < 6; id++) {
    for (let n = 0; n < 5; n++) files[`${id}/${n}.jpg`] = await encodeJpeg(pseudoPicture(10 + id, 20 + n));
  }
  await withFiles(files, async (folder) => work(await openDataset(`folder:${folder}`), folder));
}

async function epoch(dataset: ReidDataset, workers: number): Promise<Batch[]> {
  const loader = new Loader(dataset, dataset.train, { transform, seed: 1, workers });
  const batches: Batch[] = [];
  for await (const batch of loader) batches.push(batch);
  await loader.close();
  return batches;
}

test('any number of workers gives the same batches', () =>
  withPeople(async (dataset) => {
    const inline = await epoch(dataset, 0);
    for (const workers of [1, 3]) assert.equal(await epoch(dataset, workers), inline);
  }));

test('a broken file is named, whoever decodes it', async () => {
  for (const workers of [0, 2]) {
    const files = { 'a/1.jpg': undefined, 'a/2.jpg': new Uint8Array(0), 'b/1.jpg': undefined, 'b/2.jpg': undefined };
    await withFiles(files, async (folder) => {
      const dataset = await openDataset(`folder:${folder}?train=a,b`);
      await failsWith(() => epoch(dataset, workers), join('a', '2.jpg'), '0 bytes');
      const gone = { ...dataset, train: [{ ...dataset.train[0]!, path: join(folder, 'gone.jpg') }] };
      await failsWith(() => epoch(gone, workers), 'gone.jpg', 'no such file');
    });
  }
});

test('a closed loader refuses, and says so', () =>
  withPeople(async (dataset) => {
    const loader = new Loader(dataset, dataset.train, { transform, workers: 1 });
    await loader.close();
    try {
      for await (const _ of loader) assert.unreachable();
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, 'closed');
    }
  }));

/** Loads one batch in a process of its own and then does nothing more. */
const script = (close: boolean, spec: string): string => `
  import { Loader, testTransform } from '${new URL('../../datasets/index.js', import.meta.url)}';
  import { openDataset } from '${new URL('../../datasets/open.node.js', import.meta.url)}';
  const dataset = await openDataset(${JSON.stringify(spec)});
  const loader = new Loader(dataset, dataset.train, { transform: testTransform({ height: 24, width: 12 }), workers: 2 });
  for await (const batch of loader) { console.log(String(batch.labels.length)); break; }
  ${close ? 'await loader.close();' : ''}`;

test('a process ends by itself, with close and without', () =>
  withPeople(async (_dataset, folder) => {
    for (const close of [true, false]) {
      const args = ['--input-type=module', '-e', script(close, `folder:${folder}`)];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
      assert.is(stdout.trim(), '15');
    }
  }));

test.run();

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFolders } from '../../datasets/check-folders.js';
import { encodeJpeg, encodePng, joinDatasets, probeImage } from '../../datasets/index.js';
import { inspectPictures } from '../../datasets/inspect.node.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pseudoPicture } from './pseudo-picture.js';
import { pictures, withFiles } from './temporary.node.js';

const jpeg = await encodeJpeg(pseudoPicture(20, 30));
const png = await encodePng(pseudoPicture(21, 31));

/** Damage that the size and the end of the file do not show. */
function scrambled(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  copy[copy.length >> 1]! ^= 0x55;
  return copy;
}

const FILES = {
  ...pictures('a/1.jpg', 'a/2.png', 'b/5.jpg', 'c/1.jpg', 'c/2.jpg'),
  'a/3.jpg': jpeg,
  'b/1.jpg': jpeg.subarray(0, jpeg.length - 30),
  'b/2.png': png.subarray(0, png.length - 5),
  'b/3.png': new Uint8Array(0),
  'b/4.jpg': 'no picture',
  'c/3.png': scrambled(png),
};

const findProblems = async (spec: string, decode: boolean, workers?: number) => {
  const dataset = await openDataset(spec);
  const found = await inspectPictures(dataset, { decode, workers });
  return found.map(({ path, problem, width, height }) => {
    const short = path.split(/[/\\]/).slice(-2).join('/');
    return `${short} ${problem === undefined ? `${width} x ${height}` : problem.slice(problem.indexOf(short) + short.length + 1, 60 + problem.indexOf(short))}`;
  });
};

test('each picture is looked at once, in order, by any number of threads; quick looks find all but inner damage', () =>
  withFiles(FILES, async (folder) => {
    const spec = `folder:${folder}?train=a,b`;
    const whole = await findProblems(spec, true);
    assert.is(whole.length, 11);
    const sizes = ['a/1.jpg 6 x 12', 'a/2.png 6 x 12', 'a/3.jpg 20 x 30'];
    assert.equal(whole.slice(0, 3), sizes);
    for (const [i, says] of [
      'cannot be read as JPEG',
      'cannot be read as PNG',
      'is empty (0 bytes)',
      'is not a picture',
    ].entries()) {
      assert.match(whole[3 + i]!, says);
    }
    assert.match(whole.find((line) => line.startsWith('c/3'))!, 'cannot be read as PNG');
    assert.equal(await findProblems(spec, true, 3), whole);
    const quick = await findProblems(spec, false);
    assert.match(quick.find((line) => line.startsWith('c/3'))!, 'c/3.png 21 x 31');
    assert.equal(
      quick.map((line) => line.slice(0, 12)).filter((line) => !line.startsWith('c/3')),
      whole.map((line) => line.slice(0, 12)).filter((line) => !line.startsWith('c/3')),
    );
  }));

test('equal files have equal hashes, others have not', () =>
  withFiles({ ...FILES, 'a/4.jpg': jpeg }, async (folder) => {
    const found = await inspectPictures(await openDataset(`folder:${folder}?train=a,b`));
    const hash = (name: string) => found.find(({ path }) => path.endsWith(join(...name.split('/'))))!.hash;
    assert.is(hash('a/4.jpg'), hash('a/3.jpg'));
    assert.is(new Set(['a/1.jpg', 'a/2.png', 'a/3.jpg'].map(hash)).size, 3);
  }));

test('work that is ended gives what was found by then; drawn pictures can be looked at too', async () => {
  const drawn = await openDataset(
    'synthetic:identities=8,testIdentities=4,cameras=2,images=2,height=32,width=16,distractors=4',
  );
  const controller = new AbortController();
  const some = await inspectPictures(drawn, {
    signal: controller.signal,
    progress: (done) => done === 5 && controller.abort(),
  });
  assert.ok(some.length >= 5 && some.length < 52, String(some.length));
  assert.equal((await inspectPictures(drawn, { decode: false })).length, 0);
  await withFiles(FILES, async (folder) => {
    const joined = joinDatasets([drawn, await openDataset(`folder:${folder}?train=a,b`)]);
    const all = await inspectPictures(joined);
    assert.is(all.length, 52 + 11);
    assert.equal(all.filter(({ problem }) => problem !== undefined).length, 5);
    assert.is((await inspectPictures(joined, { decode: false })).length, 11);
  });
});

test('a file that is not there any more', () =>
  withFiles(pictures('a/x.jpg', 'a/y.jpg', 'b/x.jpg', 'b/y.jpg', 'c/x.jpg', 'c/y.jpg'), async (folder) => {
    const dataset = await openDataset(`folder:${folder}?train=a,b`);
    await rm(join(folder, 'a', 'x.jpg'));
    const found = await inspectPictures(dataset);
    assert.equal(found.length, 6);
    assert.match(found[0]!.problem!, 'x.jpg cannot be opened: there is no such file');
  }));

test('a probe reads the size that decoding gives', async () => {
  for (const [width, height] of [
    [1, 1],
    [17, 300],
    [640, 33],
  ] as const) {
    const picture = pseudoPicture(width, height);
    assert.equal(probeImage(await encodeJpeg(picture), 'x'), { format: 'JPEG', width, height });
    assert.equal(probeImage(await encodePng(picture), 'x'), { format: 'PNG', width, height });
  }
  for (const file of [jpeg, png]) {
    for (let length = 0; length < file.length; length += 7) {
      await failsWith(() => probeImage(file.subarray(0, length), 'cut'), 'cut');
    }
  }
});

test('what lies beside the pictures of a data set', () =>
  withFiles(
    {
      ...pictures(
        'bounding_box_train/0001_c1s1_000001_01.jpg',
        'bounding_box_train/0002_c1s1_000001_01.jpg',
        'bounding_box_train/inner/0002_c2s1_000001_01.jpg',
        'bounding_box_train/empty/',
        'query/0003_c1s1_000001_00.jpg',
        'query/holiday.jpg',
        'bounding_box_test/0003_c2s1_000001_01.jpg',
      ),
      'query/0003_c2s1_000001_00.bmp': 'x',
      'query/readme.txt': 'x',
      'query/Thumbs.db': 'x',
      'query/.hidden': 'x',
    },
    async (folder) => {
      const findings = await checkFolders(await openDataset(`market1501:${folder}`));
      const short = (path: string) => path.slice(folder.length + 1).replaceAll('\\', '/');
      assert.equal(
        findings.map(({ level, code, items = [] }) => [level, code, items.map(short).join()]),
        [
          ['warning', 'skipped', 'query/holiday.jpg'],
          ['warning', 'empty-folder', 'bounding_box_train/empty'],
          ['warning', 'stray-picture', 'bounding_box_train/inner/0002_c2s1_000001_01.jpg'],
          ['warning', 'other-format', 'query/0003_c2s1_000001_00.bmp'],
          ['note', 'other-file', 'query/readme.txt'],
        ],
      );
      const pattern = await openDataset(`pattern:${folder}?name={id}_c{camera}s*.jpg&train=1-2&test=4-9,0003`);
      assert.equal(
        (await checkFolders(pattern)).map(({ code }) => code),
        ['skipped', 'empty-folder', 'other-format', 'other-file'],
      );
    },
  ));

test('a folder that links to one above it is walked once', async () => {
  const { symlink } = await import('node:fs/promises');
  await withFiles(pictures('a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg', 'c/1.jpg', 'c/2.jpg'), async (folder) => {
    await symlink(folder, join(folder, 'a', 'loop'));
    const dataset = await openDataset(`folder:${folder}?train=a,b`);
    assert.equal([dataset.train.length, dataset.query.length, dataset.gallery.length], [4, 1, 1]);
  });
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic, createTransform, testTransform, withoutLabels } from '../../datasets/index.js';
import { openUnlabelled } from '../../datasets/unlabelled.node.js';
import { failsWith } from './fails-with.js';
import { pictures as files, withFiles } from './temporary.node.js';

const small = createSynthetic({ identities: 3, testIdentities: 2, images: 2, cameras: 2, height: 32, width: 16 });

test('the training pictures of a data set come without labels, in an order that the seed draws', async () => {
  const one = withoutLabels(small, 1);
  assert.equal(withoutLabels(small, 1).pictures, one.pictures);
  assert.not.equal(withoutLabels(small, 2).pictures, one.pictures);
  const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path);
  assert.equal(paths(one.pictures).sort(), paths(small.train).sort());
  assert.not.equal(paths(one.pictures), paths(small.train), 'not in the order of identities');
  for (const picture of one.pictures) assert.equal(Object.keys(picture), ['path']);
  const record = small.train.find(({ path }) => path === one.pictures[0]!.path)!;
  assert.equal(await one.read(one.pictures[0]!), await small.read(record));
});

test('a folder is all pictures below it, whatever its folders are called; one with train is a data set', async () => {
  await withFiles(files('a.png', 'camera 1/b.png', 'camera 2/deep/c.png'), async (root) => {
    const { pictures, labelled } = await openUnlabelled(`folder:${root}`, 1);
    assert.is(labelled, undefined);
    assert.equal([pictures.pictures.length, pictures.onDisk], [3, true]);
    assert.is((await pictures.read(pictures.pictures[0]!)).data.length, 6 * 12 * 3);
  });
  const { labelled } = await openUnlabelled('synthetic:identities=3,testIdentities=2,height=32,width=16', 1);
  assert.is(labelled!.identities, 3);
  const names = ['train/anna/1.png', 'train/anna/2.png', 'train/ben/1.png', 'train/ben/2.png'];
  await withFiles(files(...names, 'query/eve/1.png', 'gallery/eve/2.png'), async (root) => {
    const opened = await openUnlabelled(`folder:${root}`, 1);
    assert.equal([opened.labelled!.identities, opened.pictures.pictures.length], [2, 4]);
  });
  await withFiles({ 'readme.txt': 'none' }, (root) =>
    failsWith(() => openUnlabelled(`folder:${root}`, 1), /no JPEG or PNG/),
  );
});

test('a random rectangle becomes the whole picture; one that does not fit leaves it as it is', () => {
  const pixels = Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => Math.floor(i / 48) * 8);
  const base = testTransform({ height: 32, width: 16, mean: [0, 0, 0], std: [1, 1, 1] });
  const of = (crop: { minArea: number; minAspect: number; maxAspect: number }, sample: number) => {
    const out = new Float32Array(3 * 32 * 16);
    createTransform({ ...base, crop }, 1).write(pixels, sample, out, 0);
    return Array.from({ length: 32 }, (_, y) => Math.round(out[y * 16]! * 255));
  };
  const whole = Array.from({ length: 32 }, (_, y) => 8 * y);
  assert.equal(of({ minArea: 1, minAspect: 2, maxAspect: 2 }, 1), whole, 'all of it');
  assert.equal(of({ minArea: 0.9, minAspect: 9, maxAspect: 9 }, 1), whole, 'nothing fits');
  const crops = Array.from({ length: 20 }, (_, sample) => of({ minArea: 0.64, minAspect: 2, maxAspect: 3 }, sample));
  assert.ok(
    crops.some((rows) => rows[0]! > 8),
    'parts of the picture',
  );
  for (const rows of crops) {
    assert.ok(
      rows.every((value, y) => y === 0 || value >= rows[y - 1]!),
      'in order',
    );
    assert.ok(rows[31]! - rows[0]! >= 0.6 * 248, 'at least that much of the height');
  }
});

test.run();

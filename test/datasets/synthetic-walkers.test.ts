import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkDataset,
  countRecords,
  createToyWalkers,
  type ImageRecord,
  SPLITS,
  toyStructure,
  trueView,
  withoutLabels,
} from '../../datasets/index.js';
import { shotOfPath } from '../../datasets/synthetic/walker-shot.js';
import { fnv1a32 } from '../../random/philox.js';
import { failsWith } from './fails-with.js';

const hash = (data: Uint8Array): number => fnv1a32(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));

const SMALL = { identities: 3, testIdentities: 2, images: 3, cameras: 2, distractors: 2, height: 64, width: 32 };

test('splits: some people to train on, others with a query in each camera', () => {
  const dataset = createToyWalkers();
  assert.equal(
    SPLITS.map((split) => countRecords(dataset[split], split === 'train').images),
    [32 * 4 * 6, 16 * 4, 16 * 4 * 5 + 16],
  );
  assert.equal([dataset.identities, dataset.cameras, checkDataset(dataset)], [32, 4, []]);
  assert.is(new Set(SPLITS.flatMap((split) => dataset[split]).map(({ path }) => path)).size, 1168);
});

test('a path is all that it takes to draw a picture', async () => {
  const dataset = createToyWalkers({ ...SMALL, seed: 5 });
  const stranger = dataset.gallery.at(-1)!;
  assert.equal(stranger.path, 'toy-walkers/5/64x32/0000_c2_1');
  assert.is(shotOfPath(stranger.path).person, 1_000_001);
  for (const record of [dataset.train[4]!, stranger]) {
    assert.equal((await trueView({ path: record.path }, 0)).data, (await dataset.read(record)).data);
  }
  const bare = withoutLabels(dataset, 1);
  assert.equal((await bare.read(bare.pictures[0]!)).data, (await trueView(bare.pictures[0]!, 0)).data);
});

/** Hashes of pictures and of a true view. They change only when the drawing does, and then results on this set change too. */
const GOLDEN = [2917440890, 1153481400, 2759650758];

test('pictures stay as they are from version to version, and differ from seed to seed', async () => {
  const dataset = createToyWalkers(SMALL);
  const images = [await dataset.read(dataset.train[0]!), await dataset.read(dataset.query[2]!)];
  images.push(await dataset.trueView(dataset.train[0]!, 3));
  assert.equal([images[0]!.width, images[0]!.height], [32, 64]);
  assert.equal(
    images.map(({ data }) => hash(data)),
    GOLDEN,
  );
  const foreign = createToyWalkers({ ...SMALL, seed: 2 });
  assert.not.equal((await foreign.read(foreign.train[0]!)).data, images[0]!.data);
});

test('a true view turns the person, and nothing else', async () => {
  const dataset = createToyWalkers(SMALL);
  const size = { height: 64, width: 32 };
  for (const record of [dataset.train[1]!, dataset.train[8]!]) {
    const photo = (await dataset.read(record)).data;
    assert.equal((await dataset.trueView(record, 8)).data, photo, 'all around');
    for (const view of [2, 4]) {
      const turned = (await dataset.trueView(record, view)).data;
      const [before, after] = [0, view].map((v) => toyStructure().structure(record, v, size));
      const [from, to] = [await before!, await after!];
      let [inside, outside] = [0, 0];
      for (let i = 0; i < 64 * 32; i++) {
        const difference = Math.abs(turned[i * 3]! - photo[i * 3]!);
        // The upper corners are far from people, their bags and their shadows.
        if (from[i]! < 1 && to[i]! < 1) inside += difference;
        else if (i < 32 * 16 && (i % 32 < 3 || i % 32 > 28)) outside = Math.max(outside, difference);
      }
      assert.ok(inside > 500, `view ${view}: the person is turned (${inside})`);
      assert.is(outside, 0, `view ${view}: the ground stays`);
    }
  }
});

/** Nearest neighbour on raw pixels under Market-1501's rule. */
test('raw pixels are a weak baseline', async () => {
  const dataset = createToyWalkers({
    identities: 2,
    testIdentities: 10,
    images: 3,
    distractors: 8,
    height: 32,
    width: 16,
  });
  const pixels = new Map<ImageRecord, Uint8Array>();
  for (const record of [...dataset.query, ...dataset.gallery]) pixels.set(record, (await dataset.read(record)).data);
  let sum = 0;
  for (const query of dataset.query) {
    const a = pixels.get(query)!;
    const ranked = dataset.gallery
      .filter(({ identity, camera }) => identity !== query.identity || camera !== query.camera)
      .map((record) => {
        const b = pixels.get(record)!;
        return { match: record.identity === query.identity, far: a.reduce((d, v, i) => d + (v - b[i]!) ** 2, 0) };
      })
      .sort((one, other) => one.far - other.far);
    let [matches, precision] = [0, 0];
    for (const [rank, { match }] of ranked.entries()) if (match) precision += ++matches / (rank + 1);
    sum += precision / matches;
  }
  const mAP = sum / dataset.query.length;
  assert.ok(mAP > 0.08 && mAP < 0.35, `mAP ${mAP}`);
});

test('what makes no sense is named', async () => {
  await failsWith(() => createToyWalkers({ images: 1 }), 'toy-walkers: images is 1', 'from 2');
  await failsWith(
    () => trueView({ path: 'synthetic/1/128x64/0001_c1_0' }, 1),
    '0001_c1_0 is not a picture of toy-walkers',
  );
});

test.run();

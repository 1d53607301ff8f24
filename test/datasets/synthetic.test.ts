import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkDataset,
  countRecords,
  createSynthetic,
  describeDataset,
  type ImageRecord,
  SPLITS,
} from '../../datasets/index.js';
import { fnv1a32 } from '../../random/philox.js';
import { failsWith } from './fails-with.js';

const hash = (data: Uint8Array): number => fnv1a32(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));

test('the default set has the splits of a small Market-1501', () => {
  const dataset = createSynthetic();
  assert.equal(countRecords(dataset.train, true), { images: 768, identities: 64, cameras: 6, junk: 0, distractors: 0 });
  assert.equal(countRecords(dataset.query), { images: 288, identities: 48, cameras: 6, junk: 0, distractors: 0 });
  assert.equal(countRecords(dataset.gallery), { images: 336, identities: 48, cameras: 6, junk: 0, distractors: 48 });
  assert.equal(checkDataset(dataset), []);
  assert.match(describeDataset(dataset), /gallery +48 +336 +6 {2}\(48 of them distractors\)/);
});

test('the same seed draws the same bytes, in any order', async () => {
  const [one, other] = [createSynthetic({ seed: 3 }), createSynthetic({ seed: 3 })];
  const picks = (records: readonly ImageRecord[]) => [0, 7, 30].map((i) => records[i]!);
  const first = [];
  for (const record of picks(one.train)) first.push((await one.read(record)).data);
  for (const [i, record] of [...picks(other.train).entries()].reverse()) {
    assert.equal((await other.read(record)).data, first[i]);
  }
  const foreign = createSynthetic({ seed: 4 });
  assert.not.equal((await foreign.read(foreign.train[0]!)).data, first[0]);
});

/** Hashes of three pictures. They change only when the drawing does, and then results on this set change too. */
const GOLDEN = [3600556870, 2605113862, 2776238449];

test('pictures stay as they are from version to version', async () => {
  const dataset = createSynthetic({ seed: 1 });
  const hashes = [];
  for (const record of [dataset.train[0]!, dataset.query[5]!, dataset.gallery[300]!]) {
    hashes.push(hash((await dataset.read(record)).data));
  }
  assert.equal(hashes, GOLDEN);
});

test('size and numbers are options', async () => {
  const dataset = createSynthetic({
    identities: 3,
    testIdentities: 2,
    images: 3,
    cameras: 2,
    distractors: 1,
    height: 48,
    width: 24,
  });
  assert.equal(
    SPLITS.map((split) => dataset[split].length),
    [18, 4, 9],
  );
  const { width, height, data } = await dataset.read(dataset.train[0]!);
  assert.equal([width, height, data.length], [24, 48, 48 * 24 * 3]);
  assert.is(new Set(SPLITS.flatMap((split) => dataset[split]).map(({ path }) => path)).size, 31);
});

test('more cameras than six are other cameras', async () => {
  const dataset = createSynthetic({ identities: 2, testIdentities: 2, cameras: 8, height: 32, width: 16 });
  assert.is(dataset.cameras, 8);
  const [first, seventh] = [dataset.train[0]!, dataset.train[12]!];
  assert.is(seventh.camera, 6);
  assert.not.equal((await dataset.read(first)).data, (await dataset.read(seventh)).data);
});

test('options that make no sense are named', async () => {
  await failsWith(() => createSynthetic({ identities: 1 }), 'identities is 1', 'from 2');
  await failsWith(() => createSynthetic({ cameras: 2.5 }), 'cameras is 2.5');
  const dataset = createSynthetic();
  await failsWith(() => dataset.read({ ...dataset.train[0]!, path: 'elsewhere' }), 'elsewhere', 'seed 1');
});

/** Nearest neighbour on raw pixels under Market-1501's rule: hard, but above chance. */
test('raw pixels find few of the people', async () => {
  const dataset = createSynthetic({ identities: 2, testIdentities: 16, distractors: 12, height: 64, width: 32 });
  const pixels = new Map<ImageRecord, Uint8Array>();
  for (const record of [...dataset.query, ...dataset.gallery]) pixels.set(record, (await dataset.read(record)).data);
  let sum = 0;
  for (const query of dataset.query) {
    const a = pixels.get(query)!;
    const ranked = dataset.gallery
      .filter(({ identity, camera }) => identity !== query.identity || camera !== query.camera)
      .map((record) => {
        const b = pixels.get(record)!;
        return {
          match: record.identity === query.identity,
          distance: a.reduce((d, value, i) => d + (value - b[i]!) ** 2, 0),
        };
      })
      .sort((one, other) => one.distance - other.distance);
    let matches = 0;
    let precision = 0;
    for (const [rank, { match }] of ranked.entries()) if (match) precision += ++matches / (rank + 1);
    sum += precision / matches;
  }
  const mAP = sum / dataset.query.length;
  assert.ok(mAP > 0.05 && mAP < 0.3, `mAP ${mAP}`);
});

test.run();

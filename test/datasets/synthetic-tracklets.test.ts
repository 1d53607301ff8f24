import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkDataset,
  countRecords,
  createSyntheticTracklets,
  createSyntheticVehicles,
  groupTracklets,
  RECORDING,
  type ReidDataset,
  SPLITS,
} from '../../datasets/index.js';
import { passTimes } from '../../datasets/synthetic/travel.js';
import { fnv1a32 } from '../../random/philox.js';
import { failsWith } from './fails-with.js';

const hash = (data: Uint8Array): number => fnv1a32(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));

const codes = (dataset: ReidDataset): string[] => checkDataset(dataset).map(({ code }) => code);

const SMALL = { identities: 3, testIdentities: 2, cameras: 3, distractors: 4, height: 32, width: 16 };

test('tracklets: 8 to 12 frames, two a camera, the first the query, passers-by in the gallery', () => {
  const dataset = createSyntheticTracklets(SMALL);
  assert.equal(
    SPLITS.map((split) => countRecords(dataset[split], split === 'train').tracklets),
    [18, 6, 6 + 4],
  );
  assert.equal([codes(dataset), dataset.timed, dataset.identities], [[], true, 3]);
  const all = SPLITS.flatMap((split) => groupTracklets(dataset[split]));
  assert.is(new Set(all.map(({ number }) => number)).size, 34);
  const lengths = all.map(({ frames }) => frames.length);
  assert.equal([Math.min(...lengths), Math.max(...lengths)], [8, 12]);
  for (const { frames } of all)
    assert.ok(frames.every(({ frame }, i) => i === 0 || frame! === frames[i - 1]!.frame! + 3));
  const one = createSyntheticTracklets({ ...SMALL, tracklets: 1, minFrames: 1, maxFrames: 1 });
  assert.equal(
    one.query.map(({ camera }) => camera),
    [0, 0],
  );
  assert.equal(codes(one), ['one-frame']);
});

test('frames of a tracklet differ a little, and are the same in any order', async () => {
  const [one, other] = [createSyntheticTracklets(SMALL), createSyntheticTracklets(SMALL)];
  const [first, second] = groupTracklets(one.train) as [
    ReturnType<typeof groupTracklets>[0],
    ReturnType<typeof groupTracklets>[0],
  ];
  const pictures = [];
  for (const frame of first.frames.slice(0, 3)) pictures.push((await one.read(frame)).data);
  for (const i of [2, 0, 1]) assert.equal((await other.read(first.frames[i]!)).data, pictures[i]);
  const difference = (a: Uint8Array, b: Uint8Array): number =>
    a.reduce((sum, v, i) => sum + Math.abs(v - b[i]!), 0) / a.length;
  const near = difference(pictures[0]!, pictures[1]!);
  const far = difference(pictures[0]!, (await one.read(groupTracklets(one.train)[2]!.frames[0]!)).data);
  assert.ok(near > 1 && near < far, `${near} within, ${far} to another camera`);
  assert.is(second.camera, first.camera);
});

/** Deviation of the time from the first camera to the second. */
function spread(travel: boolean): number {
  const times = Array.from({ length: 200 }, (_, who) => passTimes(1, 4, who, travel));
  const ways = times.map(([a, b]) => Math.abs(b! - a!));
  const mean = ways.reduce((sum, way) => sum + way, 0) / ways.length;
  return Math.sqrt(ways.reduce((sum, way) => sum + (way - mean) ** 2, 0) / ways.length);
}

test('along the road travel times are alike; without it they are not', () => {
  assert.ok(spread(true) < 0.02 * RECORDING, String(spread(true)));
  assert.ok(spread(false) > 0.15 * RECORDING, String(spread(false)));
  for (let who = 0; who < 50; who++) {
    for (const time of [...passTimes(2, 64, who, true), ...passTimes(2, 64, who, false)]) {
      assert.ok(Number.isInteger(time) && time >= 1 && time < 1.1 * RECORDING, `${who}: ${time}`);
    }
  }
  const [along, anywhere] = [createSyntheticTracklets(SMALL), createSyntheticTracklets({ ...SMALL, travel: 0 })];
  assert.not.equal(along.train[0]!.frame, anywhere.train[0]!.frame);
});

test('vehicles: named as in VeRi-776, with the frame', () => {
  const dataset = createSyntheticVehicles({ ...SMALL, height: 48, width: 64 });
  assert.equal(
    SPLITS.map((split) => dataset[split].length),
    [18, 6, 10],
  );
  assert.equal([codes(dataset), dataset.timed], [[], true]);
  for (const split of SPLITS) {
    for (const { path, camera, frame, identityName } of dataset[split]) {
      const [, name, place, time] = /\/(\d{4})_c(\d{3})_(\d{8})_\d+$/.exec(path)!;
      assert.equal([name, Number(place), Number(time)], [identityName, camera + 1, frame]);
    }
  }
});

test('vehicles of two seeds are others; a size is a size', async () => {
  const [one, two] = [1, 2].map((seed) => createSyntheticVehicles({ ...SMALL, seed, height: 48, width: 64 }));
  const picture = await one!.read(one!.train[0]!);
  assert.equal([picture.height, picture.width, picture.data.length], [48, 64, 48 * 64 * 3]);
  assert.not.equal((await two!.read(two!.train[0]!)).data, picture.data);
});

/** Hashes of pictures. They change only when the drawing does, and then results on these sets change too. */
const GOLDEN = [3982982631, 4192202929, 3622102639, 3696438946];

test('pictures stay as they are from version to version', async () => {
  const walkers = createSyntheticTracklets({ seed: 1 });
  const vehicles = createSyntheticVehicles({ seed: 1 });
  const hashes = [];
  for (const record of [walkers.train[4]!, walkers.gallery.at(-1)!])
    hashes.push(hash((await walkers.read(record)).data));
  for (const record of [vehicles.train[0]!, vehicles.query[7]!]) hashes.push(hash((await vehicles.read(record)).data));
  assert.equal(hashes, GOLDEN);
});

test('options that make no sense are named', async () => {
  await failsWith(() => createSyntheticTracklets({ minFrames: 9, maxFrames: 8 }), 'minFrames is 9');
  await failsWith(() => createSyntheticTracklets({ travel: 2 }), 'travel is 2', 'from 0 to 1');
  await failsWith(() => createSyntheticVehicles({ cameras: 1 }), 'synthetic-vehicles: cameras is 1');
  await failsWith(
    () => createSyntheticVehicles().read({ ...createSyntheticVehicles().train[0]!, path: 'x' }),
    'x is not',
  );
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClipBatch, ClipLoader } from '../../datasets/clip-loader.js';
import { stratifiedSampler, testClipSampler } from '../../datasets/clip-sampler.js';
import {
  createTransform,
  type ImageRecord,
  identitySampler,
  type ReidDataset,
  resizeBilinear,
  testTransform,
} from '../../datasets/index.js';
import { groupTracklets } from '../../datasets/tracklets.js';
import { fgreidTransform } from '../../datasets/transforms.js';
import { failsWith } from './fails-with.js';
import { pseudoPicture } from './pseudo-picture.js';

const SIZE = { height: 16, width: 8 };

/** Tracklets of these lengths, three an identity; frames of all tracklets are mixed, and of mixed sizes. */
const LENGTHS = [1, 3, 5, 6, 12, 2, 7, 9, 4];

function clips(): ReidDataset {
  const train: ImageRecord[] = [];
  for (let frame = 0; frame < 12; frame++) {
    LENGTHS.forEach((length, tracklet) => {
      if (frame >= length) return;
      const identity = Math.floor(tracklet / 3);
      train.push({
        path: `${tracklet}/${frame}`,
        identity,
        camera: tracklet % 2,
        identityName: String(identity),
        tracklet,
        frame,
      });
    });
  }
  return {
    name: 'clips',
    train,
    query: [],
    gallery: [],
    identities: 3,
    cameras: 2,
    onDisk: false,
    read: async ({ path }) => pseudoPicture(6 + (path.length % 3), 10 + Number(path.split('/')[1])),
  };
}

async function collect(loader: ClipLoader, epochs = 1): Promise<ClipBatch[]> {
  const batches: ClipBatch[] = [];
  const end = loader.state.epoch + epochs;
  while (loader.state.epoch < end) for await (const batch of loader) batches.push(batch);
  return batches;
}

const labels = LENGTHS.map((_, tracklet) => Math.floor(tracklet / 3));
const sampler = identitySampler({
  labels,
  identities: 2,
  images: 2,
  seed: 3,
  cover: 'identities',
  shortage: 'replacement',
});

test('batches of clips: P identities, K tracklets of each, frames in order, each frame changed by itself', async () => {
  const dataset = clips();
  const transform = fgreidTransform({ ...SIZE, enlarge: { pad: 1, factor: 1.125, probability: 0.5 } });
  const loader = new ClipLoader(dataset, dataset.train, { frames: 4, sampler, transform, seed: 5 });
  const { write } = createTransform(transform, 5);
  const size = 3 * 16 * 8;
  for (const batch of await collect(loader)) {
    assert.equal(batch.shape, [4, 4, 3, 16, 8]);
    assert.equal([...batch.tracklets], [...sampler.batches(0)[batch.index]!]);
    assert.is(new Set(batch.labels).size, 2);
    for (let clip = 0; clip < 4; clip++) {
      const tracklet = loader.tracklets[batch.tracklets[clip]!]!;
      assert.equal([batch.labels[clip], batch.cameras[clip]], [tracklet.identity, tracklet.camera]);
      const frames = [...batch.indices.subarray(clip * 4, clip * 4 + 4)].map((i) => dataset.train[i]!);
      assert.ok(frames.every((frame) => frame.tracklet === tracklet.number));
      assert.ok(frames.every(({ frame }, i) => i === 0 || frame! >= frames[i - 1]!.frame!));
    }
    const pictures = await Promise.all([...batch.indices].map((i) => loader.store.get(dataset.train[i]!)));
    pictures.forEach((pixels, i) => {
      const expected = new Float32Array(size);
      write(pixels, batch.index * 16 + i, expected, 0);
      assert.equal(batch.images.slice(i * size, (i + 1) * size), expected);
    });
  }
  await loader.close();
});

test('other frames in every epoch; a run that stops goes on as it would have', async () => {
  const dataset = clips();
  const make = () =>
    new ClipLoader(dataset, dataset.train, { frames: 4, sampler, transform: testTransform(SIZE), seed: 5 });
  const whole = await collect(make(), 3);
  assert.not.equal([...whole[0]!.indices], [...whole[1]!.indices]);
  const loader = make();
  loader.state = { epoch: 2, batch: 0 };
  assert.equal((await collect(loader))[0]!.images, whole.at(-1)!.images);
});

test('test clips: of each tracklet one batch, or as many as wanted', async () => {
  const dataset = clips();
  const transform = testTransform(SIZE);
  const dense = await collect(new ClipLoader(dataset, dataset.train, { frames: 4, transform }));
  assert.equal(
    dense.map(({ shape }) => shape[0]),
    LENGTHS.map((length) => Math.ceil(length / 4)),
  );
  assert.equal(
    [...dense[5]!.indices].map((i) => dataset.train[i]!.path),
    ['5/0', '5/1', '5/0', '5/1'],
  );
  const { data } = resizeBilinear(await dataset.read(dataset.train[0]!), 8, 16);
  const one = new Float32Array(384);
  createTransform(transform).write(data, 0, one, 0);
  assert.equal(dense[0]!.images.slice(384, 768), one);
  const limited = new ClipLoader(dataset, dataset.train, {
    frames: 4,
    transform,
    clips: { mode: 'dense', most: 1, batch: 5 },
  });
  const few = await collect(limited);
  assert.equal(
    few.map(({ shape }) => shape[0]),
    [5, 5, 4],
  );
  assert.equal(
    few.flatMap(({ tracklets }) => [...tracklets]),
    [0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8],
  );
  const tracklets = groupTracklets(dataset.train);
  const spread = testClipSampler(tracklets, 4, { mode: 'test', most: 6, seed: 2 }).batches(0);
  assert.equal(
    spread.map(({ length }) => length / 4),
    [1, 1, 2, 2, 2, 1, 2, 2, 1],
  );
  const random = testClipSampler(tracklets, 4, { mode: 'random' }).batches(0);
  assert.ok(random.every(({ length }) => length === 4));
});

test('what cannot be is refused', async () => {
  const dataset = clips();
  const transform = testTransform(SIZE);
  assert.throws(() => new ClipLoader(dataset, dataset.train, { frames: 0, transform }), /0 frames a clip/);
  assert.throws(() => new ClipLoader(dataset, dataset.train, { frames: 2, transform, labels: [1] }), /1 labels for 9/);
  const both = { frames: 2, transform, sampler, clips: { mode: 'dense' } } as const;
  assert.throws(() => new ClipLoader(dataset, dataset.train, both), /give one/);
  const mixed = [dataset.train[0]!, { ...dataset.train[1]!, tracklet: 0 }];
  await failsWith(() => new ClipLoader(dataset, mixed, { frames: 2, transform }), '1/0', 'one identity in one camera');
});

test("FGReID's batches of images: one of each stretch, identities shuffled or in order", () => {
  const many = Array.from({ length: 70 }, (_, i) => Math.floor(i / 10));
  const inOrder = stratifiedSampler({ labels: many, identities: 3, images: 4, seed: 1, shuffle: false });
  for (const epoch of [0, 1]) {
    const batches = inOrder.batches(epoch);
    // The seventh identity never comes.
    assert.equal(
      batches.map((batch) => batch.map((i) => many[i])),
      [0, 3].map((p) => [p, p, p, p, p + 1, p + 1, p + 1, p + 1, p + 2, p + 2, p + 2, p + 2]),
    );
    for (const batch of batches) {
      batch.forEach((i, place) => {
        const [k, within] = [place % 4, i % 10];
        assert.ok(within >= 2 * k && within <= (k === 3 ? 9 : 2 * k + 1));
      });
    }
  }
  const shuffled = stratifiedSampler({ labels: many, identities: 3, images: 4, seed: 1 });
  const seen = new Set(
    Array.from({ length: 9 }, (_, epoch) =>
      shuffled
        .batches(epoch)
        .flat()
        .map((i) => many[i]!),
    ).flat(),
  );
  assert.is(seen.size, 7);
  assert.throws(() => stratifiedSampler({ labels: [0, 1], identities: 3, images: 4, seed: 1 }), /at most 2 identities/);
});

test('an identity with few images: all, then some again; or drawn with replacement', () => {
  const short = [0, 0, 0, 1, 1, 1];
  const options = { labels: short, identities: 2, images: 4, seed: 1 };
  const distinct = (shortage: 'repeat' | 'replacement'): Set<number> =>
    new Set(
      Array.from({ length: 30 }, (_, epoch) => identitySampler({ ...options, shortage }).batches(epoch)[0]!).map(
        (batch) => new Set(batch.slice(0, 4)).size,
      ),
    );
  assert.equal([...distinct('repeat')], [3]);
  assert.ok(distinct('replacement').has(2));
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Batch,
  createSynthetic,
  createTransform,
  type ImageRecord,
  identitySampler,
  Loader,
  type ReidDataset,
  resizeBilinear,
  testTransform,
  trainTransform,
} from '../../datasets/index.js';
import { pseudoPicture } from './pseudo-picture.js';

const SIZE = { height: 16, width: 8 };

/** Ten identities of six small pictures each, in memory. */
function memoryDataset(): ReidDataset & { reads: number } {
  const train = Array.from({ length: 60 }, (_, i): ImageRecord => {
    const identity = Math.floor(i / 6);
    return { path: `memory/${i}`, identity, camera: i % 3, identityName: String(identity) };
  });
  const dataset = {
    name: 'memory',
    train,
    query: [],
    gallery: [],
    identities: 10,
    cameras: 3,
    onDisk: false,
    reads: 0,
    async read({ path }: ImageRecord) {
      dataset.reads++;
      return pseudoPicture(9, 20 + (Number(path.slice(7)) % 5));
    },
  };
  return dataset;
}

const labels = memoryDataset().train.map(({ identity }) => identity);
const sampler = identitySampler({ labels, identities: 3, images: 2, seed: 5 });
const transform = trainTransform({ ...SIZE, pad: 2 });

async function collect(loader: Loader, epochs = 1): Promise<Batch[]> {
  const batches: Batch[] = [];
  const end = loader.state.epoch + epochs;
  while (loader.state.epoch < end) for await (const batch of loader) batches.push(batch);
  return batches;
}

test('a batch is what its parts say, written out plainly', async () => {
  const dataset = memoryDataset();
  const loader = new Loader(dataset, dataset.train, { sampler, transform, seed: 3 });
  const { write } = createTransform(transform, 3);
  for (const batch of await collect(loader)) {
    assert.equal(batch.shape, [6, 3, 16, 8]);
    assert.equal([...batch.indices], [...sampler.batches(0)[batch.index]!]);
    for (let i = 0; i < 6; i++) {
      const record = dataset.train[batch.indices[i]!]!;
      assert.is(batch.labels[i], record.identity);
      assert.is(batch.cameras[i], record.camera);
      const { data } = resizeBilinear(await dataset.read(record), 8, 16);
      const expected = new Float32Array(384);
      write(data, batch.index * 6 + i, expected, 0);
      assert.equal(batch.images.slice(i * 384, (i + 1) * 384), expected);
    }
  }
  await loader.close();
});

test('a run that stops and continues gives the same batches', async () => {
  const dataset = memoryDataset();
  const make = () => new Loader(dataset, dataset.train, { sampler, transform, seed: 3 });
  const whole = await collect(make(), 3);
  const first = make();
  const before: Batch[] = [];
  outer: while (true) {
    for await (const batch of first) {
      before.push(batch);
      if (before.length === sampler.batches(0).length + 2) break outer;
    }
  }
  const second = make();
  second.state = JSON.parse(JSON.stringify(first.state));
  assert.equal(second.state, { epoch: 1, batch: 2 });
  const after = await collect(second, 2);
  assert.is(before.length + after.length, whole.length);
  for (const [i, batch] of [...before, ...after].entries()) {
    assert.equal(batch.images, whole[i]!.images);
    assert.equal([batch.epoch, batch.index], [whole[i]!.epoch, whole[i]!.index]);
  }
});

test('each picture is read once, and not kept beyond the room there is', async () => {
  const dataset = memoryDataset();
  const loader = new Loader(dataset, dataset.train, { transform });
  await collect(loader, 3);
  assert.is(dataset.reads, 60);
  assert.is(loader.store.bytes, 60 * 384);
  const tight = memoryDataset();
  const small = new Loader(tight, tight.train, { transform, cacheBytes: 10 * 384 });
  await collect(small, 2);
  assert.is(small.store.bytes, 10 * 384);
  assert.is(tight.reads, 60 + 50);
});

test('labels can be replaced, and must match the records', async () => {
  const dataset = memoryDataset();
  const pseudo = Int32Array.from({ length: 60 }, (_, i) => i % 7);
  const loader = new Loader(dataset, dataset.train, { transform, labels: pseudo });
  const [batch] = await collect(loader);
  assert.equal([...batch!.labels], [...pseudo]);
  assert.throws(() => new Loader(dataset, dataset.train, { transform, labels: [1, 2] }), /2 labels for 60 records/);
});

test('a shared store must have the same size; a state must exist', () => {
  const dataset = memoryDataset();
  const loader = new Loader(dataset, dataset.train, { transform, sampler });
  const other = testTransform({ height: 32, width: 16 });
  assert.throws(() => new Loader(dataset, dataset.train, { transform: other, store: loader.store }), /16 x 8.*32 x 16/);
  assert.throws(() => {
    loader.state = { epoch: 0, batch: 999 };
  }, /cannot continue at batch 999/);
});

test('a picture that cannot be read stops the loop when its turn comes', async () => {
  const dataset = memoryDataset();
  const read = dataset.read;
  dataset.read = async (record) => {
    if (record.path === 'memory/40') throw new Error('memory/40 is broken');
    return read(record);
  };
  const loader = new Loader(dataset, dataset.train, { transform, sampler: { batchSize: 10, batches: () => tens } });
  const tens = [0, 1, 2, 3, 4, 5].map((ten) => Array.from({ length: 10 }, (_, i) => ten * 10 + i));
  let seen = 0;
  try {
    for await (const _ of loader) seen++;
    assert.unreachable('the loop should have stopped');
  } catch (error) {
    assert.match((error as Error).message, 'memory/40 is broken');
  }
  assert.is(seen, 4);
});

test('drawn pictures load too', async () => {
  const dataset = createSynthetic({
    identities: 2,
    testIdentities: 2,
    cameras: 2,
    distractors: 0,
    height: 32,
    width: 16,
  });
  const loader = new Loader(dataset, dataset.query, { transform: testTransform(SIZE) });
  const [batch] = await collect(loader);
  assert.equal(batch!.shape, [4, 3, 16, 8]);
  assert.equal([...batch!.labels], [3, 3, 4, 4]);
});

test.run();

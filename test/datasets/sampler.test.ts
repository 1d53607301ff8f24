import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  groupByLabel,
  identitySampler,
  repeatingSampler,
  sequentialSampler,
  shuffledSampler,
} from '../../datasets/index.js';
import { failsWith } from './fails-with.js';

/** Identity i has i + 1 images. */
const LABELS = Array.from({ length: 10 }, (_, identity) => Array<number>(identity + 1).fill(identity)).flat();

test('every batch holds P identities with K images each, side by side', () => {
  const sampler = identitySampler({ labels: LABELS, identities: 4, images: 3, seed: 1 });
  for (let epoch = 0; epoch < 5; epoch++) {
    const batches = sampler.batches(epoch);
    assert.ok(batches.length > 0);
    for (const batch of batches) {
      assert.is(batch.length, 12);
      const identities = [0, 1, 2, 3].map((group) => {
        const labels = batch.slice(group * 3, group * 3 + 3).map((i) => LABELS[i]!);
        assert.is(new Set(labels).size, 1);
        return labels[0]!;
      });
      assert.is(new Set(identities).size, 4);
    }
  }
});

test('images repeat only where an identity has fewer than K', () => {
  const sampler = identitySampler({ labels: LABELS, identities: 2, images: 4, seed: 3 });
  const times = new Map<number, number>();
  for (const batch of sampler.batches(0)) {
    for (let group = 0; group < 2; group++) {
      const part = batch.slice(group * 4, group * 4 + 4);
      const available = LABELS[part[0]!]! + 1;
      assert.is(new Set(part).size, Math.min(4, available));
      if (available >= 4) for (const i of part) times.set(i, (times.get(i) ?? 0) + 1);
    }
  }
  assert.ok([...times.values()].every((count) => count === 1));
});

test('an epoch covers nearly all images, or each identity once', () => {
  const labels = Array.from({ length: 240 }, (_, i) => i % 20);
  const images = identitySampler({ labels, identities: 5, images: 4, seed: 2 });
  const used = new Set(images.batches(0).flat());
  assert.ok(used.size > 0.8 * 240, `${used.size} of 240`);
  const once = identitySampler({ labels, identities: 5, images: 4, seed: 2, cover: 'identities' });
  const seen = once.batches(0).flatMap((batch) => [0, 4, 8, 12, 16].map((at) => labels[batch[at]!]!));
  assert.equal(
    seen.sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('the same seed and epoch give the same batches, others do not', () => {
  const make = (seed: number) => identitySampler({ labels: LABELS, identities: 4, images: 2, seed });
  assert.equal(make(7).batches(3), make(7).batches(3));
  assert.not.equal(make(7).batches(3), make(7).batches(4));
  assert.not.equal(make(7).batches(3), make(8).batches(3));
});

test('records with a negative label are left out', () => {
  const labels = [0, -1, 1, 0, -1, 1];
  assert.equal(
    [...groupByLabel(labels)],
    [
      [0, [0, 3]],
      [1, [2, 5]],
    ],
  );
  const sampler = identitySampler({ labels, identities: 2, images: 2, seed: 0 });
  assert.ok(
    sampler
      .batches(0)
      .flat()
      .every((i) => labels[i]! >= 0),
  );
});

test('too few identities is an error that says how many there are', async () => {
  await failsWith(
    () => identitySampler({ labels: LABELS, identities: 16, images: 4, seed: 1 }),
    '16',
    'has 10',
    'at most 10',
  );
  assert.throws(() => identitySampler({ labels: LABELS, identities: 0, images: 4, seed: 1 }), /P = 0/);
});

test('sequential batches hold everything once, in order', () => {
  const { batches } = sequentialSampler(10, 4);
  assert.equal(batches(0), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  assert.is(batches(1), batches(0));
});

test('shuffled batches are a permutation of their epoch', () => {
  const sampler = shuffledSampler(10, 4, 1, false);
  assert.equal(
    sampler
      .batches(0)
      .flat()
      .sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.not.equal(sampler.batches(0), sampler.batches(1));
  assert.is(shuffledSampler(10, 4, 1).batches(0).length, 2);
});

test('repeated batches hold each record several times, side by side, and numbers of samples leave room for them', () => {
  const { batches, batchSize } = repeatingSampler(sequentialSampler(3, 2), 3);
  assert.equal(batches(0), [
    [0, 0, 0, 1, 1, 1],
    [2, 2, 2],
  ]);
  assert.is(batchSize, 6);
  assert.throws(() => repeatingSampler(sequentialSampler(3, 2), 0), /at least once, not 0/);
});

test.run();

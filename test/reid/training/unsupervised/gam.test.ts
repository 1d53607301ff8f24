import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clusterContrastSmall, gam, gamSmall, overrideRecipe } from '../../../../reid/recipes/index.js';
import { mergesOf, publishedRound, roundsOf } from '../../../../reid/training/unsupervised/gam-method.js';
import { purityOf, sharedPairsOf, sizesOf } from '../../../../reid/training/unsupervised/hindsight.js';
import type { RoundClustered, UnsupervisedStep } from '../../../../reid/training/unsupervised/trainer.js';
import { closeAfter } from '../../../engine/device.js';
import { eventsUntil, tinyGAM, tinyUnsupervised, unlabelled } from './tiny.js';

closeAfter(test);

test('the schedule is that of the paper’s data sets', () => {
  assert.equal([roundsOf(gam), mergesOf(gam, 12_936), mergesOf(gam, 16_522)], [19, 646, 826]);
  const left = (pictures: number, merges: number) => pictures - mergesOf(gam, pictures) * merges;
  assert.equal([left(12_936, 18), left(12_936, 19), left(16_522, 18), left(16_522, 19)], [1308, 662, 1654, 828]);
  assert.is(publishedRound(gam, 12_936), 18, 'the last step that has at least a tenth as many clusters as pictures');
  assert.is(publishedRound(overrideRecipe(gam, ['publishAt=0.5']), 1000), 10);
  const hundred = overrideRecipe(gam, ['clustering.mergePercent=0.29']);
  assert.is(mergesOf(hundred, 100), 29, 'not a merge fewer for 0.29 being no binary fraction');
});

test('clusters become fewer by as many each step, labels have no gaps, and each step begins with an empty table', async () => {
  const trainer = tinyUnsupervised(tinyGAM());
  const events = await eventsUntil(trainer);
  await trainer.close();
  const clustered = events.filter((event): event is RoundClustered => event.kind === 'clustered');
  assert.equal(
    clustered.map(({ round, clusters }) => [round, clusters]),
    [
      [1, 27],
      [2, 18],
      [3, 9],
    ],
  );
  for (const { labels, clusters, merged, before } of clustered) {
    assert.equal(
      [...new Set(labels)].sort((a, b) => a - b),
      Array.from({ length: clusters }, (_, i) => i),
    );
    assert.is(merged!.length, 18);
    for (const [i, label] of before.labels.entries()) {
      assert.ok(
        before.labels.every((other, j) => other !== label || labels[i] === labels[j]),
        'clusters only grow',
      );
    }
  }
  const steps = events.filter((event): event is UnsupervisedStep => event.kind === 'step');
  assert.equal(
    steps.map(({ round, epoch, clusters }) => [round, epoch, clusters]),
    [
      ...[0, 0, 0, 1, 1, 1].map((epoch) => [0, epoch, 36]),
      ...[2, 2, 2].map((epoch) => [1, epoch, 27]),
      ...[3, 3, 3].map((epoch) => [2, epoch, 18]),
    ],
  );
  for (const round of [0, 1, 2]) {
    const first = steps.find((step) => step.round === round)!;
    assert.ok(Math.abs(first.losses.aclLoss! - Math.log(first.clusters)) < 1e-5, `round ${round}`);
    assert.ok(Math.abs(first.losses.loss - first.losses.aclLoss! - first.losses.idlLoss!) < 1e-4);
    if (round > 0) assert.ok(Math.abs(first.lr - 0.01) < 1e-9);
  }
  const ended = events.map(({ kind }) => kind).filter((kind) => kind !== 'step');
  assert.equal(ended, ['trained', 'clustered', 'trained', 'clustered', 'trained', 'clustered']);
});

test('what is counted afterwards', () => {
  const labels = Int32Array.of(0, 0, 1, 1, 1, -1);
  const identities = Int32Array.of(5, 5, 5, 6, 6, 7);
  assert.is(purityOf(labels, identities), 4 / 5);
  assert.is(sharedPairsOf([0, 1, 2, 3], identities), 0.5);
  assert.equal(sizesOf({ labels, clusters: 2 }), Int32Array.of(2, 3));
});

test('no identity can be reached from what is trained on', () => {
  for (const picture of unlabelled.pictures) assert.equal(Object.keys(picture), ['path']);
  // @ts-expect-error: the pictures that training sees have no identity
  assert.is(unlabelled.pictures[0]!.identity, undefined);
  // @ts-expect-error: nor has their data set labelled lists
  assert.is(unlabelled.train, undefined);
});

test('too few pictures, and settings of another method, are refused by name', () => {
  assert.throws(() => tinyUnsupervised(tinyGAM('batch=40')), /36 pictures: too few/);
  assert.throws(() => tinyUnsupervised(tinyGAM('optimiser.kind=adam')), /sgd/);
  assert.throws(() => overrideRecipe(gamSmall, ['model.groups=3']), /does not divide into 3 groups/);
  assert.throws(() => overrideRecipe(clusterContrastSmall, ['loss.idlWeight=1']), /no key "loss\.idlWeight"/);
});

test.run();

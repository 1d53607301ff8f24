import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recordOf, sharedPairsOf } from '../../../../reid/training/unsupervised/hindsight.js';
import type { RoundClustered, UnsupervisedStep } from '../../../../reid/training/unsupervised/trainer.js';
import { closeAfter } from '../../../engine/device.js';
import { bands, eventsUntil, tinyGAM, tinyUnsupervised } from './tiny.js';

closeAfter(test);

/** Losses by epoch and the share of right merges of a training on bands of colour. */
async function smoke(sorted: boolean, seed: number) {
  const pictures = bands(16, 4, sorted);
  const identities = Int32Array.from(pictures.pictures, pictures.identityOf);
  const recipe = tinyGAM('batch=16', 'epochs=12', 'later.epochs=2', 'augment.jitter=null');
  const trainer = tinyUnsupervised(recipe, seed, pictures);
  const events = await eventsUntil(trainer);
  await trainer.close();
  const merged = events.flatMap((event) => (event.kind === 'clustered' ? event.merged! : []));
  const first = events.filter((event): event is UnsupervisedStep => event.kind === 'step' && event.round === 0);
  const mean = (steps: readonly UnsupervisedStep[], name: 'aclLoss' | 'idlLoss') =>
    steps.reduce((sum, { losses }) => sum + losses[name]!, 0) / steps.length;
  const fall = (name: 'aclLoss' | 'idlLoss') => [mean(first.slice(0, 4), name), mean(first.slice(-4), name)] as const;
  const last = events.findLast((event): event is RoundClustered => event.kind === 'clustered')!;
  return { acl: fall('aclLoss'), idl: fall('idlLoss'), shared: sharedPairsOf(merged, identities), last, identities };
}

test('16 people in colours of their own, from random weights: both losses fall and nine of ten merges are right', async () => {
  const { acl, idl, shared, last, identities } = await smoke(false, 1);
  assert.ok(acl[1] < acl[0], `clustering loss ${acl}`);
  assert.ok(idl[1] < idl[0], `instance loss ${idl}`);
  assert.ok(shared >= 0.9, `${shared} of the merged pairs are of one person`);
  assert.equal([last.clusters, recordOf(last, identities).outliers], [16, 0]);
  const sorted = await smoke(true, 1);
  assert.ok(Math.abs(sorted.shared - shared) <= 0.1, `in order of identity ${sorted.shared}, shuffled ${shared}`);
});

test.run();

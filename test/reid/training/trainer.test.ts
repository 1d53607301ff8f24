import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DivergedError, type Trainer } from '../../../reid/training/trainer.js';
import { closeAfter } from '../../engine/device.js';
import { differing } from './differing.js';
import { steps, tinyRecipe, tinyTrainer } from './tiny.js';

closeAfter(test);

const STEPS = 4;

/** Losses of some steps, and the weights after them. */
async function course(trainer: Trainer) {
  const reports = await steps(trainer, STEPS);
  return {
    losses: reports.map(({ loss, idLoss, tripletLoss }) => [loss, idLoss, tripletLoss]),
    state: await trainer.model.stateArrays(),
  };
}

test('the same seed gives the same bits, another seed others', async () => {
  const recipe = tinyRecipe();
  const [a, b, c] = [
    await course(tinyTrainer(recipe, 3)),
    await course(tinyTrainer(recipe, 3)),
    await course(tinyTrainer(recipe, 4)),
  ];
  assert.equal(b.losses, a.losses);
  assert.equal(differing(a.state, b.state), []);
  assert.not.equal(c.losses, a.losses);
  assert.ok(differing(a.state, c.state).length > 50);
});

test('a step tells where it is, and how many are left', async () => {
  const trainer = tinyTrainer(tinyRecipe('epochs=2', 'sampler.cover=identities', 'schedule.warmup=null'), 1);
  const seen: number[][] = [];
  for await (const { step, epoch, images, lr } of trainer) {
    seen.push([step, epoch, images, trainer.stepsLeft]);
    const factor = 0.01 + 0.495 * (1 + Math.cos((Math.PI * (step - 1)) / 4));
    assert.ok(Math.abs(lr - 2e-3 * factor) < 1e-9, `cosine over all steps: ${lr}`);
  }
  assert.equal(seen, [
    [1, 0, 6, 3],
    [2, 0, 6, 2],
    [3, 1, 6, 1],
    [4, 1, 6, 0],
  ]);
  assert.equal(trainer.state, { epoch: 2, batch: 0, step: 4 });
  assert.equal(await steps(trainer, 1), [], 'nothing is left');
});

test('the loss is the weighted sum of both', async () => {
  const weights = ['loss.idWeight=0.5', 'loss.tripletWeight=3', 'loss.margin=soft', 'loss.labelSmoothing=0'];
  const [report] = await steps(tinyTrainer(tinyRecipe(...weights), 1), 1);
  const { loss, idLoss, tripletLoss } = report!;
  assert.ok(Math.abs(loss - (0.5 * idLoss + 3 * tripletLoss)) < 1e-5);
  assert.ok(Math.abs(idLoss - Math.log(6)) < 0.05, 'a new classifier knows nothing');
});

test('a training set with too few identities for a batch is refused', () => {
  assert.throws(() => tinyTrainer(tinyRecipe('sampler.identities=7'), 1), /Choose at most 6 identities a batch/);
});

test('a loss that turns NaN names step and learning rate', async () => {
  const recipe = tinyRecipe(
    'schedule.kind=constant',
    'schedule.warmup=null',
    'optimiser.kind=sgd',
    'optimiser.lr=1e25',
  );
  let error: unknown;
  try {
    await steps(tinyTrainer(recipe, 1), 10);
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, DivergedError);
  assert.match((error as Error).message, /loss of step \d+ is (NaN|-?Infinity), at learning rate 1\.00e\+25/);
  assert.match((error as Error).message, /--set optimiser\.lr=1e\+24/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetError } from '../../../../datasets/index.js';
import { CheckpointError } from '../../../../reid/training/checkpoint.js';
import type { GCLEvent, GCLStep } from '../../../../reid/training/gcl/events.js';
import { restoreGCL } from '../../../../reid/training/gcl/restore.js';
import { closeAfter } from '../../../engine/device.js';
import { differing } from '../differing.js';
import { bars, blocks, eventsUntil, saved, tinyGCL, tinyTrainer } from './tiny.js';

closeAfter(test);

const isStep = (event: GCLEvent): event is GCLStep => event.kind === 'step';
const recipe = tinyGCL();

test('all stages: what is frozen stays, and a run that is stopped in any stage goes on to the same bits', async () => {
  const trainer = tinyTrainer(recipe);
  const stops: ((event: GCLEvent) => boolean)[] = [
    (event) => isStep(event) && event.stage === 1,
    (event) => event.kind === 'stage' && event.stage === 1,
    (event) => isStep(event) && event.stage === 2,
    (event) => event.kind === 'stage' && event.stage === 2,
    (event) => isStep(event) && event.stage === 3,
    (event) => event.kind === 'epoch' && event.stage === 3,
  ];
  const events: GCLEvent[] = [];
  const checkpoints = [];
  for (const stop of stops) {
    const before = events.length;
    events.push(...(await eventsUntil(trainer, stop)));
    assert.ok(events.length > before && stop(events.at(-1)!));
    checkpoints.push({ made: events.length, checkpoint: await saved(trainer), kind: events.at(-1)!.kind });
  }
  const [, one, , two, inside] = checkpoints.map(({ checkpoint }) => checkpoint);
  assert.equal(differing(one!.model, two!.model), [], 'the encoder and its statistics stay as they are in stage 2');
  assert.ok(differing(one!.pseudo, two!.pseudo).some((name) => name.startsWith('generator.')));
  const count = (of: typeof one) => Number(of!.model.get('bn1.num_batches_tracked')!.data[0]);
  assert.is(count(inside) - count(one), 0);
  events.push(...(await eventsUntil(trainer)));
  const rates = events.filter(isStep).map(({ stage, lr }) => `${stage} ${lr.toPrecision(3)}`);
  assert.ok(rates.includes(`2 ${recipe.drawing.lrGenerator.toPrecision(3)}`));
  const falling = events.filter(isStep).filter(({ stage }) => stage === 2);
  assert.ok(falling.at(-1)!.lr < recipe.drawing.lrGenerator * (2 / falling.length), 'rates fall towards 0');
  assert.ok(rates.includes(`3 ${recipe.joint.lr.toPrecision(3)}`));
  const last = await saved(trainer);
  for (const { made, checkpoint } of checkpoints.filter(({ kind }) => kind !== 'stage')) {
    const again = tinyTrainer(recipe);
    await restoreGCL(again, checkpoint);
    assert.equal(again.state, checkpoint.position);
    const rest = await eventsUntil(again);
    assert.equal(rest, events.slice(made), `all that happens after event ${made}`);
    const end = await saved(again);
    for (const part of ['model', 'pseudo'] as const) assert.equal(differing(end[part], last[part]), [], part);
    assert.equal(differing(end.optimiser.arrays, last.optimiser.arrays), [], 'moments');
    await again.close();
  }
  const moved = differing(two!.model, last.model);
  assert.ok(moved.includes('conv1.weight') && !moved.some((name) => /running|num_batches/.test(name)), 'frozen norms');
  const memory = last.pseudo.get('memory')!;
  const [rows, width] = memory.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    const squares = memory.data.slice(row * width, (row + 1) * width) as Float32Array;
    assert.ok(Math.abs(squares.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4, 'rows of length 1');
  }
  await trainer.close();
});

test('an encoder in joint training counts every kind of picture, blends twice, or the photos alone', async () => {
  for (const [bnStats, times] of [
    ['all', 6],
    ['photos', 1],
  ] as const) {
    const trainer = tinyTrainer(tinyGCL('stages=[3]', `joint.bnStats=${bnStats}`));
    await eventsUntil(trainer, isStep);
    const { model } = await saved(trainer);
    assert.is(Number(model.get('bn1.num_batches_tracked')!.data[0]), times, bnStats);
    await trainer.close();
  }
});

test('a generator begins with the codes of the photos once, unless it draws already', async () => {
  const drawing = tinyGCL('stages=[2]');
  const trainers = [tinyTrainer(drawing), tinyTrainer(drawing, { drawsAlready: true })];
  assert.equal(
    trainers.map(({ state }) => state.phase),
    ['fit', 'train'],
  );
  const losses = [];
  for (const trainer of trainers) {
    const events = await eventsUntil(trainer, isStep);
    losses.push(events.filter(isStep)[0]!.losses.loss);
    assert.is(trainer.state.phase, 'train');
    await trainer.close();
  }
  assert.not.equal(losses[0], losses[1]);
});

test('a warm-up by JVTC clusters its bank when it is due, and goes on to the same bits', async () => {
  const changes = ['warmup=jvtc', 'stages=[1]', 'epochs=3', 'jvtc.versions=2', 'jvtc.clustersFrom=1', 'jvtc.every=2'];
  const ofBank = ['jvtc.k1=4', 'jvtc.k2=2', 'jvtc.rho=0.1', 'jvtc.momentumStep=0.2'];
  const warmUp = tinyGCL(...changes, ...ofBank);
  const trainer = tinyTrainer(warmUp);
  const stops: ((event: GCLEvent) => boolean)[] = [
    // Behind the last batch before the clustering; within an epoch whose clusters are of the one before.
    (event) => isStep(event) && event.step === 4,
    (event) => isStep(event) && event.epoch === 2,
  ];
  const events: GCLEvent[] = [];
  const checkpoints = [];
  for (const stop of stops) {
    events.push(...(await eventsUntil(trainer, stop)));
    checkpoints.push({ made: events.length, checkpoint: await saved(trainer) });
  }
  events.push(...(await eventsUntil(trainer)));
  const steps = events.filter(isStep);
  assert.is(steps.length, 12, 'three pictures twice in a batch');
  assert.ok(steps.every(({ images }) => images === 6));
  const kinds = events.map((event) => (event.kind === 'step' ? Object.keys(event.losses).length : event.kind));
  const epoch = (losses: number) => [losses, losses, losses, losses, 'epoch'];
  assert.equal(kinds, [...epoch(2), 'clustered', ...epoch(3), ...epoch(3), 'stage']);
  for (const { losses } of steps)
    assert.ok(Math.abs(losses.loss - losses.localLoss! - 0.2 * (losses.bankLoss ?? 0)) < 1e-4, 'the weighted sum');
  const last = await saved(trainer);
  for (const { made, checkpoint } of checkpoints) {
    const again = tinyTrainer(warmUp);
    await restoreGCL(again, checkpoint);
    assert.equal(again.state, checkpoint.position);
    // Who goes on behind the last batch of an epoch has seen its end.
    const rest = events.slice(made).filter(({ kind }, i) => i > 0 || kind !== 'epoch');
    assert.equal(await eventsUntil(again), rest, `all that happens after event ${made}`);
    const end = await saved(again);
    for (const part of ['model', 'pseudo'] as const) assert.equal(differing(end[part], last[part]), [], part);
    assert.equal(differing(end.optimiser.arrays, last.optimiser.arrays), [], 'moments');
    await again.close();
  }
  await trainer.close();
});

async function failure(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing failed');
}

test('maps that are missing or of another size, pictures without any, clusters that are none: each says what to do', async () => {
  const drawing = tinyGCL('stages=[2]');
  const small = { ...bars, structure: async () => new Float32Array(7) };
  const wrong = await failure(eventsUntil(tinyTrainer(drawing, { structure: small })));
  assert.instance(wrong, DatasetError);
  assert.match(wrong.message, /bars: the map of block\/.*has 7 values; 48×40/);
  const few = { ...bars, views: 2 };
  assert.match(
    (await failure(eventsUntil(tinyTrainer(drawing, { structure: few })))).message,
    /2 views: none is turned by/,
  );
  const none = { ...bars, has: () => false };
  assert.match(
    (await failure(eventsUntil(tinyTrainer(drawing, { structure: none })))).message,
    /0 pictures with structure maps/,
  );
  const joint = tinyTrainer(tinyGCL('stages=[3]', 'clustering.minSamples=12', 'clustering.eps=0.01'));
  assert.match((await failure(eventsUntil(joint))).message, /into 0 clusters.*--set clustering\.eps=/);
});

test('a checkpoint of other pictures is refused', async () => {
  const checkpoint = await saved(tinyTrainer(recipe, { dataset: blocks(3, 4) }));
  const trainer = tinyTrainer(recipe);
  await eventsUntil(trainer, isStep);
  const other = tinyTrainer(recipe, { dataset: blocks(3, 5) });
  const error = await failure(restoreGCL(other, await saved(trainer)));
  assert.instance(error, CheckpointError);
  assert.match(error.message, /12 pictures, the data has 15/);
  assert.is(checkpoint.position.step, 0);
  await trainer.close();
});

test('one cluster of all pictures leaves no negatives, and training goes on', async () => {
  const trainer = tinyTrainer(
    tinyGCL(
      'stages=[3]',
      'joint.epochs=1',
      'clustering.minSamples=1',
      'clustering.eps=0.999',
      'clustering.k1=11',
      'variant=cvpr',
    ),
    {
      dataset: blocks(1, 8),
    },
  );
  const steps = (await eventsUntil(trainer)).filter(isStep);
  assert.ok(steps.length > 0);
  await trainer.close();
});

test.run();

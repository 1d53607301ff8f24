import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EvaluationContext } from '../../../reid/training/evaluation.js';
import { DivergedError, type StepReport, type Trainer } from '../../../reid/training/trainer.js';
import {
  type LogLine,
  RunClock,
  type RunPlace,
  type RunWish,
  type TrainingHost,
  trainingLoop,
} from '../../../reid/training/training-loop.js';

/** Batches of an epoch. */
const EPOCH = 3;

/** A trainer of nothing, whose weight is the number of its steps; after `last` steps it throws. */
function trainerOf(steps: number, last = steps, error?: Error) {
  const trainer = {
    recipe: { epochs: Math.ceil(steps / EPOCH), evaluation: { every: 0 } },
    step: 0,
    get state() {
      return { epoch: Math.floor(this.step / EPOCH), batch: this.step % EPOCH, step: this.step };
    },
    model: { stateArrays: async () => new Map() },
    optimiser: { stateDict: async () => ({ step: trainer.step, groups: [], arrays: new Map() }) },
    async *[Symbol.asyncIterator]() {
      while (trainer.step < last) yield { step: ++trainer.step, epoch: 0, loss: 1 } as unknown as StepReport;
      if (error) throw error;
    },
  };
  return trainer as unknown as Trainer;
}

interface Seen {
  /** Steps of the checkpoints, and how many steps were made when each was written. */
  readonly saved: { place: RunPlace; at: number }[];
  readonly logged: number[];
}

async function loop(trainer: Trainer, changes: Partial<TrainingHost> = {}): Promise<Seen & { error?: Error }> {
  const seen: Seen = { saved: [], logged: [] };
  const host: TrainingHost = {
    async save(_, place) {
      seen.saved.push({ place, at: trainer.step });
      return true;
    },
    log: ({ step }: LogLine) => seen.logged.push(step),
    stepped: () => {},
    evaluated: () => {},
    wish: () => 'go on',
    ...changes,
  };
  const facts = { recipe: trainer.recipe, data: 'none', seed: 1, identities: 2 };
  const context = {} as EvaluationContext;
  const error = await trainingLoop({ trainer, context, facts, clock: new RunClock(), host }).then(
    () => undefined,
    (reason: Error) => reason,
  );
  return { ...seen, error };
}

test('a checkpoint at the start, after each epoch and at the end; written once the next step has shown that it is good', async () => {
  const { saved, logged, error } = await loop(trainerOf(7));
  assert.is(error, undefined);
  assert.equal(
    saved.map(({ place, at }) => [place.epoch, place.step, at]),
    [
      [0, 0, 0],
      [1, 3, 4],
      [2, 6, 7],
      [2, 7, 7],
    ],
  );
  assert.equal(logged, [1, 2, 3, 4, 5, 6, 7]);
});

test('who stops or pauses has a checkpoint of that step', async () => {
  const wishes: RunWish[] = ['go on', 'pause', 'pause', 'go on', 'go on', 'stop', 'stop', 'stop'];
  const waited: number[] = [];
  const trainer = trainerOf(9);
  const { saved } = await loop(trainer, {
    wish: () => wishes.shift()!,
    pause: async () => void waited.push(trainer.step),
  });
  assert.equal(
    saved.map(({ place }) => place.step),
    [0, 2, 3, 4],
  );
  assert.equal(waited, [2]);
  assert.is(trainer.step, 4);
});

test('what could not be written is taken anew', async () => {
  const saved: number[] = [];
  const trainer = trainerOf(4);
  await loop(trainer, {
    async save(_, { step }) {
      saved.push(step);
      return saved.length !== 2;
    },
  });
  assert.equal(saved, [0, 3, 4]);
});

test('an error leaves the last good checkpoint; numbers that are finite no more do not', async () => {
  const lost = new Error('the GPU was lost');
  const after = await loop(trainerOf(6, 3, lost));
  assert.is(after.error, lost);
  assert.equal(
    after.saved.map(({ place }) => place.step),
    [0, 3],
  );
  const diverged = new DivergedError('the loss of step 4 is NaN');
  const broken = await loop(trainerOf(6, 3, diverged));
  assert.is(broken.error, diverged);
  assert.equal(
    broken.saved.map(({ place }) => place.step),
    [0],
  );
});

test('the clock counts what was before, and leaves out what stands apart', async () => {
  const start = performance.now();
  const clock = new RunClock(100);
  await clock.apart(() => new Promise((resume) => setTimeout(resume, 50)));
  const passed = (performance.now() - start) / 1000;
  assert.ok(clock.seconds >= 100 && clock.seconds <= 100 + passed - 0.045, `${clock.seconds} after ${passed} s`);
});

test.run();

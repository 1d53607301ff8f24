import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { factorAt, learningRate, type Schedule, Scheduler } from '../../engine/optim/schedules.js';
import { loadJson } from '../fixture.js';

const test = suite('learning-rate schedules');

interface Golden {
  readonly id: string;
  readonly base_lr: number;
  readonly lr_per_epoch: readonly number[];
  readonly step?: readonly number[];
  readonly factor?: number;
  readonly milestones?: readonly number[];
  readonly step_size?: number;
  readonly gamma?: number;
  readonly warmup_epoch?: number;
  readonly warmup_begin_lr?: number;
  readonly warmup_mode?: 'constant';
  readonly warmup_iters?: number;
  readonly warmup_factor?: number;
  readonly warmup_method?: 'constant' | 'linear';
}

const { cases } = (await loadJson('schedules.json')) as { cases: readonly Golden[] };

function scheduleOf(golden: Golden): Schedule {
  const milestones = golden.milestones ?? golden.step;
  const gamma = golden.gamma ?? golden.factor!;
  const decay: Schedule = milestones
    ? { kind: 'multiStep', milestones, gamma }
    : { kind: 'step', every: golden.step_size!, gamma };
  if (golden.warmup_epoch) {
    const from = golden.warmup_begin_lr! / golden.base_lr;
    return { ...decay, warmup: { epochs: golden.warmup_epoch, from, mode: golden.warmup_mode, decay: 'instead' } };
  }
  if (golden.warmup_iters) {
    const warmup = { epochs: golden.warmup_iters, from: golden.warmup_factor!, mode: golden.warmup_method };
    return { ...decay, warmup };
  }
  return decay;
}

for (const golden of cases) {
  test(`the rates of ${golden.id}`, () => {
    const lr = learningRate(golden.base_lr, scheduleOf(golden));
    for (const [epoch, want] of golden.lr_per_epoch.entries()) {
      assert.ok(Math.abs(lr(epoch) - want) <= 1e-9 * want, `epoch ${epoch}: ${lr(epoch)} instead of ${want}`);
    }
  });
}

test('cosine, linear, exponential and constant courses', () => {
  const cosine: Schedule = { kind: 'cosine', start: 10, end: 30, to: 0.1, warmup: { epochs: 10, from: 0.5 } };
  assert.equal(
    [0, 5, 10, 20, 30, 99].map((epoch) => +factorAt(cosine, epoch).toFixed(12)),
    [0.5, 0.75, 1, 0.55, 0.1, 0.1],
  );
  const linear: Schedule = { kind: 'linear', end: 4 };
  assert.equal(
    [0, 1, 4, 5].map((epoch) => factorAt(linear, epoch)),
    [1, 0.75, 0, 0],
  );
  assert.is(factorAt({ kind: 'exponential', gamma: 0.5 }, 3), 0.125);
  assert.is(factorAt({ kind: 'constant' }, 7), 1);
});

test('the scheduler sets each group by its own base rate', () => {
  const optimiser = { groups: [{ lr: 1 }, { lr: 0.1 }] };
  const scheduler = new Scheduler(optimiser, { kind: 'step', every: 2, gamma: 0.5, warmup: { epochs: 1, from: 0.1 } });
  const seen: number[][] = [];
  for (let epoch = 0; epoch < 3; epoch++, scheduler.step()) seen.push(optimiser.groups.map(({ lr }) => lr));
  assert.equal(seen, [
    [0.1, 0.1 * 0.1],
    [1, 0.1],
    [0.5, 0.05],
  ]);
  scheduler.epoch = 4;
  assert.equal(optimiser.groups, [{ lr: 0.25 }, { lr: 0.025 }]);
});

test.run();

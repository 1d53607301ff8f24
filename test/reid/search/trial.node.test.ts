import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runTrial, type TrialOptions } from '../../../reid/search/trial.node.js';
import { validationSplit } from '../../../reid/search/validation-split.js';
import { readCheckpoint } from '../../../reid/training/checkpoint.node.js';
import { assertSameState } from '../../cli/command-line.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { dataset, tinyRecipe } from '../training/tiny.js';

closeAfter(test);

const folder = mkdtempSync(join(tmpdir(), 'trial-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const split = validationSplit(dataset, { share: 0.34, seed: 2 });

const trial = (name: string, until: number, more: Partial<TrialOptions> = {}) =>
  runTrial({
    gpu,
    dataset: split,
    recipe: tinyRecipe('epochs=3', 'sampler.cover=identities'),
    data: 'synthetic',
    seed: 4,
    checkpoint: join(folder, name),
    until,
    ...more,
  });

test('a trial that goes on from rung to rung comes to the same bits as one that is trained at once', async () => {
  const whole = await trial('whole', 3);
  const stop = new AbortController();
  const stopped = await trial('rungs', 1, { signal: stop.signal, onStep: () => stop.abort() });
  assert.is(stopped, undefined, 'stopped after its first step');
  assert.is((await readCheckpoint(join(folder, 'rungs'))).position.step, 1);
  const first = await trial('rungs', 1);
  assert.equal((await readCheckpoint(join(folder, 'rungs'))).position.epoch, 1);
  assert.equal({ ...(await trial('rungs', 1)), seconds: 0 }, { ...first, seconds: 0 }, 'nothing is trained again');
  const last = await trial('rungs', 3);
  assert.equal({ ...last, seconds: 0 }, { ...whole, seconds: 0 });
  assert.ok(last!.steps > first!.steps);
  assertSameState(await readCheckpoint(join(folder, 'rungs')), await readCheckpoint(join(folder, 'whole')));
});

test('a trial begins with weights once, and one that diverges is a result', async () => {
  let begun = 0;
  const initial = { facts: [{ file: 'a', sha256: 'b' }], begin: () => void begun++ };
  const recipe = tinyRecipe('epochs=2', 'optimiser.lr=1e30', 'schedule.kind=constant', 'schedule.warmup=null');
  const result = await trial('lost', 2, { recipe, initial });
  assert.equal([result!.mAP, result!.rank1, begun], [null, null, 1]);
  assert.match(result!.diverged!, /at learning rate 1\.00e\+30$/);
  assert.not(existsSync(join(folder, 'lost')), 'no checkpoint of it');
});

test.run();

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFileAtomically } from '../../../engine/io/files.node.js';
import {
  CheckpointError,
  type RunFacts,
  readCheckpoint,
  restore,
  takeCheckpoint,
} from '../../../reid/training/checkpoint.node.js';
import type { Metrics } from '../../../reid/training/retrieval.js';
import { DivergedError } from '../../../reid/training/trainer.js';
import { assertSameState } from '../../cli/command-line.js';
import { closeAfter } from '../../engine/device.js';
import { steps, tinyRecipe, tinyTrainer } from './tiny.js';

closeAfter(test);

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const figures: Metrics = { mAP: 0.25, cmc: { '1': 0.5 }, mINP: 0.125 };

const factsOf = (recipe: RunFacts['recipe']): RunFacts => ({
  recipe,
  data: 'synthetic',
  seed: 1,
  identities: 6,
  rawPixels: figures,
  untrained: figures,
});

/** The error that `work` ends with. */
async function caught(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It should have failed.');
}

for (const kind of ['adam', 'adamw', 'sgd']) {
  test(`${kind}: in the middle of an epoch, a checkpoint is all that a run needs to go on to the same bits`, async () => {
    const recipe = tinyRecipe(`optimiser.kind=${kind}`, 'epochs=2');
    const path = join(folder, `${kind}.safetensors`);
    const whole = tinyTrainer(recipe, 1);
    await steps(whole, 2);
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 12.5));
    const rest = await steps(whole, 2);

    const checkpoint = await readCheckpoint(path);
    assert.equal([checkpoint.facts, checkpoint.seconds], [factsOf(recipe), 12.5]);
    const resumed = tinyTrainer(recipe, 1);
    restore(resumed, checkpoint);
    assert.equal(resumed.state, { epoch: 0, batch: 2, step: 2 });
    assert.equal(await steps(resumed, 2), rest, 'steps 3 and 4');
    const again = `${path}.again`;
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 0));
    await writeFileAtomically(again, await takeCheckpoint(resumed, factsOf(recipe), 0));
    assertSameState(await readCheckpoint(again), await readCheckpoint(path));
  });
}

test('a checkpoint of another model or optimiser is refused by name', async () => {
  const recipe = tinyRecipe();
  const trainer = tinyTrainer(recipe, 1);
  await steps(trainer, 1);
  const path = join(folder, 'other.safetensors');
  await writeFileAtomically(path, await takeCheckpoint(trainer, factsOf(recipe), 0));
  const checkpoint = await readCheckpoint(path);
  const wider = await caught(() => restore(tinyTrainer(tinyRecipe('model.width=8'), 1), checkpoint));
  assert.instance(wider, CheckpointError);
  assert.ok(wider.message.startsWith(`${path} is of another model`), wider.message);
  assert.match(wider.message, /conv1\.weight is \[4,3,3,3\] in the file and \[8,3,3,3\] in the model \(and \d+ more\)/);
  const sgd = await caught(() => restore(tinyTrainer(tinyRecipe('optimiser.kind=sgd'), 1), checkpoint));
  assert.instance(sgd, CheckpointError);
  assert.ok(sgd.message.includes(path) && /adam/.test(sgd.message), sgd.message);
});

test('files that are none are named', async () => {
  const recipe = tinyRecipe();
  const path = join(folder, 'cut.safetensors');
  await writeFileAtomically(path, await takeCheckpoint(tinyTrainer(recipe, 1), factsOf(recipe), 0));
  truncateSync(path, 100_000);
  const text = join(folder, 'text.safetensors');
  writeFileSync(text, 'not a checkpoint at all, but long enough');
  for (const file of [path, text, join(folder, 'absent.safetensors')]) {
    const { message } = await caught(() => readCheckpoint(file));
    assert.ok(message.includes(file), message);
  }
});

test('weights that no training can go on from are not saved', async () => {
  const recipe = tinyRecipe('schedule.kind=constant', 'schedule.warmup=null', 'optimiser.lr=1e30');
  const trainer = tinyTrainer(recipe, 1);
  await steps(trainer, 1);
  const error = await caught(() => takeCheckpoint(trainer, factsOf(recipe), 0));
  assert.instance(error, DivergedError);
  assert.match(error.message, /After step 1, model\.\S+ holds .*learning rate 1\.00e\+30/);
});

test.run();

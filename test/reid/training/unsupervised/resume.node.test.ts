import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFileAtomically } from '../../../../engine/io/files.node.js';
import type { UnsupervisedRecipe } from '../../../../reid/recipes/index.js';
import {
  CheckpointError,
  readCheckpoint,
  restoreUnsupervised,
  takeCheckpoint,
} from '../../../../reid/training/checkpoint.node.js';
import type { UnsupervisedTrainer } from '../../../../reid/training/unsupervised/trainer.js';
import { closeAfter } from '../../../engine/device.js';
import { differing } from '../differing.js';
import { bands, eventsUntil, tinyContrast, tinyGAM, tinyUnsupervised } from './tiny.js';

closeAfter(test);

const folder = mkdtempSync(join(tmpdir(), 'unsupervised-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

async function save(trainer: UnsupervisedTrainer, recipe: UnsupervisedRecipe): Promise<string> {
  const path = join(folder, `${recipe.name}.safetensors`);
  const facts = { recipe, data: 'synthetic', seed: 1, identities: 0 };
  await writeFileAtomically(path, await takeCheckpoint(trainer, facts, 3));
  return path;
}

const gam = tinyGAM('epochs=1', 'later.epochs=1', 'clustering.mergePercent=0.3');
const contrast = tinyContrast('epochs=2', 'clustering.eps=0.7');

/** Where each run is stopped: inside of a round, before clustering, behind it. */
const STOPS: readonly (readonly [UnsupervisedRecipe, readonly string[]])[] = [
  [gam, ['step', 'trained', 'clustered']],
  [contrast, ['clustered', 'step', 'trained']],
];

for (const [recipe, stops] of STOPS) {
  test(`${recipe.name}: wherever a run is stopped, it goes on from its checkpoint to the same bits`, async () => {
    for (const kind of stops) {
      const first = tinyUnsupervised(recipe);
      await eventsUntil(first, (event) => event.kind === kind);
      const path = await save(first, recipe);
      const rest = await eventsUntil(first);
      const resumed = tinyUnsupervised(recipe);
      const checkpoint = await readCheckpoint(path);
      await restoreUnsupervised(resumed, checkpoint);
      assert.equal(resumed.state, checkpoint.position);
      assert.equal(await eventsUntil(resumed), rest, `all that happens after ${kind}`);
      assert.equal(differing(await first.model.stateArrays(), await resumed.model.stateArrays()), [], 'weights');
      assert.equal(resumed.pseudo, first.pseudo, 'clusters');
      await first.close();
      await resumed.close();
    }
  });
}

test('a checkpoint of other pictures is refused by name', async () => {
  const path = await save(tinyUnsupervised(gam), gam);
  const other = tinyUnsupervised(gam, 1, bands(4, 4));
  let error: unknown;
  try {
    await restoreUnsupervised(other, await readCheckpoint(path));
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, CheckpointError);
  assert.match((error as Error).message, /36 pictures, the data has 16/);
});

test.run();

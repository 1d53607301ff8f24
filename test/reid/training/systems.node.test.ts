import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed } from '../../../engine/index.js';
import { writeFileAtomically } from '../../../engine/io/files.node.js';
import { APNet } from '../../../reid/models/apnet.js';
import { Baseline } from '../../../reid/models/baseline.js';
import { RGA } from '../../../reid/models/rga.js';
import { apnetSmall, overrideRecipe, type Recipe, rgaSmall } from '../../../reid/recipes/index.js';
import { type RunFacts, readCheckpoint, restore, takeCheckpoint } from '../../../reid/training/checkpoint.node.js';
import { buildModel } from '../../../reid/training/model.js';
import { assertSameState } from '../../cli/command-line.js';
import { CHANGES } from '../../cli/tiny.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { steps, tinyRecipe, tinyTrainer } from './tiny.js';

closeAfter(test);

const folder = mkdtempSync(join(tmpdir(), 'systems-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const tiny = (recipe: Recipe, ...changes: string[]): Recipe =>
  overrideRecipe(recipe, [...CHANGES, 'epochs=3', ...changes]);

/** Both systems, tiny, and with batch norms of groups of their own. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  rga: tiny(rgaSmall, 'model.ratios={"channel":2,"spatial":2,"down":2}'),
  'apnet in groups': tiny(apnetSmall, 'model.bnGroups=2', 'sampler.images=4', 'sampler.identities=2'),
};

const factsOf = (recipe: Recipe): RunFacts => {
  const figures = { mAP: 0, cmc: { '1': 0 }, mINP: 0 };
  return { recipe, data: 'synthetic', seed: 1, identities: 6, rawPixels: figures, untrained: figures };
};

for (const [name, recipe] of Object.entries(RECIPES)) {
  test(`${name}: training goes on from a checkpoint to the same bits`, async () => {
    const whole = tinyTrainer(recipe, 1);
    const first = await steps(whole, 3);
    assert.ok(first.every(({ loss, idLoss, tripletLoss }) => Math.abs(loss - idLoss - tripletLoss) < 1e-5));
    const path = join(folder, 'checkpoint.safetensors');
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 0));
    const rest = await steps(whole, 2);
    const resumed = tinyTrainer(recipe, 1);
    restore(resumed, await readCheckpoint(path));
    assert.equal(await steps(resumed, 2), rest);
    const again = `${path}.again`;
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 0));
    await writeFileAtomically(again, await takeCheckpoint(resumed, factsOf(recipe), 0));
    assertSameState(await readCheckpoint(again), await readCheckpoint(path));
    await whole.close();
    await resumed.close();
  });

  test(`${name}: half precision trains too, where the adapter has it`, async () => {
    if (!gpu.has('shader-f16')) return;
    const full = tinyTrainer(recipe, 1);
    const half = tinyTrainer(overrideRecipe(recipe, ['precision=float16']), 1);
    const [[a], [b]] = [await steps(full, 1), await steps(half, 1)];
    assert.ok(Math.abs(a!.loss - b!.loss) < 0.02 * a!.loss, `${b!.loss} instead of ${a!.loss}`);
    const later = await steps(half, 4);
    assert.ok(later.every(({ loss }) => Number.isFinite(loss)));
    await full.close();
    await half.close();
  });
}

test('a recipe builds the model of its kind, and one without a kind, as old runs have it, the baseline', () => {
  manualSeed(1);
  assert.instance(buildModel(RECIPES.rga!, 6), RGA);
  assert.instance(buildModel(RECIPES['apnet in groups']!, 6), APNet);
  const { kind: _, ...old } = tinyRecipe().model;
  const saved = { ...tinyRecipe(), model: old } as unknown as Recipe;
  assert.instance(buildModel(saved, 6), Baseline);
  assert.equal(overrideRecipe(saved, ['epochs=2']).epochs, 2, 'and can be changed');
});

test('a run that was saved before there were kinds is read, and goes on', async () => {
  const recipe = tinyRecipe('epochs=2');
  const { kind: _, ...old } = recipe.model;
  const saved = { ...recipe, model: old } as unknown as Recipe;
  const path = join(folder, 'old.safetensors');
  const trainer = tinyTrainer(recipe, 1);
  await steps(trainer, 1);
  await writeFileAtomically(path, await takeCheckpoint(trainer, factsOf(saved), 0));
  const rest = await steps(trainer, 1);
  const checkpoint = await readCheckpoint(path);
  assert.not('kind' in checkpoint.facts.recipe.model);
  const resumed = tinyTrainer(checkpoint.facts.recipe as Recipe, 1);
  restore(resumed, checkpoint);
  assert.equal(await steps(resumed, 1), rest);
  await trainer.close();
  await resumed.close();
});

test.run();

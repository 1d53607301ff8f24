import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeAfter, gpu } from '../../engine/device.js';
import { tinyRecipe, tinyTrainer } from './tiny.js';

closeAfter(test);

// In a file of its own: JavaScript's collector may give back what other tests left at any time, which would show here.
test('500 steps leave live and peak memory flat', async () => {
  const recipe = tinyRecipe('epochs=1000', 'model.width=1', 'input.height=16', 'input.width=8', 'sampler.identities=2');
  const trainer = tinyTrainer(recipe, 1);
  const start = performance.now();
  let warm = gpu.memory();
  for await (const { step } of trainer) {
    if (step === 10) gpu.pool.resetPeak();
    if (step === 20) warm = gpu.memory();
    if (step === 500 || (step >= 100 && performance.now() - start > 20_000)) break;
  }
  assert.ok(trainer.step >= 100);
  assert.equal(gpu.memory(), warm, `after ${trainer.step} steps`);
});

test.run();

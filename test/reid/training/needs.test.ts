import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../../engine/gpu.js';
import { recipeCalled } from '../../../reid/recipes/index.js';
import { recipeNeeds } from '../../../reid/training/needs.js';

const gpu = await openGpu();
test.after(() => gpu.close());

test('what a recipe needs is known without taking it', async () => {
  await gpu.finish();
  const before = gpu.memory();
  const small = recipeNeeds(recipeCalled('baseline'), 100, gpu);
  const large = recipeNeeds(recipeCalled('baseline-r50'), 751, gpu);
  assert.equal(gpu.memory(), before);
  assert.ok(small.training.peakBytes > small.training.keptBytes);
  // Weights, and Adam's two moments.
  assert.ok(large.training.keptBytes > 12 * large.parameters);
  assert.ok(large.training.keptBytes < 16 * large.parameters);
  assert.ok(large.training.peakBytes > 20 * small.training.peakBytes);
  assert.ok(large.evaluation.peakBytes < large.training.peakBytes);
  const clusters = recipeNeeds(recipeCalled('gam-small'), 768, gpu);
  assert.ok(clusters.training.keptBytes > 4 * 768 * 256, 'the table of clusters');
  assert.ok(recipeNeeds(recipeCalled('cluster-contrast-small'), 64, gpu).parameters > 100_000);
  if (!gpu.has('shader-f16')) return;
  const half = recipeNeeds({ ...recipeCalled('baseline'), precision: 'float16' }, 100, gpu);
  const activations = ({ training }: typeof small) => training.peakBytes - training.keptBytes;
  assert.ok(activations(half) < 0.75 * activations(small));
});

test.run();

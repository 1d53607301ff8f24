import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fgreidTransform, trainTransform } from '../../../datasets/index.js';
import { learningRate } from '../../../engine/optim/index.js';
import { FGREID_LOSS } from '../../../reid/losses/fgreid/fgreid.js';
import {
  type FGReIDRecipe,
  fgreidImage,
  fgreidVideo,
  fgreidVideoSmall,
  overrideRecipe,
  RecipeError,
} from '../../../reid/recipes/index.js';
import { trainingBatches } from '../../../reid/training/batches.js';
import { fgreidLossOptions, prototypeCount } from '../../../reid/training/objective.js';
import { walkers } from '../training/walkers.js';

test('learning rates are those of the published table', () => {
  const { optimiser, schedule } = fgreidImage;
  const rate = learningRate(optimiser.lr, schedule);
  for (const [epoch, want] of [
    [0, 3.5e-6],
    [1, 3.815e-5],
    [5, 1.7675e-4],
    [9, 3.1535e-4],
    [10, 3.5e-4],
    [39, 3.5e-4],
    [40, 1.74039e-4],
    [69, 1.74039e-4],
    [70, 8.65417e-5],
    [119, 8.65417e-5],
  ] as const) {
    assert.ok(Math.abs(rate(epoch) - want) < 1e-5 * want, `epoch ${epoch}: ${rate(epoch)}`);
    assert.is(rate(epoch + 0.99), rate(epoch), 'it does not move within an epoch');
  }
});

test('loss and transform are those of the released settings', () => {
  assert.equal(fgreidLossOptions(fgreidImage), { ...FGREID_LOSS, centerGradMode: 'reference' });
  const { input, augment } = fgreidImage;
  const { pad: _, ...want } = fgreidTransform();
  assert.equal(trainTransform({ erase: undefined, ...input, ...augment }), { ...want, pad: 0 });
  assert.equal([prototypeCount(fgreidImage), prototypeCount(fgreidVideo)], [24, 22]);
  assert.is(prototypeCount(overrideRecipe(fgreidVideo, ['clips.frames=1'])), 1, 'never a division by 0');
});

const refused = (recipe: FGReIDRecipe, changes: readonly string[], part: string) =>
  assert.throws(
    () => overrideRecipe(recipe, changes),
    (error: Error) => error instanceof RecipeError && error.message.includes(part),
  );

test('what makes no sense together is told', () => {
  refused(fgreidImage, ['model.arch=video'], '--set clips=');
  refused(fgreidVideo, ['model.arch=image'], '--set clips=null');
  refused(fgreidImage, ['loss.margin=soft'], 'must be a number');
  refused(fgreidImage, ['loss.sigma=0'], 'above 0');
  refused(fgreidImage, ['loss.beta_ratio=2'], 'from 0 to 1');
  refused(fgreidImage, ['model.minScope=clip'], 'batch, image');
  refused(fgreidVideo, ['clips.mode=all'], 'dense, test, random');
  refused(fgreidVideo, ['clips.frames=0'], 'at least 1');
  refused(fgreidImage, ['loss.smoothingClasses=3'], 'no key');
  refused(fgreidImage, ['input.resize=nearest'], 'bilinear, bicubic');
  const clips = 'clips={"frames":3,"mode":"test","most":8}';
  assert.is(overrideRecipe(fgreidImage, ['model.arch=video', clips]).clips!.frames, 3);
});

test('batches of clips: identities with as many tracklets each, their frames in order', async () => {
  const changes = ['sampler.identities=3', 'sampler.images=2', 'input.height=16', 'input.width=8', 'clips.frames=2'];
  const recipe = overrideRecipe(fgreidVideoSmall, changes);
  const batches = trainingBatches({ dataset: walkers, recipe, seed: 1 });
  let count = 0;
  for await (const { shape, labels, indices } of batches) {
    count++;
    assert.equal(shape, [6, 2, 3, 16, 8]);
    assert.equal(indices.length, 12);
    assert.is(new Set(labels).size, 3);
    for (let clip = 0; clip < 6; clip++) {
      const [a, b] = [walkers.train[indices[2 * clip]!]!, walkers.train[indices[2 * clip + 1]!]!];
      assert.ok(a.tracklet === b.tracklet && a.frame! <= b.frame! && a.identity === labels[clip]);
    }
  }
  assert.is(count, 2, 'every identity once an epoch');
  await batches.close();
});

test.run();

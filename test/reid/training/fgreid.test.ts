import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupTracklets } from '../../../datasets/index.js';
import { backward, manualSeed, noGrad, scope, tensor } from '../../../engine/index.js';
import type { FGReID } from '../../../reid/models/fgreid/fgreid.js';
import { modelSide } from '../../../reid/training/evaluation.js';
import { buildModel, buildOptimiser } from '../../../reid/training/model.js';
import { objectiveOf } from '../../../reid/training/objective.js';
import { trainingStep } from '../../../reid/training/step.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { steps } from './tiny.js';
import { fgreidTrainer, tinyFGReID } from './tiny-fgreid.js';
import { walkers } from './walkers.js';

closeAfter(test);

const quiet = { isTerminal: false, write: () => {} };

test('the log has every part of the loss, and the total is their weighted sum', async () => {
  const trainer = fgreidTrainer(tinyFGReID('image', 'loss.lsr_weight=0.5', 'loss.lcn_weight=2'), 1);
  const [report] = await steps(trainer, 1);
  const { loss, idLoss, tripletLoss, centerLoss, osmLoss, varianceLoss, rankingLoss, consistencyLoss } = report!;
  const { beta_ratio } = tinyFGReID('image').loss;
  const sum =
    idLoss +
    (1 - beta_ratio) * tripletLoss +
    0.0005 * centerLoss! +
    beta_ratio * osmLoss! +
    varianceLoss! +
    0.5 * rankingLoss! +
    2 * consistencyLoss!;
  assert.ok(Math.abs(loss - sum) < 1e-4 * loss, `${loss}, not ${sum}`);
  assert.is(report!.images, 6);
  await trainer.close();
});

test('centres: moved by half of the way, in clean mode those of the batch alone', async () => {
  const pictures = fill('centres', [4, 3, 32, 16], { kind: 'signed', scale: 1 });
  for (const gradMode of ['clean', 'reference'] as const) {
    const recipe = tinyFGReID('image', `centers.gradMode=${gradMode}`);
    manualSeed(5);
    const model = buildModel(recipe, 3) as FGReID;
    const objective = objectiveOf(recipe, model);
    const centers = objective.beside!.parameters.get('centers')!;
    const before = await centers.read();
    const images = tensor(pictures, [4, 3, 32, 16]).keep();
    model.train();
    const rows = await noGrad(() => model.losses(images).features[0]!).read();
    await scope(async () => {
      const parts = { recipe, model, objective, optimiser: buildOptimiser(recipe, model), scaler: undefined };
      await trainingStep(parts, images, tensor(Int32Array.of(0, 0, 2, 2), [4])).read();
    });
    const after = await centers.read();
    const width = before.length / 3;
    // 0.5 · 2 / 4 of the sum of the two differences.
    const want = before.map((c, at) => {
      const [label, k] = [Math.floor(at / width), at % width];
      const own = label === 1 ? [] : [label, label + 1].map((row) => rows[row * width + k]!);
      return c - own.reduce((sum, f) => sum + (c - f) / 4, 0);
    });
    const off = after.map((c, at) => Math.abs(c - want[at]!));
    const moved = Math.max(...off.slice(width, 2 * width));
    if (gradMode === 'clean') assert.ok(Math.max(...off) < 1e-4, `off by ${Math.max(...off)}`);
    else assert.ok(moved > 1e-4, 'the mining moves the centre of a class that is not in the batch');
  }
});

test('blocks that are computed again give the same loss, gradients and running statistics', async () => {
  const pictures = fill('recompute', [4, 2, 3, 32, 16], { kind: 'signed', scale: 1 });
  const stepWith = async (recompute: boolean) => {
    const recipe = tinyFGReID('video', `model.recompute=${recompute}`);
    manualSeed(5);
    const model = buildModel(recipe, 3) as FGReID;
    const objective = objectiveOf(recipe, model);
    model.train();
    return await scope(async () => {
      const labels = tensor(Int32Array.of(0, 0, 2, 2), [4]);
      const { total } = objective.losses(model.losses(tensor(pictures, [4, 2, 3, 32, 16])), labels);
      backward(total);
      const numbers = new Map<string, ArrayLike<number>>([['loss', await total.read()]]);
      for (const [name, { grad }] of model.namedParameters()) if (grad) numbers.set(`${name}.grad`, await grad.read());
      for (const [name, buffer] of model.namedBuffers()) {
        numbers.set(name, 'read' in buffer ? await buffer.read() : [buffer.value]);
      }
      return numbers;
    });
  };
  const [kept, again] = [await stepWith(false), await stepWith(true)];
  assert.equal([...again.keys()].sort(), [...kept.keys()].sort());
  for (const [name, values] of kept) {
    const largest = Math.max(...Array.from(values, Math.abs));
    const off = Math.max(...Array.from(values, (value, i) => Math.abs(value - again.get(name)![i]!)));
    assert.ok(off <= 1e-5 * largest, `${name} is off by ${off} of ${largest}`);
  }
  assert.ok(kept.get('base.4.0.bn1.running_mean')!.length > 0 && kept.has('base.0.weight.grad'));
});

test('a tracklet is the mean of its clips; flipped clips are added at length 1', async () => {
  const recipe = tinyFGReID('video', 'clips.mode=dense');
  manualSeed(2);
  const model = buildModel(recipe, 6);
  const context = { gpu, dataset: walkers, recipe, output: quiet };
  const side = await modelSide(model, walkers.gallery, context);
  const tracklets = groupTracklets(walkers.gallery);
  assert.is(side.features.count, tracklets.length);
  assert.equal(
    side.records.map(({ path }) => path),
    tracklets.map(({ frames }) => frames[Math.floor(frames.length / 2)]!.path),
  );
  // By itself, and by the release's rule that a tracklet's clips are a batch: the same, as each clip has its own minimum.
  const alone = await modelSide(model, tracklets[1]!.frames, context);
  const { dimension } = side.features;
  const row = side.features.data.subarray(dimension, 2 * dimension);
  assert.ok(alone.features.data.every((value, k) => Math.abs(value - row[k]!) < 1e-4));
  const evaluation = { ...recipe.evaluation, flip: true };
  const one = tracklets.find(({ frames }) => frames.length <= 2)!;
  const flipped = await modelSide(model, one.frames, { ...context, recipe: { ...recipe, evaluation } });
  assert.ok(Math.abs(Math.hypot(...flipped.features.data) - 1) < 1e-4);
});

test.run();

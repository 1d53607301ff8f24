import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSyntheticTracklets, groupTracklets, type ReidDataset } from '../../../datasets/index.js';
import { manualSeed, scope, staticStep, type Tensor, tensor } from '../../../engine/index.js';
import { distanceMatrix } from '../../../reid/metrics/distances.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import type { FGReID } from '../../../reid/models/fgreid/fgreid.js';
import type { FGReIDRecipe } from '../../../reid/recipes/index.js';
import { trainingBatches } from '../../../reid/training/batches.js';
import { modelSide } from '../../../reid/training/evaluation.js';
import { buildModel, buildOptimiser } from '../../../reid/training/model.js';
import { objectiveOf } from '../../../reid/training/objective.js';
import { trainingStep } from '../../../reid/training/step.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { tinyFGReID } from './tiny-fgreid.js';

closeAfter(test);

const quiet = { isTerminal: false, write: () => {} };

/** Eight drawn people with four pictures or tracklets each. */
const eight = createSyntheticTracklets({
  identities: 8,
  testIdentities: 2,
  tracklets: 1,
  cameras: 4,
  minFrames: 1,
  maxFrames: 4,
  distractors: 0,
  height: 32,
  width: 16,
});

/** One picture of each tracklet: four of each person. */
const pictures: ReidDataset = { ...eight, train: groupTracklets(eight.train).map(({ frames }) => frames[0]!) };

async function learn(recipe: FGReIDRecipe, dataset: ReidDataset) {
  manualSeed(1);
  const model = buildModel(recipe, 8) as FGReID;
  const objective = objectiveOf(recipe, model);
  const parts = { recipe, model, objective, optimiser: buildOptimiser(recipe, model), scaler: undefined };
  const update = staticStep((images: Tensor, labels: Tensor) => trainingStep(parts, images, labels), gpu);
  const batches = trainingBatches({ dataset, recipe, seed: 1 });
  const losses: number[] = [];
  model.train();
  for await (const { images, shape, labels } of batches) {
    for (let step = 0; step < 60; step++) {
      const made = scope(() => update(tensor(images, shape), tensor(labels, [labels.length])).read());
      losses.push((await made).at(-1)!);
    }
    break;
  }
  await batches.close();
  await update.release();
  const context = { gpu, dataset, recipe, output: quiet };
  const { records, features } = await modelSide(model, dataset.train, context);
  const labels = { identities: records.map(({ identity }) => identity), files: records.map(({ path }) => path) };
  const distances = distanceMatrix('cosine', features, features);
  const { cmc } = evaluateRanking(distances, labels, labels, { protocol: 'no-camera' });
  return { first: losses[0]!, last: losses.at(-1)!, rank1: cmc[0], count: records.length };
}

const PLAIN = [
  'model.channels=16',
  'augment.flip=0',
  'augment.enlarge=null',
  'augment.erase=null',
  'sampler.identities=8',
  'sampler.images=4',
  'optimiser.lr=0.003',
];

for (const [arch, dataset] of [
  ['image', pictures],
  ['video', eight],
] as const) {
  test(`${arch}: learns eight people with four ${arch === 'image' ? 'pictures' : 'tracklets'} each by heart`, async () => {
    const { first, last, rank1, count } = await learn(tinyFGReID(arch, ...PLAIN), dataset);
    assert.is(count, 32);
    assert.ok(last < 0.6 * first, `loss ${first} → ${last}`);
    assert.is(rank1, 1);
  });
}

test.run();

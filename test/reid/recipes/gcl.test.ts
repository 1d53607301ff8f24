import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  gcl,
  gclSmall,
  gclStage1,
  gclStage1JVTC,
  gclStage2,
  gclStage3,
  isGCL,
  overrideRecipe,
  RecipeError,
  recipes,
} from '../../../reid/recipes/index.js';

test('the recipes are told apart, and differ in their stages', () => {
  const names = [...recipes.values()].filter(isGCL).map(({ name }) => name);
  assert.equal(names, ['gcl-small', 'gcl', 'gcl-stage1', 'gcl-stage1-jvtc', 'gcl-stage2', 'gcl-stage3']);
  assert.equal([gclStage1.stages, gclStage2.stages, gclStage3.stages], [[1], [2], [3]]);
  const { weights, drawing, joint, adam, clustering } = gcl;
  assert.equal(weights, {
    ...{ adversarial: 1, reconstruction: 5, cycle: 5, code: 5, novelCode: 0, mixedCode: 0 },
    ...{ memory: 1, identity: 1 },
  });
  assert.equal([drawing.epochs, drawing.batch, drawing.lrGenerator, adam.beta1, adam.beta2], [40, 16, 1e-4, 0, 0.999]);
  assert.equal(
    [joint.epochs, joint.lr, joint.milestone, joint.lrGenerator, joint.temperature, joint.momentum],
    [20, 3.5e-4, 10, 1e-5, 0.04, 0.2],
  );
  assert.equal([clustering.k1, clustering.k2, clustering.minSamples, clustering.eps], [30, 6, 4, 0.55]);
});

test('a warm-up by JVTC has the values of the released files', () => {
  const { warmup, jvtc, batch, optimiser, schedule, epochs } = gclStage1JVTC;
  assert.equal(
    [gcl.warmup, warmup, batch, optimiser.lr, optimiser.lr * optimiser.trunk],
    ['mlc', 'jvtc', 128, 0.1, 0.010000000000000002],
  );
  assert.equal([schedule, epochs], [{ kind: 'step', every: 40, gamma: 0.1, each: 'epoch' }, 45]);
  assert.equal([jvtc.versions, jvtc.temperature, jvtc.bankTemperature, jvtc.bankWeight], [4, 0.1, 0.05, 0.2]);
  assert.equal([jvtc.k1, jvtc.k2, jvtc.lambda, jvtc.rho, jvtc.factor], [20, 6, 0.3, 1.6e-3, 0.75]);
  assert.is(overrideRecipe(gcl, ['warmup=jvtc']).jvtc.every, 5);
});

test('every part can be set', () => {
  const changes = [
    ...[
      'variant=cvpr',
      'stages=[2,3]',
      'model.head=plain',
      'weights.novelCode=5',
      'adam.beta1=0.5',
      'drawing.microBatch=4',
    ],
    ...[
      'joint.lrGenerator=1e-4',
      'joint.refresh=true',
      'clustering.rule=rho',
      'clustering.rho=0.0012',
      'rotations=[45,315]',
    ],
    ...[
      'passes=apart',
      'panels.every=0',
      'mlc.threshold=0.5',
      'generator.width=8',
      'discriminator.scales=2',
      'mixAlpha=1',
    ],
  ];
  const changed = overrideRecipe(gcl, changes);
  assert.equal(
    [changed.variant, changed.stages, changed.clustering.rule, changed.rotations],
    ['cvpr', [2, 3], 'rho', [45, 315]],
  );
});

test('what makes no sense says what would', () => {
  const refused = (changes: string[], parts: readonly RegExp[]) => {
    let error: unknown;
    try {
      overrideRecipe(gclSmall, changes);
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, RecipeError, changes.join(' '));
    for (const part of parts) assert.match((error as Error).message, part);
  };
  refused(['input.width=32'], [/80×32/, /at least 40 and a multiple of 4/]);
  refused(['input.height=90'], [/90×40/]);
  refused(['stages=[1,3]'], [/in order without a gap/]);
  refused(['rotations=[30]'], [/multiples of 45/]);
  refused(['drawing.microBatch=3'], [/must divide drawing\.batch 4/]);
  refused(['variant=tpami'], [/ext, cvpr/]);
  refused(['joint.temperature=0'], [/above 0/]);
  refused(['joint.epoch=3'], [/joint\.epochs/]);
  refused(['variant=cvpr', 'weights.mixedCode=1'], [/weights\.mixedCode/]);
  refused(['clustering.minSamples=0'], [/at least 1/]);
  refused(['warmup=JVTC'], [/mlc, jvtc/]);
  refused(['warmup.threshold=0.5'], [/no key "warmup\.threshold"/, /mlc\.threshold/]);
  refused(['batch=31'], [/two pictures or more/, /batch=32/]);
  refused(['jvtc.versions=4', 'batch=4'], [/so 8 or a larger multiple of 4/]);
  refused(['warmup=jvtc', 'jvtc.rho=0'], [/jvtc\.rho must be above 0/]);
  refused(['jvtc.temperature=0'], [/above 0/]);
  refused(['jvtc.lambda=2'], [/from 0 to 1/]);
  refused(['joint.decay=2'], [/joint\.decay must be from 0 to 1, not 2/]);
});

test.run();

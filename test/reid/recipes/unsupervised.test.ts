import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { learningRate } from '../../../engine/optim/index.js';
import { GAM_LATE, GAM_R50 } from '../../../reid/models/gam-options.js';
import {
  clusterContrast,
  gam,
  gamImageNet,
  gamLate,
  gamSmall,
  isUnsupervised,
  overrideRecipe,
  RecipeError,
  recipes,
} from '../../../reid/recipes/index.js';

test('recipes that train without labels are told apart', () => {
  const names = [...recipes.values()].filter(isUnsupervised).map(({ name }) => name);
  assert.equal(names, ['gam-small', 'gam', 'gam-late', 'gam-imagenet', 'cluster-contrast-small', 'cluster-contrast']);
});

test('the learning rate of both presets, and of cluster contrast, at the epochs that are given', () => {
  const check = (recipe: typeof gam | typeof clusterContrast, rates: readonly (readonly [number, number])[]) => {
    const lr = learningRate(recipe.optimiser.lr, recipe.schedule);
    for (const [epoch, want] of rates) {
      assert.ok(Math.abs(lr(epoch) - want) <= 1e-9, `${recipe.name}, epoch ${epoch}: ${lr(epoch)}`);
    }
  };
  check(gam, [
    [0, 0.01],
    [5, 0.1],
    [39, 0.1],
    [40, 0.01],
    [55, 0.001],
  ]);
  check(gamImageNet, [
    [0, 0.1],
    [15, 0.1],
    [16, 0.01],
  ]);
  check(clusterContrast, [
    [0, 3.5e-4],
    [20, 3.5e-5],
    [40, 3.5e-6],
  ]);
  assert.equal([gam.epochs, gam.later, gamImageNet.epochs], [60, { epochs: 2, lr: 0.01 }, 20]);
  assert.equal([gam.optimiser.trunk, gamImageNet.optimiser.trunk], [1, 0.1]);
});

test('every switch of the reconstruction can be set, and the presets differ in those that they should', () => {
  const { kind, ...switches } = gam.model;
  assert.equal([kind, switches], ['gam', GAM_R50]);
  const { kind: _, ...late } = gamLate.model;
  assert.equal(late, GAM_LATE);
  const changes = [
    ...['model.groups=2', 'model.groupedStages=[3,4]', 'model.groupDownsample=true', 'model.attentionIn=stageEnds'],
    ...['model.gate=sigmoid', 'model.reduction=8', 'model.gateBias=true', 'model.spatialPool=max'],
    ...['model.spatialKernel=5', 'model.spatialBN=true', 'model.combine=literalAdd', 'model.lastStride=1'],
    ...['model.embedDim=512', 'model.dropout=0.2', 'loss.aclSharpness=20', 'loss.idlTau=0.2', 'loss.idlWeight=0.5'],
    ...['loss.idlForm=paper', 'clustering.mergePercent=0.1', 'clustering.sizePenalty=0.005', 'twoRandomViews=true'],
  ];
  const { model, loss, clustering, twoRandomViews } = overrideRecipe(gam, changes);
  assert.equal([model.groupedStages, model.gate, model.spatialKernel], [[3, 4], 'sigmoid', 5]);
  assert.equal(
    [loss.idlForm, clustering, twoRandomViews],
    ['paper', { mergePercent: 0.1, sizePenalty: 0.005, cameras: 'ignored' }, true],
  );
});

test('what makes no sense is refused by name', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['model.gate=softmax', /model\.gate must be one of mlp, softmaxPerGroup, sigmoid, none/],
    ['model.spatialKernel=4', /spatialKernel is 4; it should be odd/],
    ['model.groupedStages=[5]', /stages are numbered 1 to 4/],
    ['model.blocks=[1,2]', /four whole numbers/],
    ['clustering.mergePercent=2', /a number from 0 to 1/],
    ['batch=0', /a whole number of at least 1/],
    ['method=cluster-contrast', /no key "method"/],
    ['loss.margin=0.3', /no key "loss\.margin"/],
    ['precision=float16', /no key "precision"/],
  ];
  for (const [change, words] of refused) {
    assert.throws(
      () => overrideRecipe(gamSmall, [change]),
      (error: Error) => error instanceof RecipeError && words.test(error.message),
    );
  }
  assert.throws(() => overrideRecipe(gam, ['model.gateStart=open']), /needs gateBias and spatialBN/);
});

test.run();

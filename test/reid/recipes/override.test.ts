import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitRecipe } from '../../../reid/recipes/fit.js';
import {
  baseline,
  baselineR50,
  overrideRecipe,
  type Recipe,
  RecipeError,
  recipeCalled,
  recipes,
} from '../../../reid/recipes/index.js';

/** Expects a RecipeError whose message holds every part. */
function refused(work: () => unknown, ...parts: readonly string[]): void {
  let error: unknown;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, RecipeError);
  for (const part of parts)
    assert.ok((error as Error).message.includes(part), `${part} in: ${(error as Error).message}`);
}

const refuses = (change: string, ...parts: readonly string[]) =>
  refused(() => overrideRecipe(baseline, [change]), ...parts);

test('recipes are found by name, and the nearest is named', () => {
  for (const [name, recipe] of recipes) assert.is(recipeCalled(name), recipe);
  refused(() => recipeCalled('baselin'), '"baselin"', 'Did you mean baseline?');
  refused(() => recipeCalled('swin'), 'Known: baseline');
});

test('every recipe is plain data and passes its own checks', () => {
  for (const recipe of recipes.values()) {
    assert.equal(JSON.parse(JSON.stringify(recipe)), recipe);
    assert.equal(overrideRecipe(recipe, []), recipe);
    const { height, width } = recipe.input;
    assert.equal(overrideRecipe(recipe, [`input={"height":${height},"width":${width}}`]).input.height, height);
  }
});

test('values are set, and nothing else changes', () => {
  const before = JSON.stringify(baseline);
  const changed = overrideRecipe(baseline, [
    'optimiser.lr=1e-3',
    'model.backbone=resnet34',
    'loss.margin=soft',
    'evaluation.flip=true',
    'input.mean=[0.5,0.5,0.5]',
    'augment.pad=0',
    'evaluation.every=0',
  ]);
  assert.equal(changed, {
    ...baseline,
    optimiser: { ...baseline.optimiser, lr: 1e-3 },
    model: { ...baseline.model, backbone: 'resnet34' },
    loss: { ...baseline.loss, margin: 'soft' },
    evaluation: { ...baseline.evaluation, flip: true, every: 0 },
    input: { ...baseline.input, mean: [0.5, 0.5, 0.5] },
    augment: { ...baseline.augment, pad: 0 },
  });
  assert.is(JSON.stringify(baseline), before, 'the recipe itself stays');
  assert.is(overrideRecipe(baseline, ['loss.margin=0.5', 'loss.margin=0.7']).loss.margin, 0.7);
});

test('the end of a schedule follows epochs, unless it is given too', () => {
  const end = ({ schedule }: Recipe) => 'end' in schedule && schedule.end;
  assert.is(end(overrideRecipe(baseline, ['epochs=5'])), 5);
  assert.is(end(overrideRecipe(baseline, ['epochs=5', 'schedule.end=9'])), 9);
  assert.is(end(overrideRecipe(baseline, ['schedule.end=9', 'epochs=5'])), 9);
  assert.is(end(overrideRecipe(baseline, ['epochs=5', 'schedule={"kind":"linear","end":4}'])), 4);
  assert.is(end(overrideRecipe(baseline, ['optimiser.lr=1'])), baseline.epochs);
  assert.is(end(overrideRecipe(baselineR50, ['schedule.kind=cosine'])), baselineR50.epochs);
  assert.equal(overrideRecipe(baselineR50, ['epochs=5']).schedule, baselineR50.schedule);
});

test('null removes optional parts, and only these', () => {
  const { augment, schedule } = overrideRecipe(baseline, ['augment.erase=null', 'schedule.warmup=null']);
  assert.not('erase' in augment);
  assert.not('warmup' in schedule);
  refuses('epochs=null', 'epochs must be');
  refuses('model=null', 'model must be', 'an object');
  refuses('schedule.end=null', 'cosine', 'needs schedule.end');
});

test('optional parts that a recipe lacks can be added', () => {
  const jitter = { brightness: 0.2, contrast: 0.1, saturation: 0 };
  const { augment } = overrideRecipe(baseline, [`augment.jitter=${JSON.stringify(jitter)}`]);
  assert.equal(augment.jitter, jitter);
  const { schedule } = overrideRecipe(baseline, ['schedule.kind=step', 'schedule.every=3', 'schedule.gamma=0.5']);
  assert.is('every' in schedule && schedule.every, 3);
});

test('unknown keys name the nearest', () => {
  refuses('optimizer.lr=1', '"optimizer.lr"', 'Did you mean optimiser.lr?');
  refuses('epoch=1', 'Did you mean epochs?');
  refuses('model.widht=8', 'Did you mean model.width?');
  refuses('augment.erase={"probabilty":0.5}', 'augment.erase has no key "probabilty"', 'Did you mean probability?');
  refuses('name=other', 'no key "name"');
  refuses('epochs', 'key=value');
  refuses('=5', 'key=value');
});

test('values of the wrong kind say what is right', () => {
  refuses('epochs=many', 'epochs must be a whole number', '"many"');
  refuses('epochs=2.5', 'a whole number of at least 1', '2.5');
  refuses('epochs=0', 'at least 1');
  refuses('evaluation.every=-1', 'at least 0');
  refuses('optimiser.lr=-1', 'a number of at least 0');
  refuses('optimiser.lr=1e999', 'a number');
  refuses('augment.flip=1.5', 'augment.flip must be a number from 0 to 1');
  refuses('augment.erase.maxArea=0.001', 'minArea <= maxArea');
  refuses('input.std=[1,2]', 'std');
  refuses('input.mean=grey', 'a list of numbers');
  refuses('evaluation.flip=yes', 'true or false');
  refuses('model.backbone=resnet19', 'one of resnet18, resnet34, resnet50', '"resnet19"');
  refuses('schedule.kind=cosin', 'one of constant');
  refuses('schedule.kind=step', 'needs schedule.every and schedule.gamma', '--set schedule.every=20');
  refuses('loss.margin=hard', 'a number or soft');
  refuses('model={"width":"wide"}', 'model.width must be');
});

test('a batch takes no more identities than there are', () => {
  const few = fitRecipe(baseline, 5);
  assert.is(few.recipe.sampler.identities, 5);
  assert.match(few.note!, /has 5 identities: a batch takes these 5, not 16/);
  assert.equal(fitRecipe(baseline, 16), { recipe: baseline });
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic } from '../../../datasets/index.js';
import { baseline, fgreidImage, overrideRecipe, RecipeError } from '../../../reid/recipes/index.js';
import { bestOf, halvingChart, keyCharts } from '../../../reid/search/charts.js';
import { epochsOf, halvingRungs, survivors } from '../../../reid/search/halving.js';
import { outcomesOf, outcomeTable, type RungResult } from '../../../reid/search/outcome.js';
import { renderSearch } from '../../../reid/search/page.js';
import { changesOf, drawSetting, parseSearchKey } from '../../../reid/search/range.js';
import { drawSettings, joinSpaces, parseSpaceFile, spaceCalled } from '../../../reid/search/space.js';
import { validationSplit } from '../../../reid/search/validation-split.js';

const refused = (part: RegExp, work: () => unknown): void =>
  assert.throws(work, (error: Error) => error instanceof RecipeError && part.test(error.message));

test('ranges: each kind is read, and draws stay inside', () => {
  const keys = ['a=log:1e-4..1e-2', 'b=0.1..0.5', 'c=int:2..4', 'd=mean|gem', 'e=-1.5..-.5'].map(parseSearchKey);
  assert.equal(
    keys.map(({ range }) => range),
    [
      { kind: 'log', low: 1e-4, high: 1e-2 },
      { kind: 'linear', low: 0.1, high: 0.5 },
      { kind: 'integer', low: 2, high: 4 },
      { kind: 'choice', values: ['mean', 'gem'] },
      { kind: 'linear', low: -1.5, high: -0.5 },
    ],
  );
  const drawn = Array.from({ length: 200 }, (_, trial) => drawSetting(keys, 3, trial));
  const column = (key: string) => drawn.map((setting) => Number(setting[key]));
  for (const { key, range } of keys) {
    if (range.kind === 'choice') continue;
    assert.ok(
      column(key).every((value) => value >= range.low && value <= range.high),
      key,
    );
  }
  const below = column('a').filter((value) => value < 1e-3).length;
  assert.ok(below > 70 && below < 130, `${below} of 200 below the middle of the logarithm`);
  assert.equal([...new Set(column('c'))].sort(), [2, 3, 4]);
  assert.equal([...new Set(drawn.map(({ d }) => d))].sort(), ['gem', 'mean']);
  assert.equal(drawSetting(keys, 3, 7), drawn[7], 'of seed and number alone');
  assert.is(drawSetting(keys.slice(1, 2), 3, 7).b, drawn[7]!.b, 'whatever else is searched over');
});

test('ranges that are none are refused with what is wrong', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['optimiser.lr', /KEY=RANGE/],
    ['a=0.1', /no range; for one value use --set/],
    ['a=0.5..0.1', /low end 0.5 is not below/],
    ['a=log:0..1', /above 0/],
    ['a=int:0.5..2', /whole numbers/],
    ['a=x..1', /must be numbers/],
    ['a=mean|', /choice is empty/],
    ['a=b|b', /twice/],
  ];
  for (const [text, part] of cases) refused(part, () => parseSearchKey(text));
});

test('spaces: files, names, and the later range of a key', () => {
  const keys = parseSpaceFile('# rates\noptimiser.lr=log:1e-4..1e-2 # even\n\nloss.margin=0.1..0.5\n', 'a.txt');
  assert.equal(
    keys.map(({ key }) => key),
    ['optimiser.lr', 'loss.margin'],
  );
  refused(/a.txt, line 2: --space b=1: /, () => parseSpaceFile('a=0..1\nb=1', 'a.txt'));
  refused(/named space.*fgreid/, () => spaceCalled('fgried'));
  const joined = joinSpaces([keys, [parseSearchKey('loss.margin=0..1')]]);
  assert.equal(
    joined.map(({ key, text }) => `${key}=${text}`),
    ['optimiser.lr=log:1e-4..1e-2', 'loss.margin=0..1'],
  );
  const settings = drawSettings(fgreidImage, spaceCalled('fgreid'), { seed: 1, trials: 20 });
  assert.is(Object.keys(settings[0]!).length, 10, 'the space of the original fits its recipe');
});

test('every setting is checked before anything runs', () => {
  const draw = (...texts: string[]) => drawSettings(baseline, texts.map(parseSearchKey), { seed: 1, trials: 3 });
  refused(/optimiser\.lrr.*Did you mean optimiser\.lr/s, () => draw('optimiser.lrr=0..1'));
  refused(/--space loss\.labelSmoothing=0\.\.1\.5: .*0 to 1, not 1\.5/, () => draw('loss.labelSmoothing=0..1.5'));
  refused(/whole number.*int:LOW\.\.HIGH/, () => draw('augment.pad=0..4'));
  refused(/model\.backbone must be one of/, () => draw('model.backbone=resnet18|resnet19'));
  refused(/halving hands epochs out/, () => draw('epochs=int:1..4'));
  refused(/schedule\.kind=cosine\|step: .*needs schedule\.every/, () => draw('schedule.kind=cosine|step'));
  draw('schedule.kind=cosine|step', 'schedule.every=int:1..3', 'schedule.gamma=0.1..0.5');
});

test('halving: the best 1/eta go on for eta times the epochs', () => {
  assert.equal(halvingRungs({ trials: 9, epochs: 27 }), [
    { epochs: 3, trials: 9 },
    { epochs: 9, trials: 3 },
    { epochs: 27, trials: 1 },
  ]);
  assert.equal(halvingRungs({ trials: 4, epochs: 2, eta: 2, rungs: 2 }), [
    { epochs: 1, trials: 4 },
    { epochs: 2, trials: 2 },
  ]);
  assert.equal(halvingRungs({ trials: 30, epochs: 1 }), [{ epochs: 1, trials: 30 }]);
  assert.is(epochsOf(halvingRungs({ trials: 9, epochs: 27 })), 9 * 3 + 3 * 6 + 18);
  const at = (trial: number, mAP: number | null) => ({ trial, mAP });
  assert.equal(survivors([at(0, 0.5), at(1, null), at(2, 0.7), at(3, 0.5)], 2), [0, 2], 'of equals the first');
  assert.equal(survivors([at(0, null), at(1, 0.1)], 2), [1], 'what diverged never goes on');
});

const dataset = createSynthetic({ identities: 10, testIdentities: 4, images: 2, cameras: 3, height: 16, width: 8 });

test('the validation split is made of the training set alone', () => {
  const { train, query, gallery, identities } = validationSplit(dataset, { share: 0.3, seed: 5 });
  const paths = new Set(dataset.train.map(({ path }) => path));
  for (const { path } of [...train, ...query, ...gallery]) assert.ok(paths.has(path), path);
  const names = (records: typeof train) => [...new Set(records.map(({ identityName }) => identityName))];
  assert.equal([names(train).length, names(gallery).length, identities], [7, 3, 7]);
  assert.equal(
    names(train).filter((name) => names(gallery).includes(name)),
    [],
    'nobody is on both sides',
  );
  assert.equal([...new Set(train.map(({ identity }) => identity))].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.is(new Set(query.map(({ identity, camera }) => `${identity} ${camera}`)).size, query.length);
  assert.ok(gallery.every(({ identity }) => identity > 0));
  assert.equal(validationSplit(dataset, { share: 0.3, seed: 5 }).query, query, 'the same seed, the same split');
  assert.throws(
    () => validationSplit({ ...dataset, train: dataset.train.filter(({ camera }) => camera === 0) }, { seed: 5 }),
    /seen by two cameras/,
  );
});

test('of tracklets a whole one is the query', () => {
  const train = dataset.train.map((record) => ({ ...record, tracklet: 10 * record.identity + record.camera }));
  const { query, gallery } = validationSplit({ ...dataset, train }, { seed: 5 });
  assert.is(query.length, gallery.length, 'each camera saw each identity once');
});

const result = (trial: number, rung: number, mAP: number | null): RungResult => ({
  trial,
  rung,
  epochs: [1, 3][rung]!,
  mAP,
  rank1: mAP,
  steps: 5,
  seconds: 1,
  ...(mAP === null ? { diverged: 'The loss of step 2 is NaN' } : {}),
});

test('outcomes: later rungs before better figures of earlier ones, diverged trials last and named', () => {
  const keys = ['optimiser.lr=log:1e-4..1e-2', 'schedule.kind=cosine|constant'].map(parseSearchKey);
  const settings = drawSettings(overrideRecipe(baseline, ['epochs=3']), keys, { seed: 1, trials: 4 });
  const results = [result(0, 0, 0.9), result(1, 0, null), result(2, 0, 0.95), result(3, 0, 0.1), result(2, 1, 0.4)];
  const outcomes = outcomesOf(settings, results, 3);
  assert.equal(
    outcomes.map(({ trial, state }) => `${trial} ${state}`),
    ['2 finished', '0 stopped', '3 stopped', '1 diverged'],
  );
  assert.is(bestOf(outcomes)!.trial, 2);
  const table = outcomeTable(
    outcomes,
    keys.map(({ key }) => key),
  );
  assert.equal(table[4]!.slice(-1), ['diverged: The loss of step 2 is NaN']);
  const [curve, ...others] = [halvingChart(outcomes, 3), ...keyCharts(outcomes, keys)];
  assert.equal(curve!.lines![0], {
    tone: 'best',
    points: [
      [1, 0.95],
      [3, 0.4],
    ],
  });
  assert.equal(
    others.map(({ points }) => points.map(({ tone }) => tone)),
    Array(2).fill(['best', 'dropped', 'dropped', 'lost']),
  );
  const rungs = halvingRungs({ trials: 4, epochs: 3 });
  const page = renderSearch({ title: 'A <search>', outcomes, keys, rungs, command: `node a --set x='1'` });
  for (const part of [
    'A &lt;search&gt;',
    '40.0<small>',
    '<h3>Diverged</h3>',
    'The loss of step 2',
    'x=&#39;1&#39;',
    'class="cross"',
  ]) {
    assert.ok(page.includes(part), part);
  }
  assert.not.match(page, /undefined|NaN(?! *<)|\[object/);
  assert.equal(changesOf(settings[2]!).length, 2);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createTransform, identitySampler, trainTransform } from '../../../datasets/index.js';
import { learningRate } from '../../../engine/optim/index.js';
import {
  apnet,
  apnetSmall,
  baseline,
  overrideRecipe,
  type Recipe,
  RecipeError,
  rga,
  rgaSmall,
} from '../../../reid/recipes/index.js';
import { loadJson } from '../../fixture.js';

interface Course {
  readonly id: string;
  readonly lr_per_epoch: readonly number[];
}

const { cases } = (await loadJson('schedules.json')) as { readonly cases: readonly Course[] };

const rateOf = ({ optimiser, schedule }: Recipe) => learningRate(optimiser.lr, schedule);

for (const recipe of [rga, apnet]) {
  test(`${recipe.name}: the learning rate of every epoch is the original's, and does not move within one`, () => {
    const lr = rateOf(recipe);
    const course = cases.find(({ id }) => id === recipe.name)!.lr_per_epoch;
    for (const [epoch, want] of course.entries()) {
      assert.ok(Math.abs(lr(epoch) - want) <= 1e-9 * want, `epoch ${epoch}: ${lr(epoch)}`);
      assert.is(lr(epoch + 0.9), lr(epoch));
    }
  });
}

test('learning rates at the epochs that the papers name', () => {
  const check = (recipe: Recipe, rates: readonly (readonly [number, number])[]) => {
    for (const [epoch, want] of rates) {
      const got = rateOf(recipe)(epoch);
      assert.ok(Math.abs(got - want) <= 1e-9 * want, `${recipe.name}, epoch ${epoch}: ${got}`);
    }
  };
  check(rga, [
    [0, 8e-6],
    [10, 4.04e-4],
    [19, 7.604e-4],
    [20, 8e-4],
    [79, 8e-4],
    [80, 4e-4],
    [120, 2e-4],
    [359, 6.25e-6],
    [360, 3.125e-6],
    [599, 3.125e-6],
  ]);
  check(apnet, [
    [0, 4e-6],
    [1, 4.36e-5],
    [5, 2.02e-4],
    [9, 3.604e-4],
    [10, 4e-4],
    [39, 4e-4],
    [40, 4e-5],
    [80, 4e-6],
    [120, 4e-7],
    [159, 4e-7],
  ]);
});

/** Labels of identities with so many pictures each. */
const labelsOf = (counts: readonly number[]) => counts.flatMap((count, label) => Array<number>(count).fill(label));

test('RGA: an epoch has every identity once with four pictures, 47 batches of the 767 of CUHK03', () => {
  const counts = Array.from({ length: 767 }, (_, i) => 3 + (i % 8));
  const labels = labelsOf(counts);
  const { batches } = identitySampler({ labels, ...rga.sampler, seed: 1 });
  for (const epoch of [0, 1]) {
    const all = batches(epoch);
    assert.is(all.length, 47);
    const met = new Map<number, number>();
    for (const batch of all) {
      assert.is(batch.length, 64);
      const drawn = new Set(batch);
      for (const place of batch) met.set(labels[place]!, (met.get(labels[place]!) ?? 0) + 1);
      for (const label of new Set(batch.map((place) => labels[place]!))) {
        const own = batch.filter((place) => labels[place] === label);
        if (counts[label]! >= 4) assert.is(new Set(own).size, 4, 'without repetition where there are enough');
      }
      assert.ok(drawn.size <= 64);
    }
    assert.is(met.size, 752, '16 · 47 identities; those of the incomplete batch are left out');
    assert.ok([...met.values()].every((count) => count === 4));
  }
});

test('APNet: batches of 20 identities with four pictures; no picture comes twice but where there are fewer than four', () => {
  const counts = Array.from({ length: 60 }, (_, i) => 2 + (i % 15));
  const labels = labelsOf(counts);
  const { batches } = identitySampler({ labels, ...apnet.sampler, seed: 1 });
  const seen = new Set<number>();
  for (const batch of batches(3)) {
    assert.is(batch.length, 80);
    assert.is(new Set(batch.map((place) => labels[place])).size, 20);
    for (const place of batch) {
      assert.ok(!seen.has(place) || counts[labels[place]!]! < 4, 'groups of an identity are disjoint');
      seen.add(place);
    }
  }
});

test('APNet erases with the mean of ImageNet in normalised units, RGA with 0; padding is black before it is normalised', () => {
  const { height, width, mean, std } = { ...apnet.input, height: 32, width: 16 };
  const white = new Uint8Array(32 * 16 * 3).fill(255);
  const values = (recipe: Recipe, erase: boolean) => {
    const { augment } = recipe;
    const one = {
      ...augment,
      flip: 0,
      pad: erase ? 0 : 10,
      erase: erase ? { ...augment.erase!, probability: 1 } : undefined,
    };
    const transform = createTransform(trainTransform({ height, width, mean, std, ...one }), 1);
    const out = new Float32Array(3 * 32 * 16);
    transform.write(white, 5, out, 0);
    return [0, 1, 2].map((channel) => [...new Set(out.subarray(channel * 512, (channel + 1) * 512))]);
  };
  for (const [channel, found] of values(apnet, true).entries()) {
    assert.equal(found.length, 2);
    assert.ok(found.includes(Math.fround(mean[channel]!)), `${found}`);
  }
  for (const found of values(rga, true)) assert.ok(found.includes(0));
  for (const [channel, found] of values(apnet, false).entries()) {
    assert.ok(found.includes(Math.fround(-mean[channel]! / std[channel]!)), `${found}`);
  }
});

test('about half of the pictures are flipped, half are erased by 2 to 40 %, and crops reach every offset alike', () => {
  const { augment } = apnet;
  const [height, width, draws] = [44, 24, 4000];
  // Every pixel has its own value: its column in red, its row in green.
  const picture = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) picture.set([10 + (i % width), 10 + Math.floor(i / width), 0], 3 * i);
  const config = { height, width, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;
  const transform = createTransform(
    trainTransform({ ...config, flip: augment.flip, pad: augment.pad, erase: undefined }),
    7,
  );
  const out = new Float32Array(3 * height * width);
  const tops = new Array<number>(21).fill(0);
  const lefts = new Array<number>(21).fill(0);
  let flipped = 0;
  const middle = (height / 2) * width + width / 2;
  for (let sample = 0; sample < draws; sample++) {
    transform.write(picture, sample, out, 0);
    const at = (place: number, channel: number) => Math.round(out[channel * height * width + place]!) - 10;
    const mirrored = at(middle + 1, 0) < at(middle, 0);
    if (mirrored) flipped++;
    tops[at(middle, 1) - height / 2 + 10]!++;
    const column = mirrored ? width - 1 - at(middle, 0) : at(middle, 0);
    lefts[column - width / 2 + 10]!++;
  }
  assert.ok(Math.abs(flipped / draws - 0.5) < 0.03, `${flipped} flipped`);
  for (const [i, count] of [...tops, ...lefts].entries()) {
    assert.ok(Math.abs(count - draws / 21) < 5 * Math.sqrt(draws / 21), `offset ${i}: ${count}`);
  }
  const erasing = createTransform(
    trainTransform({ ...config, flip: 0, pad: 0, erase: { ...rga.augment.erase!, fill: [-1, -1, -1] } }),
    7,
  );
  let erased = 0;
  for (let sample = 0; sample < draws; sample++) {
    erasing.write(picture, sample, out, 0);
    const share = out.subarray(0, height * width).filter((v) => v === -1).length / (height * width);
    if (share === 0) continue;
    erased++;
    assert.ok(share > 0.015 && share < 0.43, `${share} erased`);
  }
  assert.ok(Math.abs(erased / draws - 0.5) < 0.03, `${erased} erased`);
});

/** Expects a RecipeError with these words. */
function refuses(recipe: Recipe, change: string, ...words: readonly RegExp[]): void {
  assert.throws(
    () => overrideRecipe(recipe, [change]),
    (error: Error) => error instanceof RecipeError && words.every((word) => word.test(error.message)),
  );
}

test('the models of the systems can be changed key by key, within what they can do', () => {
  const changed = overrideRecipe(rga, [
    'model.branch=s',
    'model.bnGroups=2',
    'model.ratios.down=4',
    'model.feature=pool',
  ]);
  assert.is(changed.model.kind === 'rga' && changed.model.branch, 's');
  refuses(rga, 'model.branch=cs', /one of sc, s, c, none/);
  refuses(rga, 'model.dropout=2', /a number from 0 to 1/);
  refuses(rga, 'model.ratios.down=0', /a whole number of at least 1/);
  refuses(rga, 'input.height=64', /The recipe's model/, /too small for the ratios/);
  refuses(rga, 'input.width=100', /multiples of 16/);
  const level = overrideRecipe(apnet, ['model.level=3', 'loss.smoothingClasses=751']);
  assert.equal([level.model.kind === 'apnet' && level.model.level, level.loss.smoothingClasses], [3, 751]);
  refuses(apnet, 'model.level=4', /one of 0, 1, 2, 3/);
  refuses(overrideRecipe(apnetSmall, ['model.level=3']), 'model.width=6', /6 channels do not divide/);
  refuses(apnet, 'model.branch=s', /no key "model.branch"/);
});

test('a recipe stays of its kind', () => {
  refuses(baseline, 'model.kind=rga', /no key "model.kind"/);
  refuses(rgaSmall, 'model={"kind":"baseline"}', /model.kind must be rga/);
});

test.run();

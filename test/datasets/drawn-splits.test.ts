import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawSplits, parseSplits } from '../../datasets/index.js';
import { failsWith } from './fails-with.js';

const people = Array.from({ length: 40 }, (_, i) => String(i + 1).padStart(4, '0'));

test('every identity is on one side, as many as asked for, and the draws differ', () => {
  const splits = drawSplits(people, 15, 10, 1, 'a set');
  assert.is(splits.length, 10);
  for (const { train, test: tested } of splits) {
    assert.is(train.length, 15);
    assert.equal([...train, ...tested].sort(), people);
    assert.equal([...train].sort(), train);
  }
  assert.is(new Set(splits.map(({ train }) => train.join())).size, 10);
});

test('the same seed gives the same, another seed or set another, and more draws do not change the first', () => {
  const first = drawSplits(people, 15, 3, 1, 'a set');
  assert.equal(drawSplits(people, 15, 10, 1, 'a set').slice(0, 3), first);
  assert.not.equal(drawSplits(people, 15, 3, 2, 'a set'), first);
  assert.not.equal(drawSplits(people, 15, 3, 1, 'another set'), first);
});

test('each identity is as often trained on as any other', () => {
  const count = new Map<string, number>();
  for (const { train } of drawSplits(people, 20, 400, 3, 'a set'))
    for (const name of train) count.set(name, (count.get(name) ?? 0) + 1);
  // 400 draws of one half: mean 200, standard deviation 10; five of them on either side.
  for (const times of count.values()) assert.ok(times > 150 && times < 250, String(times));
});

test('a file of splits is read in both forms, and what is wrong in it is said', async () => {
  const splits = [{ train: ['a'], test: ['b'] }];
  assert.equal(parseSplits(JSON.stringify({ dataset: 'x', seed: 4, splits }), 's.json'), {
    dataset: 'x',
    seed: 4,
    splits,
  });
  assert.equal(parseSplits(JSON.stringify(splits), 's.json').splits, splits);
  await failsWith(() => parseSplits('{', 's.json'), 's.json is not JSON');
  await failsWith(() => parseSplits('null', 's.json'), 's.json has no splits');
  await failsWith(() => parseSplits('[{"train": [1], "test": []}]', 's.json'), 'split 0 lacks train or test');
  await failsWith(() => parseSplits('[{"train": ["a"], "test": ["b", "a"]}]', 's.json'), 'has a in train and in test');
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDataset, compareCounts, crossDomain, DATASET_FACTS, joinDatasets } from '../../datasets/index.js';
import { failsWith } from './fails-with.js';
import { type Line, lines, memoryDataset } from './memory-dataset.js';

const dataset = (name: string, cameras = 3) =>
  memoryDataset(
    name,
    {
      train: [`${name}/a 0 0`, `${name}/b 0 1`, `${name}/c 1 2`, `${name}/d 1 0`] as Line[],
      query: [`${name}/q 7 0`] as Line[],
      gallery: [`${name}/g 7 1`, `${name}/h 0 2`, `${name}/j -1 2`, `${name}/k 9 0`] as Line[],
    },
    cameras,
  );

const [x, y, z] = [dataset('x'), dataset('y', 5), dataset('z')];

test('identities and cameras of several never collide; junk and distractors stay', () => {
  const both = joinDatasets([x, y]);
  assert.equal([both.identities, both.cameras], [4, 8]);
  assert.equal(lines(both.train), [
    'x/a 0 0 1:t0',
    'x/b 0 1 1:t0',
    'x/c 1 2 1:t1',
    'x/d 1 0 1:t1',
    'y/a 2 3 2:t0',
    'y/b 2 4 2:t0',
    'y/c 3 5 2:t1',
    'y/d 3 3 2:t1',
  ]);
  assert.equal(lines(both.query), ['x/q 7 0 1:0007', 'y/q 16 3 2:0007']);
  assert.equal(lines(both.gallery), [
    'x/g 7 1 1:0007',
    'x/h 0 2 1:0000',
    'x/j -1 2 1:00-1',
    'x/k 9 0 1:0009',
    'y/g 16 4 2:0007',
    'y/h 0 5 2:0000',
    'y/j -1 5 2:00-1',
    'y/k 18 3 2:0009',
  ]);
  assert.equal(
    both.query.map(({ source }) => both.sources![source!]!.name),
    ['x', 'y'],
  );
  assert.equal(checkDataset(both), []);
});

test('a sum of sums is the sum', () => {
  const flat = joinDatasets([x, y, z]);
  for (const nested of [joinDatasets([joinDatasets([x, y]), z]), joinDatasets([x, joinDatasets([y, z])])]) {
    for (const split of ['train', 'query', 'gallery'] as const) assert.equal(nested[split], flat[split]);
    assert.equal([nested.identities, nested.cameras], [flat.identities, flat.cameras]);
    assert.equal(nested.sources, flat.sources);
  }
});

test('one alone stays as it is', () => {
  assert.is(joinDatasets([x]), x);
  return failsWith(() => joinDatasets([]), 'at least one');
});

test('pictures come from where they were, by the record that is theirs', async () => {
  const nested = joinDatasets([x, joinDatasets([y, z])]);
  const said = async (record: (typeof nested.train)[number]) =>
    ((await nested.read(record)) as unknown as { said: string }).said;
  assert.is(await said(nested.train[4]!), 'y: y/a 0 0 t0');
  assert.is(await said(nested.query[2]!), 'z: z/q 7 0 0007');
  await failsWith(
    () => nested.read({ ...nested.train[0]!, path: 'nowhere' }),
    'nowhere is not a picture of the joined',
  );
});

test('training on some and testing on another', () => {
  const crossed = crossDomain(joinDatasets([x, y]), z);
  assert.equal([crossed.identities, crossed.cameras], [4, 11]);
  assert.equal(lines(crossed.train), lines(joinDatasets([x, y]).train));
  assert.equal(lines(crossed.query), ['z/q 7 8 3:0007']);
  assert.equal(crossed.gallery.length, 4);
  assert.equal(checkDataset(crossed), []);
});

test('testing on one of those that were trained on: one source, one set of cameras, and people are told apart', () => {
  const crossed = crossDomain(joinDatasets([x, y]), x);
  assert.equal([crossed.cameras, crossed.sources!.length], [8, 2]);
  assert.equal(lines(crossed.query), ['x/q 7 0 1:0007']);
  assert.equal(checkDataset(crossed), []);
  const leaking = { ...x, query: x.query.map((record) => ({ ...record, identityName: 't0' })) };
  const codes = checkDataset(crossDomain(joinDatasets([leaking, y]), leaking)).map(({ code }) => code);
  assert.equal(codes, ['identity-train-test']);
});

test('the same picture twice is refused', () =>
  failsWith(() => joinDatasets([x, { ...x, cameras: 3 }]), 'x/a is in train of two'));

test('published numbers are compared source by source', () => {
  const market = { ...x, facts: DATASET_FACTS.market1501 };
  assert.equal(
    compareCounts(joinDatasets([y, market])).map(({ code, message }) => [code, message.slice(0, 40)]),
    [['lookalike', 'x: this has the layout of Market-1501, a']],
  );
});

test.run();

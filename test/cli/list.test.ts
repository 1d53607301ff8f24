import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CATALOGUE, type CatalogueEntry } from '../../cli/catalogue.js';
import { DATASET_KINDS } from '../../datasets/open.node.js';
import { recipes } from '../../reid/recipes/index.js';
import { fail, run, succeed } from './command-line.js';

const namesOf = (group: string): string[] => CATALOGUE[group]!.map(({ name }) => name);

test('list: every recipe, model and data set is there, with its source', () => {
  assert.equal(namesOf('recipes'), [...recipes.keys()]);
  assert.equal(namesOf('datasets'), Object.keys(DATASET_KINDS));
  const kinds = new Set([...recipes.values()].map(({ model }) => model.kind ?? 'baseline'));
  for (const kind of kinds) assert.ok(namesOf('models').includes(kind), `the model ${kind} in cli/catalogue.ts`);
  for (const group of ['recipes', 'models', 'backbones', 'datasets', 'losses', 'optimisers', 'clusterings']) {
    for (const { name, about, source } of CATALOGUE[group]!) {
      assert.ok(about !== '' && source !== '', `${name} of ${group} says what it is and where it is from`);
    }
  }
});

test('list: names are told apart, and every line is one', () => {
  for (const [group, entries] of Object.entries(CATALOGUE)) {
    assert.is(new Set(entries.map(({ name }) => name)).size, entries.length, group);
    for (const { name, about, source } of entries) assert.not.match(`${name}${about}${source}`, /\n|undefined/);
  }
});

test('list: all groups, one group, JSON, and one that is none', async () => {
  const all = await succeed('list');
  for (const group of Object.keys(CATALOGUE)) assert.match(all.stdout, new RegExp(`^${group}$`, 'm'));
  const one = await succeed('list', 'losses', '--json');
  const parsed = JSON.parse(one.stdout) as Record<string, readonly CatalogueEntry[]>;
  assert.equal(parsed, { losses: CATALOGUE.losses });
  await fail(2, ['"recipies"', 'Did you mean recipes?'], 'list', 'recipies');
});

for (const name of ['list', 'extract', 'rank', 'compare', 'cluster', 'search', 'look']) {
  test(`${name} --help explains itself`, async () => {
    const { code, stdout, stderr } = await run(name, '--help');
    assert.equal([code, stderr], [0, '']);
    assert.match(stdout, 'Exit status');
    assert.not.match(stdout, /undefined|\[object/);
  });
}

test.run();

import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ComparisonCell } from '../../cli/comparison.js';
import { parseCsv } from '../../datasets/csv.js';
import { createSynthetic } from '../../datasets/index.js';
import { writeMarket1501 } from '../../datasets/market1501-writer.node.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { fail, folderFor, jsonOf, run, start, succeed } from './command-line.js';
import { DATA } from './tiny.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);
const OTHER = DATA.replace('testIdentities=4', 'seed=5,testIdentities=3');
let tiny: string;
/** Ranks by a gallery picture that ends in the middle. */
let broken: string;

test.before(async () => {
  tiny = await trainedRun(folder);
  const small = { identities: 4, testIdentities: 3, images: 2, cameras: 2, distractors: 0, height: 32, width: 16 };
  await writeMarket1501(createSynthetic(small), at('market'));
  const gallery = at('market', 'bounding_box_test');
  const victim = join(gallery, readdirSync(gallery).sort()[2]!);
  truncateSync(victim, Math.floor(statSync(victim).size / 2));
  broken = `market1501:${at('market')}`;
});

interface Result {
  readonly cells: readonly ComparisonCell[];
}

test('compare: a failing data set and a failing checkpoint cost their own cells alone', async () => {
  const out = at('table');
  const args = [tiny, at('missing'), '--data', broken, '--data', DATA, '--out', out, '--csv', at('t.csv')];
  const first = await run('compare', ...args);
  assert.is(first.code, 1, first.stderr);
  for (const part of ['mAP %', 'rank-1 %', 'parameters', 'feature', 'failed', 'cut short', 'missing is not there']) {
    assert.ok(first.stdout.includes(part), `"${part}" in:\n${first.stdout}`);
  }
  assert.not.match(first.stdout + first.stderr, /undefined|^\s+at .*\.js:\d+/m);
  assert.match(first.stderr, '3 of 4 failed');
  const { cells } = jsonOf(out, 'compare.json') as Result;
  assert.equal(
    cells.map(({ checkpoint, data, status }) => [checkpoint, data, status]),
    [
      [tiny, broken, 'failed'],
      [tiny, DATA, 'ok'],
      [at('missing'), broken, 'failed'],
      [at('missing'), DATA, 'failed'],
    ],
  );
  const { mAP, cmc, mINP } = jsonOf(tiny, 'metrics.json') as RunMetrics;
  const good = cells[1]!;
  assert.equal([good.mAP, good.rank1, good.mINP], [mAP, cmc['1'], mINP]);
  assert.equal([good.dimension, good.queries, good.gallery, good.unmatched], [32, 12, 12, 0]);
  assert.ok(good.parameters! > 40_000 && good.seconds! > 0);
  const rows = parseCsv(readFileSync(at('t.csv'), 'utf8'), 't.csv').map(({ fields }) => fields);
  assert.equal(rows.length, 5);
  assert.is(Number(rows[2]![rows[0]!.indexOf('mAP')]), mAP);
  assert.equal(readFileSync(join(out, 'compare.csv'), 'utf8'), readFileSync(at('t.csv'), 'utf8'));
});

test('compare: cells that are there are taken over, and one that was stopped goes on', async () => {
  const out = at('table');
  const again = await succeed('compare', tiny, '--data', DATA, '--out', out, '--json');
  assert.match(again.stderr, 'taken over');
  assert.not.match(again.stderr, /features \d/, 'no picture is looked at');
  const [cell] = (JSON.parse(again.stdout) as Result).cells;
  assert.equal([cell!.status, cell!.data], ['ok', DATA]);

  const args = ['compare', tiny, '--data', DATA, '--data', OTHER, '--out', at('killed')] as const;
  const { child, ended } = start(...args);
  child.stderr!.on('data', (text: string) => {
    if (text.includes('2/2')) child.kill('SIGKILL');
  });
  assert.is((await ended).signal, 'SIGKILL');
  assert.is(readdirSync(at('killed', 'cells')).filter((name) => name.endsWith('.json')).length, 1);
  const rest = await succeed(...args);
  assert.match(rest.stderr, '1/2 tiny on');
  assert.is(rest.stderr.match(/taken over/g)?.length, 1);
  assert.match(rest.stderr, /features 18\/18/);
  assert.match(rest.stderr, /next: node cli\/evaluate\.js /);
});

test('compare: other ways of comparing are other cells', async () => {
  const { stderr } = await succeed('compare', tiny, '--data', DATA, '--out', at('table'), '--flip', '--dry-run');
  assert.is(stderr, '');
  const flipped = await succeed('compare', tiny, '--data', DATA, '--out', at('table'), '--flip');
  assert.not.match(flipped.stderr, 'taken over');
});

test('compare: --dry-run and wrong use', async () => {
  const { stdout } = await succeed('compare', tiny, '--data', DATA, '--data', OTHER, '--out', at('dry'), '--dry-run');
  assert.match(stdout, 'would look at 42 pictures');
  assert.not(existsSync(at('dry')));
  await fail(2, ['Give one run or more'], 'compare', '--data', DATA);
  await fail(2, ['--data is missing'], 'compare', tiny);
});

test.run();

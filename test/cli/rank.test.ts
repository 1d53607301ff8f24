import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, encodePng } from '../../datasets/index.js';
import { pseudoPicture } from '../datasets/pseudo-picture.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);
let tiny: string;

test.before(async () => {
  tiny = await trainedRun(folder);
  writeFileSync(at('stranger.png'), await encodePng(pseudoPicture(20, 40)));
  mkdirSync(at('empty'));
});

interface List {
  readonly query: string;
  readonly identity: number | null;
  readonly ap: number | null;
  readonly nearest: readonly { readonly path: string; readonly distance: number; readonly match: boolean | null }[];
}

const heightOf = async (path: string): Promise<number> =>
  (await decodeImage(new Uint8Array(readFileSync(path)), path)).height;

test('rank: the worst and the best, in order', async () => {
  const out = at('ends');
  const { stdout } = await succeed('rank', tiny, '--out', out, '--worst', '3', '--best', '2', '--top', '5', '--json');
  const { worst, best } = JSON.parse(stdout) as { worst: List[]; best: List[] };
  assert.equal(jsonOf(out, 'ranks.json'), JSON.parse(stdout));
  assert.equal([worst.length, best.length], [3, 2]);
  const aps = [...worst.map(({ ap }) => ap!), ...best.map(({ ap }) => ap!).reverse()];
  assert.equal(
    aps,
    [...aps].sort((a, b) => a - b),
    'from the worst to the best',
  );
  for (const { nearest } of [...worst, ...best]) {
    const distances = nearest.map(({ distance }) => distance);
    assert.equal(
      distances,
      [...distances].sort((a, b) => a - b),
    );
    assert.is(nearest.length, 5);
  }
  assert.equal(readdirSync(out).sort(), ['best.png', 'ranks.json', 'worst.png']);
  assert.ok((await heightOf(join(out, 'worst.png'))) > (await heightOf(join(out, 'best.png'))));
});

test('rank: a query of the data set, and a picture that is not in it', async () => {
  const out = at('chosen');
  const queries = ['--query', '0008_c1_0', '--query', at('stranger.png')];
  const { stdout, stderr } = await succeed('rank', tiny, '--out', out, ...queries, '--protocol', 'no-camera');
  const { queries: lists } = jsonOf(out, 'ranks.json') as { queries: List[] };
  assert.equal([lists[0]!.identity, lists[1]!.identity, lists[1]!.ap], [8, null, null]);
  assert.ok(lists[0]!.query.endsWith('/0008_c1_0') && lists[0]!.ap! > 0);
  assert.ok(lists[0]!.nearest.every(({ match }) => match !== null));
  assert.ok(lists[1]!.nearest.length === 10 && lists[1]!.nearest.every(({ match }) => match === null));
  assert.equal(readdirSync(out).sort(), ['queries.png', 'ranks.json']);
  assert.match(stdout, 'stranger.png: unknown, nearest synthetic/');
  assert.match(stderr, /features 14\/14 pictures/, 'the other queries are not looked at');
  assert.match(stderr, /next: look at /);
});

test('rank: --dry-run draws nothing, mistakes are told', async () => {
  const out = at('none');
  const { stdout } = await succeed('rank', tiny, '--out', out, '--dry-run');
  assert.match(stdout, 'would look at 24 pictures');
  assert.match(stdout, join(out, 'worst.png'));
  await fail(2, ['--out is missing'], 'rank', tiny);
  await fail(2, ['missing.jpg', 'neither a query', 'nor a file'], 'rank', tiny, '--out', out, '--query', 'missing.jpg');
  await fail(1, [join(tiny, 'log.jsonl')], 'rank', tiny, '--out', out, '--query', join(tiny, 'log.jsonl'));
  await fail(2, ['No query is left'], 'rank', tiny, '--out', out, '--worst', '0');
  await fail(2, ['--top', '0'], 'rank', tiny, '--out', out, '--top', '0');
  await fail(1, [at('empty'), 'no checkpoint.safetensors'], 'rank', at('empty'), '--out', out);
  assert.not(existsSync(out));
});

test.run();

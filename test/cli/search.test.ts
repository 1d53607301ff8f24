import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../datasets/index.js';
import type { Outcome, RungResult } from '../../reid/search/outcome.js';
import { readCheckpoint } from '../../reid/training/checkpoint.node.js';
import type { Metrics } from '../../reid/training/retrieval.js';
import { assertSameState, fail, folderFor, jsonOf, start, succeed, until } from './command-line.js';
import { CHANGES, DATA, set } from './tiny.js';

const folder = folderFor(test);

/** Four trials to epoch 2, the better half of them to epoch 4; the third diverges. */
const search = (out: string): string[] => [
  'baseline',
  ...['--data', DATA, '--out', out, '--seed', '7', '--validation', '0.34'],
  ...['--trials', '4', '--eta', '2', '--rungs', '2'],
  ...['--space', 'optimiser.lr=1e-3|1e30', '--space', 'loss.margin=0.1..0.5'],
  ...set(...CHANGES, 'epochs=4', 'sampler.cover=identities', 'schedule.kind=constant', 'schedule.warmup=null'),
];

interface Found {
  readonly best: Outcome;
  readonly command: string;
  readonly test?: Metrics;
  readonly outcomes: readonly Outcome[];
}

const resultsOf = (out: string): RungResult[] =>
  existsSync(join(out, 'results.json')) ? (jsonOf(out, 'results.json') as RungResult[]) : [];

const untimed = (results: readonly RungResult[]) => results.map((result) => ({ ...result, seconds: 0 }));

const bestCheckpoint = (out: string) => {
  const [name, ...others] = readdirSync(join(out, 'trials'));
  assert.equal(others, [], 'the best trial alone is kept');
  return readCheckpoint(join(out, 'trials', name!));
};

test('a search that was killed and stopped finds the same as one that was not, and runs no finished trial again', async () => {
  const whole = join(folder, 'whole');
  const { stdout } = await succeed('search', ...search(whole), '--json');
  const { best, command, outcomes } = JSON.parse(stdout) as Found;
  assert.equal(
    outcomes.map(({ state, epochs }) => `${state} ${epochs}`),
    ['finished 4', 'finished 4', 'stopped 2', 'diverged 2'],
  );
  assert.ok(outcomes[0]!.mAP! >= outcomes[1]!.mAP!);
  assert.match(outcomes[3]!.diverged!, /step \d.*learning rate 1\.00e\+30/);
  assert.is(best.trial, outcomes[0]!.trial);
  const { 'optimiser.lr': lr } = best.setting;
  for (const part of ['node cli/train.js baseline', '--set model.width=4', `--set optimiser.lr=${lr}`, '--seed 7']) {
    assert.ok(command.includes(part), `${part} in ${command}`);
  }
  const table = readFileSync(join(whole, 'table.csv'), 'utf8').trim().split('\n');
  assert.match(table[0]!, /^trial,mAP %,.*optimiser\.lr,loss\.margin,state$/);
  assert.is(table.length, 5);
  assert.match(readFileSync(join(whole, 'search.html'), 'utf8'), /<h2>Halving<\/h2>/);
  const picture = await decodeImage(new Uint8Array(readFileSync(join(whole, 'search.png'))), 'search.png');
  assert.ok(picture.width > 1000 && picture.height > 800);

  const out = join(folder, 'killed');
  const first = start('search', ...search(out));
  await until(() => existsSync(join(out, 'trials/001.safetensors')), 'the first checkpoint');
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  assert.is(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /search\.js --resume --out/);

  const second = start('search', '--resume', '--out', out);
  await until(() => resultsOf(out).length >= 2, 'two results');
  second.child.kill('SIGKILL');
  assert.is((await second.ended).signal, 'SIGKILL');
  writeFileSync(join(out, '.0123456789abcdef.tmp'), 'half a file');
  const before = resultsOf(out);
  assert.ok(before.length < 6, `${before.length} results`);

  const last = await succeed('search', '--resume', '--out', out, '--json', '--test');
  const after = resultsOf(out);
  assert.equal(after.slice(0, before.length), before, 'their times too: none was run again');
  assert.equal(untimed(after), untimed(resultsOf(whole)));
  assertSameState(await bestCheckpoint(out), await bestCheckpoint(whole));
  assert.not(readdirSync(out).some((name) => name.endsWith('.tmp')));
  const { mAP } = (JSON.parse(last.stdout) as Found).test!;
  assert.ok(mAP > 0 && mAP <= 1);
  assert.is((jsonOf(out, 'test.json') as Metrics).mAP, mAP);
  await fail(2, ['already holds a search', '--resume'], 'search', ...search(out));
});

test('--dry-run draws and checks; mistakes are named before anything runs', async () => {
  const { stdout } = await succeed('search', ...search(join(folder, 'dry')), '--dry-run');
  assert.match(stdout, /^4 trials to epoch 2\n2 trials to epoch 4\ntrial 1: optimiser\.lr=/);
  assert.not(existsSync(join(folder, 'dry')));
  await fail(2, ['gam-small', 'without labels'], 'search', 'gam-small', '--data', DATA, '--space', 'optimiser.lr=0..1');
});

test.run();

import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../datasets/index.js';
import type { Recipe } from '../../reid/recipes/index.js';
import { readEvents } from '../../reid/report/tensorboard/tensorboard.js';
import { readCheckpoint } from '../../reid/training/checkpoint.node.js';
import type { Metrics } from '../../reid/training/retrieval.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { assertSameState, type Ended, folderFor, jsonOf, start, stepsOf, succeed, until } from './command-line.js';
import { DATA, set, tinyRun } from './tiny.js';

const folder = folderFor(test);

/** A run that nothing interrupts; the other tests look at what it left. */
const whole = join(folder, 'whole');
let ended: Ended;

test.before(async () => {
  ended = await succeed('train', ...tinyRun(whole, 'epochs=3'), '--json', '--seed', '7');
});

const assertFractions = ({ mAP, cmc, mINP }: Metrics): void => {
  assert.equal(Object.keys(cmc), ['1', '5', '10', '20']);
  const figures = [mAP, mINP, ...Object.values(cmc)];
  assert.ok(
    figures.every((figure) => figure >= 0 && figure <= 1),
    `${figures}`,
  );
  assert.ok(mAP > 0 && cmc['20']! >= cmc['1']!);
};

const checkpointOf = (run: string) => readCheckpoint(join(run, 'checkpoint.safetensors'));

/** The files of a run; the name of the events has a time in it. */
const filesOf = (run: string): string[] =>
  readdirSync(run)
    .map((name) => name.replace(/^events\.out\.tfevents\.\d+\.reid-webgpu$/, 'events'))
    .sort();

/** Steps that the event file tells of, in its order. */
function eventSteps(run: string): number[] {
  const name = readdirSync(run).find((file) => file.startsWith('events.'))!;
  return readEvents(new Uint8Array(readFileSync(join(run, name)))).events.map(({ step }) => step);
}

test('the run folder holds the recipe, the log, the checkpoint, the figures and the picture', async () => {
  const { recipe, data, seed } = jsonOf(whole, 'recipe.json') as { recipe: Recipe; data: string; seed: number };
  assert.equal([recipe.name, recipe.model.width, recipe.epochs, data, seed], ['baseline', 4, 3, DATA, 7]);
  assert.equal(recipe.schedule, {
    kind: 'cosine',
    end: 3,
    to: 0.01,
    warmup: { epochs: 2, from: 0.1 },
  });

  const steps = stepsOf(whole);
  assert.equal(
    steps.map(({ step }) => step),
    steps.map((_, i) => i + 1),
    'one line a step',
  );
  assert.equal([...new Set(steps.map(({ epoch }) => epoch))], [0, 1, 2]);
  assert.ok(steps.every(({ loss, images, lr }) => Number.isFinite(loss) && images === 6 && lr > 0));

  const metrics = jsonOf(whole, 'metrics.json') as RunMetrics;
  for (const figures of [metrics, metrics.rawPixels, metrics.untrained]) assertFractions(figures);
  assert.equal([metrics.steps, metrics.queries, metrics.validQueries, metrics.gallery], [steps.length, 12, 12, 12]);

  const picture = await decodeImage(new Uint8Array(readFileSync(join(whole, 'ranks.png'))), 'ranks.png');
  assert.ok(picture.width > 400 && picture.height > 300, `${picture.width} × ${picture.height}`);

  const { position, facts } = await checkpointOf(whole);
  assert.equal([position.epoch, position.batch, position.step], [3, 0, steps.length]);
  assert.equal([facts.identities, facts.data, facts.seed], [6, DATA, 7]);
  const page = readFileSync(join(whole, 'report.html'), 'utf8');
  for (const part of ['mAP', 'learning rate', 'baseline']) assert.ok(page.includes(part), `${part} in report.html`);
  assert.equal(eventSteps(whole), [0, ...steps.map(({ step }) => step)], 'events for TensorBoard, each step once');
  const files = [
    'checkpoint.safetensors',
    'events',
    'log.jsonl',
    'metrics.json',
    'ranks.png',
    'recipe.json',
    'report.html',
  ];
  assert.equal(filesOf(whole), files, 'and nothing else');
});

test('--json prints the figures alone, progress goes to standard error', () => {
  assert.equal(JSON.parse(ended.stdout), jsonOf(whole, 'metrics.json'));
  assert.is(ended.stdout.trim().split('\n').length, 1);
  const { steps } = jsonOf(whole, 'metrics.json') as RunMetrics;
  for (const part of ['raw pixels: mAP', 'untrained:  mAP', 'trained:    mAP', `step ${steps}/${steps} steps`]) {
    assert.ok(ended.stderr.includes(part), `${part} in:\n${ended.stderr}`);
  }
});

test('--print shows the resolved recipe and does nothing else', async () => {
  const { stdout } = await succeed('train', 'baseline-tiny', '--print', ...set('epochs=2', 'model.width=4'));
  const recipe = JSON.parse(stdout) as Recipe;
  assert.equal([recipe.name, recipe.epochs, recipe.model.width], ['baseline-tiny', 2, 4]);
});

test('killed before its first checkpoint, stopped by Ctrl-C, killed after some steps: the same bits as never stopped', async () => {
  const out = join(folder, 'killed');
  const log = () => stepsOf(out).length;

  const first = start('train', ...tinyRun(out, 'epochs=3'), '--seed', '7');
  await until(() => existsSync(join(out, 'recipe.json')), 'recipe.json');
  first.child.kill('SIGKILL');
  assert.is((await first.ended).signal, 'SIGKILL');
  assert.not(existsSync(join(out, 'checkpoint.safetensors')), 'no checkpoint yet');

  const second = start('train', '--resume', '--out', out);
  await until(() => log() >= 3, 'three steps');
  second.child.kill('SIGINT');
  const stopped = await second.ended;
  assert.is(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /--resume --out/);
  const saved = await checkpointOf(out);
  assert.is(saved.position.step, log(), 'Ctrl-C saves the newest step');
  assert.not(existsSync(join(out, 'metrics.json')));

  const third = start('train', '--resume', '--out', out);
  await until(() => log() >= saved.position.step + 4, 'four more steps');
  third.child.kill('SIGKILL');
  assert.is((await third.ended).signal, 'SIGKILL');
  assert.ok((await checkpointOf(out)).position.step >= saved.position.step, 'the checkpoint is whole');

  // What a process that is killed at the wrong moment leaves: half a line, half a file.
  appendFileSync(join(out, 'log.jsonl'), '{"step":99,"epo');
  writeFileSync(join(out, '.0123456789abcdef.tmp'), 'half a checkpoint');
  const { stdout, stderr } = await succeed('train', '--resume', '--out', out, '--json');
  assert.match(stderr, /goes on after step \d+/);

  assertSameState(await checkpointOf(out), await checkpointOf(whole));
  const course = (run: string) => stepsOf(run).map((line) => ({ ...line, seconds: 0 }));
  assert.equal(course(out), course(whole), 'each step once, with the same losses');
  const figures = ({ mAP, cmc, mINP, rawPixels, untrained }: RunMetrics) => ({ mAP, cmc, mINP, rawPixels, untrained });
  assert.equal(figures(JSON.parse(stdout)), figures(jsonOf(whole, 'metrics.json') as RunMetrics));
  assert.equal(filesOf(out), filesOf(whole), 'nothing is left over');
  assert.equal(eventSteps(out), eventSteps(whole), 'each step once in the events');
});

test('a finished run goes on when it gets more epochs', async () => {
  const out = join(folder, 'more');
  await succeed('train', ...tinyRun(out, 'epochs=1', 'sampler.cover=identities'));
  const before = stepsOf(out).length;
  await succeed('train', '--resume', '--out', out, ...set('epochs=2', 'optimiser.weightDecay=0'));
  const { position, facts, optimiser } = await checkpointOf(out);
  assert.equal(
    [position.epoch, position.step, facts.recipe.schedule],
    [2, 2 * before, { ...facts.recipe.schedule, end: 2 }],
  );
  assert.is(optimiser.groups[0]!.weightDecay, 0, 'a change of the optimiser holds from there on');
  assert.equal(
    stepsOf(out).map(({ step }) => step),
    Array.from({ length: position.step }, (_, i) => i + 1),
  );
});

test.run();

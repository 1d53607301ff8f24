import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic, encodePng } from '../../datasets/index.js';
import { readCheckpoint } from '../../reid/training/checkpoint.node.js';
import type { UnsupervisedMetrics } from '../../reid/training/unsupervised/run.node.js';
import { fail, folderFor, jsonOf, start, stepsOf, succeed, until } from './command-line.js';
import { DATA, set } from './tiny.js';

const folder = folderFor(test);

const CHANGES = [
  ...['input.height=32', 'input.width=16', 'model.width=8', 'model.embedDim=16', 'batch=12', 'augment.erase=null'],
  ...['epochs=2', 'later.epochs=1', 'clustering.mergePercent=0.3', 'evaluation.every=1'],
];

const arguments_ = (out: string, data: string) => ['gam-small', '--data', data, '--out', out, ...set(...CHANGES)];

test('a run without labels leaves figures of a step fixed beforehand and of the best, the clusters, and a report', async () => {
  const out = join(folder, 'whole');
  const { stdout, stderr } = await succeed('train', ...arguments_(out, DATA), '--json');
  const metrics = jsonOf(out, 'metrics.json') as UnsupervisedMetrics;
  assert.equal(JSON.parse(stdout), metrics);
  const { published, oracle, rounds, pictures, clusters } = metrics;
  assert.equal([pictures, clusters, published!.round], [36, 16, 1]);
  assert.is(metrics.mAP, published!.mAP);
  assert.is(oracle!.mAP, Math.max(...rounds.flatMap(({ metrics: figures }) => figures?.mAP ?? [])));
  assert.equal(
    rounds.map((round) => round.clusters),
    [36, 26, 16],
  );
  assert.ok(rounds.slice(1).every(({ purity, sharedPairs }) => purity! > 0 && sharedPairs! >= 0));
  assert.ok(rounds[0]!.metrics!.trapezoid !== rounds[0]!.metrics!.mAP, 'average precision by both rules');
  for (const part of ['raw pixels: mAP', 'untrained:  mAP', 'fixed beforehand', 'oracle', 'share an identity']) {
    assert.ok(stderr.includes(part), `${part} in:\n${stderr}`);
  }
  const groups = jsonOf(out, 'clusters.json') as { clusters: number; pictures: { path: string; cluster: number }[] };
  assert.equal([groups.clusters, groups.pictures.length], [16, 36]);
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  for (const part of ['Clusters by round', 'Sizes of the clusters', 'from the largest to the smallest', 'purity']) {
    assert.ok(page.includes(part), `${part} in report.html`);
  }
  await succeed('evaluate', out, '--json');
});

test('stopped by Ctrl-C and killed, a run goes on to the same figures', async () => {
  const out = join(folder, 'stopped');
  const first = start('train', ...arguments_(out, DATA));
  await until(() => stepsOf(out).length >= 2, 'two steps');
  first.child.kill('SIGINT');
  assert.is((await first.ended).code, 130);
  const saved = await readCheckpoint(join(out, 'checkpoint.safetensors'));
  assert.is(saved.position.step, stepsOf(out).length);
  const second = start('train', '--resume', '--out', out);
  await until(() => stepsOf(out).length >= saved.position.step + 3, 'three more steps');
  second.child.kill('SIGKILL');
  await second.ended;
  await succeed('train', '--resume', '--out', out);
  const whole = join(folder, 'whole');
  const figures = ({ seconds: _, ...rest }: UnsupervisedMetrics) => rest;
  const metricsOf = (run: string) => figures(jsonOf(run, 'metrics.json') as UnsupervisedMetrics);
  assert.equal(metricsOf(out), metricsOf(whole));
  assert.equal(jsonOf(out, 'clusters.json'), jsonOf(whole, 'clusters.json'));
});

test('pictures in a folder of which nothing is known, with the weights of another run', async () => {
  const root = join(folder, 'pictures');
  const dataset = createSynthetic({ identities: 6, testIdentities: 2, images: 2, cameras: 3, height: 32, width: 16 });
  for (const [i, record] of dataset.train.entries()) {
    mkdirSync(join(root, `camera ${i % 3}`), { recursive: true });
    writeFileSync(join(root, `camera ${i % 3}`, `${i}.png`), await encodePng(await dataset.read(record)));
  }
  const out = join(folder, 'loose');
  const weights = ['--weights', join(folder, 'whole')];
  const { stderr } = await succeed('train', ...arguments_(out, `folder:${root}`), ...weights);
  assert.match(stderr, /checkpoint\.safetensors → the whole model/);
  assert.match(stderr, /16 clusters of 36 pictures/);
  const { mAP, rounds } = jsonOf(out, 'metrics.json') as UnsupervisedMetrics;
  assert.is(mAP, undefined);
  assert.ok(
    rounds.every(({ purity }) => purity === undefined),
    'nothing is claimed that nobody knows',
  );
  assert.ok(existsSync(join(out, 'clusters.png')) && existsSync(join(out, 'report.html')));
  await fail(1, ['too few'], 'train', ...arguments_(join(folder, 'few'), `folder:${root}`), ...set('batch=99'));
});

test('--report-parameters prints the saving of both readings', async () => {
  const { stdout } = await succeed('train', 'gam', '--report-parameters');
  for (const part of [
    '10 516 304',
    '26 040 624',
    '26 023 760',
    '59.6 % (59.616)',
    '59.6 % (59.590)',
    '59.6 % (59.603)',
  ])
    assert.ok(stdout.includes(part), `${part} in:\n${stdout}`);
  const { recipe, parameters } = JSON.parse(
    (await succeed('train', 'gam', '--report-parameters', '--json')).stdout,
  ) as { recipe: string; parameters: number };
  assert.equal([recipe, parameters], ['gam', 14_716_752]);
});

test.run();

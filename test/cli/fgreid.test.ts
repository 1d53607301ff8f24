import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EvaluationFile } from '../../cli/evaluate-model.js';
import { createSyntheticTracklets, encodePng, SPLITS } from '../../datasets/index.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';
import { set } from './tiny.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);

const WALKERS = { identities: 4, testIdentities: 3, tracklets: 2, cameras: 2, maxFrames: 3, distractors: 1 };
const SIZE = { height: 32, width: 16 };
const DATA = `synthetic-tracklets:minFrames=1,${Object.entries({ ...WALKERS, ...SIZE })
  .map(([name, value]) => `${name}=${value}`)
  .join(',')}`;

const TINY = [
  ...['model.width=4', 'model.channels=8', 'model.inner=4', 'input.height=32', 'input.width=16'],
  ...['augment.enlarge.pad=1', 'sampler.identities=2', 'sampler.images=2', 'clips.frames=2', 'epochs=1'],
];

const evaluate = async (...args: readonly string[]): Promise<EvaluationFile> =>
  JSON.parse((await succeed('evaluate', ...args, '--json')).stdout) as EvaluationFile;

/** Pictures of the same walkers on disk with a table, one picture of another size. */
async function table(): Promise<string> {
  const dataset = createSyntheticTracklets({ ...WALKERS, ...SIZE, minFrames: 1 });
  mkdirSync(at('pictures'));
  const rows = ['path,id,camera,split,tracklet,frame'];
  for (const split of SPLITS) {
    for (const [i, record] of dataset[split].entries()) {
      const name = `${split}-${i}.png`;
      const larger = createSyntheticTracklets({ ...WALKERS, height: 48, width: 32, minFrames: 1 });
      const source = i === 0 ? larger : dataset;
      writeFileSync(at('pictures', name), await encodePng(await source.read(source[split][i]!)));
      const { identityName, camera, tracklet, frame } = record;
      rows.push(`pictures/${name},${identityName},${camera},${split},${tracklet},${frame}`);
    }
  }
  writeFileSync(at('walkers.csv'), `${rows.join('\n')}\n`);
  return `table:${at('walkers.csv')}`;
}

test('clips: trained on a table of tracklets, tested by every convention, ranked and extracted', async () => {
  const run = at('run');
  const data = await table();
  const trained = await succeed('train', 'fgreid-video-small', '--data', data, '--out', run, ...set(...TINY));
  assert.match(trained.stderr, /tracklets {2}images/);
  const metrics = jsonOf(run, 'metrics.json') as RunMetrics;
  assert.equal([metrics.queries, metrics.gallery], [6, 7], 'tracklets, not pictures');
  assert.match(readFileSync(at('run', 'log.jsonl'), 'utf8'), /"centerLoss":/);

  const again = await evaluate(run);
  assert.equal([again.mAP, again.baselines, again.queries], [metrics.mAP, 'the run', 6]);
  assert.is(again.report.facts.notes?.minScope, 'image');
  const fused = await evaluate(
    run,
    '--data',
    DATA,
    '--spatial-temporal',
    '--rerank',
    '3,2',
    '--clips',
    'test,2',
    '--flip',
  );
  assert.is(fused.distance, 're-ranked spatial-temporal');
  const official = await evaluate(run, '--protocol', 'mars-official', '--out', at('official'));
  assert.equal(
    [official.protocol, official.gallery, official.averagePrecision, official.invalidQueries],
    ['mars-official', 13, 'trapezoid', 'zero'],
  );
  const { stdout } = await succeed('evaluate', run, '--protocol', 'vehicleid', '--draws', '3', '--out', at('vehicles'));
  assert.match(stdout, /vehicleid: 3 draws of one gallery picture for each of 3 identities, 9 queries each/);

  await succeed('extract', run, '--out', at('features.safetensors'));
  assert.is(readFileSync(at('features.csv'), 'utf8').trim().split('\n').length, 1 + 13);
  assert.match(readFileSync(at('features.safetensors'), 'latin1').slice(0, 2000), /"minScope":"image"/);
  await succeed('rank', run, '--out', at('ranks'), '--worst', '2', '--query', 'query-0.png');

  await fail(1, ['no clock that its cameras share'], 'evaluate', run, '--spatial-temporal');
  await fail(2, ['ranks tracklets'], 'evaluate', run, '--multi-query');
  await fail(2, ['ranks tracklets anyway'], 'evaluate', run, '--tracklets', 'mean');
});

test('weights: a run begins with those of another, or with one of its trunks', async () => {
  const pictures = TINY.filter((change) => !change.startsWith('clips'));
  const from = (out: string, ...more: string[]) =>
    ['train', 'fgreid-image-small', '--data', DATA, '--out', at(out), ...set(...pictures), ...more] as const;
  const { stderr } = await succeed(...from('warm', '--weights', at('run')));
  assert.match(stderr, /run\/checkpoint\.safetensors → the whole model: \d+ of \d+ names loaded/);
  const { weights } = jsonOf(at('warm'), 'recipe.json') as { readonly weights: readonly string[] };
  assert.equal(weights, [at('run')]);
  const { stderr: second } = await succeed(...from('trunk', '--weights', at('run'), '--trunk', 'base'));
  assert.match(second, /the trunk base_mars: \d+ of \d+ names loaded/);
  await fail(1, ['of another size', 'base.0.weight'], ...from('wide', '--weights', at('run'), ...set('model.width=8')));
});

test.run();

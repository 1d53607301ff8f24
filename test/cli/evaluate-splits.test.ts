import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { averageOf, type SplitsEvaluation, splitsText } from '../../cli/evaluate-splits.js';
import { allSplits } from '../../datasets/all-splits.node.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { folderFor, jsonOf, run, succeed } from './command-line.js';
import { DATA } from './tiny.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);

test('split=all is one data set for each split', () => {
  assert.equal(allSplits('cuhk01:a?b'), ['cuhk01:a?b']);
  const splits = allSplits('cuhk03:a/b?protocol=classic&split=all&boxes=labeled');
  assert.is(splits.length, 20);
  assert.equal(splits[19], 'cuhk03:a/b?protocol=classic&split=19&boxes=labeled');
  assert.equal(allSplits('prid2011:a?split=all').at(-1), 'prid2011:a?split=9');
  assert.is(allSplits('prid2011-video:a?split=all').length, 10);
  assert.throws(() => allSplits('duke:a?split=all'), /numbered splits: .*cuhk03 \(20\)/);
});

test('evaluate: several runs, each on its own data or all on one, and the mean over them', async () => {
  const tiny = await trainedRun(folder);
  const other = DATA.replace('synthetic:', 'synthetic:seed=7,');
  const out = join(folder, 'average');
  const { stdout } = await succeed('evaluate', tiny, join(tiny, 'checkpoint.safetensors'), '--out', out);
  const average = jsonOf(out, 'splits.json') as SplitsEvaluation;
  const { mAP } = jsonOf(tiny, 'metrics.json') as RunMetrics;
  assert.equal([average.over, average.mAP.values, average.mAP.deviation], [2, [mAP, mAP], 0]);
  assert.equal(
    average.splits.map(({ data }) => data),
    [DATA, DATA],
  );
  for (const part of ['2 splits', 'mean', 'standard deviation', (100 * mAP).toFixed(2)]) {
    assert.ok(stdout.includes(part), `"${part}" in: ${stdout}`);
  }
  const dry = await succeed('evaluate', tiny, tiny, '--data', other, '--dry-run');
  assert.match(dry.stdout, 'would look at 48 pictures');
  assert.is((await run('evaluate', tiny, tiny, '--baselines')).code, 2);
});

test('CMC of splits is that of the single gallery shot where all have one', () => {
  const file = (mAP: number, shot: number) => ({
    ...{ mAP, cmc: { 1: 0.1, 5: 0.2, 10: 0.3, 20: 0.4 }, mINP: 0, data: 'x', protocol: 'market1501' },
    ...{ averagePrecision: 'rect', distance: 'cosine', singleShot: { cmc: [shot, 1] } },
  });
  const files = [file(0.2, 0.5), file(0.4, 0.7)] as unknown as Parameters<typeof averageOf>[0];
  const average = averageOf(files);
  assert.equal([average.cmcBy, average.cmc['1']!.values], ['single gallery shot', [0.5, 0.7]]);
  assert.ok(Math.abs(average.mAP.mean - 0.3) < 1e-12 && Math.abs(average.mAP.deviation - 0.1) < 1e-12);
  assert.match(splitsText(average), /mean +30\.00 +60\.00 +100\.00/);
  const plain = averageOf(files.map(({ singleShot: _, ...rest }) => rest) as Parameters<typeof averageOf>[0]);
  assert.equal([plain.cmcBy, plain.cmc['1']!.mean], ['first match', 0.1]);
});

test.run();

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EvaluationFile } from '../../cli/evaluate-model.js';
import { type EvaluationValues, evaluationChoices, NUMBERS } from '../../cli/evaluation-options.js';
import { withOptionalValues } from '../../cli/optional-values.js';
import { createSynthetic, decodeImage } from '../../datasets/index.js';
import { writeMarket1501 } from '../../datasets/market1501-writer.node.js';
import type { NamedArray } from '../../engine/io/arrays.js';
import { readFileBytes, writeFileAtomically } from '../../engine/io/files.node.js';
import { writePth } from '../../engine/io/pth-writer.js';
import { readSafetensors, writeSafetensors } from '../../engine/io/safetensors.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { ROOT } from '../files.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';
import { CHANGES, DATA, set } from './tiny.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);
let tiny: string;

test.before(async () => {
  tiny = await trainedRun(folder);
});

/** Evaluates and gives what `--json` printed. */
async function evaluate(...args: readonly string[]): Promise<EvaluationFile> {
  return JSON.parse((await succeed('evaluate', ...args, '--json')).stdout) as EvaluationFile;
}

const OTHER = DATA.replace('testIdentities=4', 'seed=5,testIdentities=3');

test('evaluate: the figures of the run again, and its folder gets report.json', async () => {
  const again = await evaluate(tiny);
  const { mAP, cmc, mINP, rawPixels, untrained } = jsonOf(tiny, 'metrics.json') as RunMetrics;
  assert.equal(
    [again.mAP, again.cmc, again.mINP, again.rawPixels, again.untrained, again.baselines],
    [mAP, cmc, mINP, rawPixels, untrained, 'the run'],
  );
  assert.equal([again.queries, again.validQueries, again.gallery, again.unmatched], [12, 12, 12, []]);
  const file = jsonOf(tiny, 'report.json') as EvaluationFile;
  assert.is(file.report.perQuery.length, 12);
  const { perQuery: _, ...report } = file.report;
  assert.equal({ ...file, report }, again, 'and --json prints the same without its queries');
  assert.is(report.means.skip.mAP.rect, mAP);
  assert.ok(report.means.skip.mAP.trapezoid < mAP, 'the other convention beside it');
  assert.is(report.verification, null, 'pairs on demand only');
});

test('evaluate: people see every convention, on standard output', async () => {
  const out = at('people');
  const { stdout, stderr } = await succeed('evaluate', tiny, '--out', out, '--verification', '--draws', '3');
  for (const part of [
    '12 of 12 queries valid, 12 in the gallery',
    'mAP rect',
    'mAP trapezoid',
    'mAP tied',
    'CMC 20',
    'mINP',
    'single gallery shot',
    'mean of 3 draws',
    'TAR@FAR',
    'DIR@FAR',
    'raw pixels: mAP',
    'of the run, on the same data',
    'untrained:  mAP',
    'trained:    mAP',
  ]) {
    assert.ok(stdout.includes(part), `"${part}" in:\n${stdout}`);
  }
  assert.not.match(stdout, /undefined|NaN|\[object/);
  assert.match(stderr.trim().split('\n').at(-1)!, /^next: node cli\/rank\.js /);
  assert.equal(readdirSync(out).sort(), ['ranks.png', 'report.json']);
  const picture = await decodeImage(new Uint8Array(readFileSync(join(out, 'ranks.png'))), 'ranks.png');
  assert.ok(picture.width > 400 && picture.height > 300, `${picture.width} × ${picture.height}`);
});

test('evaluate: another data set, with raw pixels and the untrained net measured on demand', async () => {
  const args = ['--data', OTHER, '--out', at('elsewhere'), '--baselines', '--multi-query', '--flip'];
  const measured = await evaluate(join(tiny, 'checkpoint.safetensors'), ...args);
  assert.equal([measured.data, measured.queries, measured.baselines], [OTHER, 9, 'measured now']);
  assert.not.equal(measured.rawPixels, (jsonOf(tiny, 'metrics.json') as RunMetrics).rawPixels);
  assert.ok(measured.untrained!.mAP > 0 && measured.rawPixels!.mAP > 0);
  assert.equal([measured.report.facts.flip, measured.report.facts.trainedOn], [true, DATA]);
  assert.match(String(measured.report.facts.notes?.['multi-query']), /^18 pictures/);
});

test('evaluate: expansion, re-ranking in both forms, protocols and distances change what they should', async () => {
  const out = at('ways');
  const ways = [
    ['--query-expansion', '3,1', '--rerank', '4,2,0.5', '--data', OTHER],
    ['--rerank', '4,2', '--rerank-form', 'faiss', '--distance', 'sqeuclidean'],
    ['--protocol', 'no-camera', '--draws', 'exact'],
  ];
  const results: EvaluationFile[] = [];
  for (const way of ways) results.push(await evaluate(tiny, '--out', out, ...way));
  const [expanded, faiss, open] = results as [EvaluationFile, EvaluationFile, EvaluationFile];
  assert.equal([expanded.distance, expanded.rawPixels, expanded.baselines], ['re-ranked cosine', null, 'not measured']);
  const { k1, k2, lambda, form } = expanded.report.facts.reranking as Record<string, unknown>;
  assert.equal([k1, k2, lambda, form], [4, 2, 0.5, 'authors']);
  assert.equal(expanded.report.facts.notes, { 'query expansion': { k: 3, alpha: 1 } });
  const other = faiss.report.facts.reranking as Record<string, unknown>;
  assert.equal(
    [faiss.distance, other.form, other.fusion, other.lambda],
    ['re-ranked sqeuclidean', 'faiss', 'unscaled', 0.3],
  );
  assert.equal([open.protocol, open.baselines], ['no-camera', 'not measured']);
  assert.equal([open.singleShot?.draws, open.singleShot?.removal], ['exact', 'no-camera']);
  assert.ok(open.report.perQuery === undefined && open.singleShot!.cmc.at(-1)! > 0.999);
});

test('evaluate: queries without a match give a column of their own; Market-1501 has its gt_bbox', async () => {
  const small = { identities: 4, testIdentities: 3, images: 2, cameras: 2, distractors: 0, height: 32, width: 16 };
  await writeMarket1501(createSynthetic(small), at('market'));
  const [query, gallery] = ['query', 'bounding_box_test'].map((name) => at('market', name)) as [string, string];
  mkdirSync(at('market', 'gt_bbox'));
  cpSync(query, at('market', 'gt_bbox'), { recursive: true });
  const person = readdirSync(query).sort()[0]!.slice(0, 4);
  for (const name of readdirSync(gallery).filter((file) => file.startsWith(person))) {
    renameSync(join(gallery, name), join(gallery, name.replace(/^\d{4}/, '0000')));
  }
  const args = ['--data', `market1501:${at('market')}`, '--multi-query', '--out', at('holes')];
  const { stdout } = await succeed('evaluate', tiny, ...args);
  assert.match(stdout, '4 of 6 queries valid');
  assert.match(stdout, '4 queries with a match');
  assert.match(stdout, 'all 6, those without as 0');
  assert.match(stdout, `multi-query: 6 pictures, ${at('market', 'gt_bbox')}`);
});

test("evaluate: weights under another system's wrapping, with what did not match", async () => {
  const { tensors } = await readSafetensors(await readFileBytes(join(tiny, 'checkpoint.safetensors')));
  const model = [...tensors].filter(([name]) => name.startsWith('model.'));
  const wrapped = model.map(([name, array]) => [name.replace('model.', 'module.'), array] as const);
  const recipe = ['--recipe', 'baseline', ...set(...CHANGES), '--data', DATA];
  await writeFileAtomically(at('whole.safetensors'), writeSafetensors(wrapped));
  const whole = await evaluate(at('whole.safetensors'), ...recipe);
  const { mAP } = jsonOf(tiny, 'metrics.json') as RunMetrics;
  assert.equal([whole.mAP, whole.unmatched, whole.baselines], [mAP, [], 'not measured']);
  assert.not(existsSync(at('report.json')), 'nothing is written beside a file of no run');

  await writeFileAtomically(at('whole.pth'), writePth(wrapped));
  assert.is((await evaluate(at('whole.pth'), ...recipe)).mAP, mAP);

  const extra: NamedArray = { dtype: 'float32', shape: [2], data: new Float32Array(2) };
  const holed = wrapped.map(([name, array]) =>
    name.endsWith('base.conv1.weight') ? (['module.stem.w', extra] as const) : ([name, array] as const),
  );
  await writeFileAtomically(at('holed.safetensors'), writeSafetensors(holed));
  const { stdout, stderr } = await succeed('evaluate', at('holed.safetensors'), ...recipe, '--json');
  const rows = (JSON.parse(stdout) as EvaluationFile).unmatched;
  assert.equal(
    rows.map(({ name, action }) => [name, action]),
    [
      ['stem.w', 'unknown'],
      ['base.conv1.weight', 'missing'],
    ],
  );
  assert.match(stderr, 'do not match in 2 names');
  assert.match(stderr, "1 of the model's arrays keep the random numbers");

  const wider = ['--recipe', 'baseline', ...set(...CHANGES, 'model.width=8'), '--data', DATA];
  const words = ['another shape', 'base.conv1.weight', 'for pictures of 32 x 16', '--dry-run'];
  await fail(1, words, 'evaluate', at('whole.safetensors'), ...wider);

  const pth = join(ROOT, 'test/fixtures/io/tensors_zip.pth');
  await fail(2, ['tensors_zip.pth', '--recipe rga'], 'evaluate', pth, '--data', DATA);
  const other = ['evaluate', pth, '--recipe', 'baseline', ...set(...CHANGES), '--data', DATA] as const;
  await fail(1, ['tensors_zip.pth as baseline', 'fits the model'], ...other);
  await fail(2, ['--data is missing', 'tensors_zip.pth'], 'evaluate', pth, '--recipe', 'baseline');
});

test('evaluate: --dry-run says what it would do and does nothing', async () => {
  const out = at('dry');
  const { stdout } = await succeed('evaluate', tiny, '--out', out, '--dry-run');
  assert.match(stdout, 'would look at 24 pictures');
  assert.match(stdout, join(out, 'report.json'));
  assert.not(existsSync(out));
});

test('evaluate: wrong values of the options', async () => {
  const wrong = (values: EvaluationValues, ...parts: readonly string[]) =>
    assert.throws(
      () => evaluationChoices(values),
      (error: Error) => error.name === 'UsageError' && parts.every((part) => error.message.includes(part)),
      JSON.stringify(values),
    );
  wrong({ protocol: 'market' }, '--protocol', '"market"', 'Did you mean market1501?');
  wrong({ distance: 'manhattan' }, '--distance', 'cosine');
  wrong({ rerank: '20,6,3' }, '--rerank K1,K2,LAMBDA', 'LAMBDA must be a number from 0 to 1', '"3"');
  wrong({ rerank: '0' }, 'K1 must be a whole number', '"0"');
  wrong({ rerank: '20,,0.3' }, 'K2 must be');
  wrong({ rerank: '1,2,0.3,4' }, '4 numbers');
  wrong({ 'rerank-form': 'faiss' }, 'give --rerank');
  wrong({ 'query-expansion': '2.5' }, 'K must be a whole number');
  wrong({ draws: 'many' }, '--draws', '"many"');
  wrong({ draws: '5', rerank: '' }, '--draws', '--rerank');
  wrong({ 'multi-query': true, protocol: 'no-camera' }, 'no-camera');
  assert.equal(evaluationChoices({ rerank: '', 'query-expansion': '' }), {
    ...evaluationChoices({}),
    rerank: { k1: undefined, k2: undefined, lambda: undefined, form: undefined, squaredTwice: undefined },
    expansion: { k: undefined, alpha: undefined },
  });
  await fail(2, ['no recipe "rgga"', 'Did you mean rga?'], 'evaluate', tiny, '--recipe', 'rgga');
  await fail(2, ['--rerank', 'K1'], 'evaluate', '--rerank', '0', tiny);
  const patterns = { rerank: NUMBERS };
  assert.equal(withOptionalValues(['--rerank', 'run', '--rerank', '20,6,0.3', '--rerank'], patterns), [
    '--rerank=',
    'run',
    '--rerank=20,6,0.3',
    '--rerank=',
  ]);
  assert.equal(withOptionalValues(['--rerank=5', '--', '--rerank', '5'], patterns), [
    '--rerank=5',
    '--',
    '--rerank',
    '5',
  ]);
});

test.run();

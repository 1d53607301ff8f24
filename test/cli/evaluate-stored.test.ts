import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvaluation } from '../../cli/evaluate-stored.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import { writeNpy } from '../../engine/io/npy.js';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);

const evaluate = async (...args: readonly string[]): Promise<StoredEvaluation> =>
  JSON.parse((await succeed('evaluate', '--features', ...args, '--json')).stdout) as StoredEvaluation;

/** Features on a line: the squared distance of two is that of the numbers. */
const line = (...values: number[]) =>
  ({ dtype: 'float32', shape: [values.length, 2], data: Float32Array.from(values.flatMap((x) => [x, 0])) }) as const;

/** One query at 0 of identity 1, camera 0; the gallery by distance: wrong, right, junk, same camera, wrong, right. */
const GALLERY = [
  [1, 2, 1],
  [2, 1, 1],
  [3, -1, 1],
  [4, 1, 0],
  [5, 3, 0],
  [6, 1, 2],
] as const;

const labels = {
  query: { file: ['q'], pid: [1], cam: [0] },
  gallery: { file: GALLERY.map((_, i) => `g${i}`), pid: GALLERY.map(([, id]) => id), cam: GALLERY.map((g) => g[2]) },
};

test.before(async () => {
  mkdirSync(at('folder'));
  const gallery = GALLERY.map(([distance]) => distance);
  await writeFileAtomically(at('folder', 'query_features.npy'), writeNpy(line(0)));
  await writeFileAtomically(at('folder', 'gallery_features.npy'), writeNpy(line(...gallery)));
  writeFileSync(at('folder', 'labels.json'), JSON.stringify(labels));
  await writeFileAtomically(at('all.safetensors'), writeSafetensors([['features', line(0, ...gallery)]]));
  const rows = GALLERY.map(([, id, camera], i) => `g${i},${id},${camera},gallery\n`);
  writeFileSync(at('all.csv'), `path,identity,camera,split\nq,1,0,query\n${rows.join('')}`);
});

test('evaluate: features in a folder, in two files and in one, whoever computed them', async () => {
  const [query, gallery] = ['query', 'gallery'].map((side) => at('folder', `${side}_features.npy`));
  for (const place of [
    [at('folder')],
    [`${query},${gallery}`, '--labels', at('folder', 'labels.json')],
    [`${query},${gallery}`, '--labels', at('all.csv')],
    [at('all.safetensors')],
    [at('all.safetensors'), '--labels', at('folder', 'labels.json')],
  ]) {
    const { report, ...file } = await evaluate(...place, '--distance', 'euclidean');
    assert.equal([file.queries, file.validQueries, file.gallery, file.distance], [1, 1, 6, 'euclidean']);
    // Kept: wrong, right, wrong, right.
    assert.ok(Math.abs(file.mAP - 0.5) < 1e-9 && Math.abs(report.means.skip.mAP.trapezoid - 1 / 3) < 1e-9);
    assert.equal(file.cmc, { 1: 0, 5: 1, 10: 1, 20: 1 });
  }
});

test("evaluate: what extract wrote of a run gives the run's own figures", async () => {
  const run = await trainedRun(folder);
  const out = at('features.npy');
  await succeed('extract', run, '--split', 'all', '--out', out);
  const { mAP, mINP } = jsonOf(run, 'metrics.json') as RunMetrics;
  const file = await evaluate(out, '--out', at('evaluated'));
  assert.equal([file.mAP, file.mINP], [mAP, mINP]);
  assert.equal((jsonOf(at('evaluated'), 'report.json') as StoredEvaluation).mAP, mAP);
  const { stdout } = await succeed('evaluate', '--features', out, '--rerank', '4,2', '--rerank-form', 'squared');
  for (const part of ['re-ranked cosine distance', 'form squared (twice)', 'mAP trapezoid']) {
    assert.ok(stdout.includes(part), `"${part}" in: ${stdout}`);
  }
});

test('evaluate: features that are missing, or do not fit their labels', async () => {
  await fail(2, ['none.npy is not there', 'query_features.npy'], 'evaluate', '--features', at('none.npy'));
  await fail(2, ['leave out --data'], 'evaluate', '--features', at('folder'), '--data', 'synthetic');
  await fail(2, ['--labels goes with --features'], 'evaluate', 'run', '--labels', 'x.csv');
  await fail(2, ['--flip needs the pictures'], 'evaluate', '--features', at('folder'), '--flip');
  const [query, gallery] = ['query', 'gallery'].map((side) => at('folder', `${side}_features.npy`));
  await fail(2, ['--labels is missing'], 'evaluate', '--features', `${query},${gallery}`);
  const args = ['evaluate', '--features', query!, '--labels', at('all.csv')] as const;
  await fail(1, ['1 features', '7 rows'], ...args);
  writeFileSync(at('words.csv'), readFileSync(at('all.csv'), 'utf8').replace('q,1,0', 'q,ann,0'));
  const words = ['words.csv, row 2', 'identity is ann', 'a whole number'];
  await fail(1, words, 'evaluate', '--features', at('all.safetensors'), '--labels', at('words.csv'));
});

test.run();

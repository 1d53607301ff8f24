import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCsv } from '../../datasets/csv.js';
import { readFileBytes } from '../../engine/io/files.node.js';
import { readNpy } from '../../engine/io/npy.js';
import { readSafetensors } from '../../engine/io/safetensors.js';
import { distanceMatrix } from '../../reid/metrics/distances.js';
import { evaluateRanking } from '../../reid/metrics/ranking.js';
import type { RunMetrics } from '../../reid/training/run.node.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';
import { DATA } from './tiny.js';
import { trainedRun } from './trained.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);
let tiny: string;

test.before(async () => {
  tiny = await trainedRun(folder);
});

/** The rows of a table that extract wrote, by column. */
const tableOf = (path: string): Record<string, string>[] => {
  const [head, ...rows] = parseCsv(readFileSync(path, 'utf8'), path).map(({ fields }) => fields);
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head![i]!, cell])));
};

test('extract: features in numpy’s format and their table give the figures of the run', async () => {
  const out = at('new', 'features.npy');
  const { stdout, stderr } = await succeed('extract', tiny, '--out', out, '--json');
  const summary = JSON.parse(stdout) as Record<string, unknown>;
  const { dtype, shape, data } = readNpy(await readFileBytes(out), out);
  assert.equal([dtype, shape, summary.pictures, summary.dimension], ['float32', [24, 32], 24, 32]);
  const rows = tableOf(at('new', 'features.csv'));
  assert.equal(
    rows.map(({ row, split }) => [row, split]),
    rows.map((_, i) => [String(i), i < 12 ? 'query' : 'gallery']),
  );
  const side = (split: string) => {
    const those = rows.filter((row) => row.split === split);
    return { identities: those.map((row) => Number(row.identity)), cameras: those.map((row) => Number(row.camera)) };
  };
  const features = data as Float32Array;
  const parts = [features.subarray(0, 12 * 32), features.subarray(12 * 32)] as const;
  const [query, gallery] = [
    { data: parts[0], dimension: 32 },
    { data: parts[1], dimension: 32 },
  ];
  const { mAP } = evaluateRanking(distanceMatrix('cosine', query, gallery), side('query'), side('gallery'));
  assert.ok(Math.abs(mAP - (jsonOf(tiny, 'metrics.json') as RunMetrics).mAP) < 1e-12, `${mAP}`);
  assert.match(stderr, /next: numpy\.load/);
  assert.equal(readdirSync(at('new')).sort(), ['features.csv', 'features.npy'], 'and nothing half written');
});

test('extract: safetensors, every split, flipped and normalised', async () => {
  const plain = at('train.npy');
  const out = at('all.safetensors');
  await succeed('extract', tiny, '--out', plain, '--split', 'train', '--normalise');
  await succeed('extract', tiny, '--out', out, '--split', 'gallery,all', '--flip', '--normalise');
  const { tensors, metadata } = await readSafetensors(await readFileBytes(out));
  const features = tensors.get('features')!;
  assert.equal(features.shape, [60, 32]);
  for (let row = 0; row < 60; row++) {
    const squares = (features.data as Float32Array)
      .subarray(32 * row, 32 * row + 32)
      .reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(squares - 1) < 1e-5, `row ${row} has the length √${squares}`);
  }
  const rows = tableOf(at('all.csv'));
  assert.equal([...new Set(rows.map(({ split }) => split))], ['gallery', 'train', 'query']);
  assert.equal(
    [...(tensors.get('identity')!.data as Int32Array)],
    rows.map(({ identity }) => Number(identity)),
  );
  assert.equal([metadata.flip, metadata.normalised, metadata.data], ['true', 'true', DATA]);
  const unflipped = readNpy(await readFileBytes(plain)).data as Float32Array;
  assert.not.equal((features.data as Float32Array).slice(12 * 32, 13 * 32), unflipped.slice(0, 32));
});

test('extract: --dry-run writes nothing, mistakes are told', async () => {
  const out = at('nowhere', 'f.npy');
  const { stdout } = await succeed('extract', tiny, '--out', out, '--split', 'all', '--dry-run', '--json');
  const { pictures, writes } = JSON.parse(stdout) as { pictures: number; writes: string[] };
  assert.equal([pictures, writes], [60, [out, at('nowhere', 'f.csv')]]);
  assert.not(existsSync(at('nowhere')));
  await fail(2, ['--out is missing'], 'extract', tiny);
  await fail(2, ['features.txt', '.npy or .safetensors'], 'extract', tiny, '--out', 'features.txt');
  await fail(2, ['--split', '"querry"', 'Did you mean query?'], 'extract', tiny, '--out', out, '--split', 'querry');
  await fail(1, ['can not be made'], 'extract', tiny, '--out', join(tiny, 'log.jsonl', 'f.npy'));
  await fail(2, ['Give one run'], 'extract', '--out', out);
});

test.run();

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sheetPages } from '../../cli/cluster-sheets.js';
import { summarise, summaryLines } from '../../cli/cluster-summary.js';
import { parseCsv } from '../../datasets/csv.js';
import { decodeImage, encodePng } from '../../datasets/index.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import { writeNpy } from '../../engine/io/npy.js';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import { largestFirst } from '../../reid/clustering/partition.js';
import { pseudoPicture } from '../datasets/pseudo-picture.js';
import { clustered } from '../reid/clustering/clustered.js';
import { fail, folderFor, jsonOf, succeed } from './command-line.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);

const [COUNT, DIMENSION, GROUPS] = [60, 16, 5];
const FEATURES = at('f.npy');

/** The groups that were made: each third picture of group 0 is of a distractor. */
const isDistractor = (i: number): boolean => i % (3 * GROUPS) === 0;

test.before(async () => {
  const data = clustered('cluster', COUNT, DIMENSION, GROUPS, 0.2);
  const array = { dtype: 'float32', shape: [COUNT, DIMENSION], data } as const;
  await writeFileAtomically(FEATURES, writeNpy(array));
  await writeFileAtomically(at('bare.safetensors'), writeSafetensors([['features', array]]));
  const broken = { ...array, data: data.map((value, k) => (k === 40 ? Number.NaN : value)) };
  await writeFileAtomically(at('broken.npy'), writeNpy(broken));
  await writeFileAtomically(at('wrong.safetensors'), writeSafetensors([['weights', array]]));
  mkdirSync(at('pictures'));
  const lines = ['row,path,identity,camera,split,name'];
  for (let i = 0; i < COUNT; i++) {
    const path = at('pictures', `${i}.png`);
    writeFileSync(path, await encodePng(pseudoPicture(12, 24)));
    const identity = isDistractor(i) ? 0 : 7 + (i % GROUPS);
    lines.push(`${i},${path},${identity},${i % 2},gallery,"no. ${identity}"`);
  }
  writeFileSync(at('f.csv'), `${lines.join('\n')}\n`);
  writeFileSync(at('short.csv'), `${lines.slice(0, 9).join('\n')}\n`);
});

interface Report {
  readonly clusters: number;
  readonly outliers: number;
  readonly known?: number;
  readonly scores?: { readonly ari: number; readonly purity: number };
  readonly sheets: readonly string[];
  readonly sizes: readonly { readonly from: number; readonly clusters: number }[];
}

/** The column `cluster` of a table. */
const clustersIn = (out: string): number[] => {
  const [head, ...rows] = parseCsv(readFileSync(join(out, 'clusters.csv'), 'utf8'), out).map(({ fields }) => fields);
  return rows.map((fields) => Number(fields[head!.indexOf('cluster')]));
};

test('cluster: every method finds the groups that were made', async () => {
  const methods = [
    ['--k1', '8', '--k2', '3', '--eps', '0.5'],
    ['--method', 'dbscan', '--distance', 'cosine', '--eps', '0.1'],
    ['--method', 'average', '--threshold', '0.3'],
    ['--method', 'ward', '--clusters', '5', '--cameras', 'centred'],
    ['--method', 'kmeans', '--clusters', '5', '--seed', '3'],
  ];
  for (const [k, method] of methods.entries()) {
    const out = at(`m${k}`);
    const { stdout } = await succeed('cluster', FEATURES, '--out', out, '--pages', '0', '--json', ...method);
    const report = JSON.parse(stdout) as Report;
    assert.equal(jsonOf(out, 'clusters.json'), report);
    assert.equal([report.clusters, report.outliers, report.known], [5, 0, 56], method.join(' '));
    assert.is(report.scores!.ari, 1);
    const found = clustersIn(out);
    assert.equal(
      found,
      found.map((_, i) => found[i % GROUPS]),
    );
    assert.equal(readdirSync(out).sort(), ['clusters.csv', 'clusters.json']);
  }
});

test('cluster: table, pages and what to do next', async () => {
  const out = at('whole');
  const { stdout, stderr } = await succeed(
    'cluster',
    FEATURES,
    '--out',
    out,
    '--k1',
    '8',
    '--k2',
    '3',
    '--columns',
    '4',
  );
  const [head, first] = readFileSync(join(out, 'clusters.csv'), 'utf8').split('\n');
  assert.equal([head, first], ['row,path,cluster,identity,camera', `0,${at('pictures', '0.png')},0,,0`]);
  assert.match(stdout, '5 clusters of 60 pictures; 0 outliers');
  assert.match(stdout, /8–15 +5 +#+/);
  assert.match(stdout, /all +1\.0000 +1\.0000/);
  assert.match(stderr, `next: look at ${join(out, 'clusters-1.png')}`);
  const page = await decodeImage(new Uint8Array(readFileSync(join(out, 'clusters-1.png'))), 'page');
  assert.equal([page.width, page.height], [32 + 4 * 70 - 6, 32 + 5 * 147 - 6]);
});

test('cluster: without a table there are clusters, and no figures or pages', async () => {
  const out = at('bare');
  const { stdout, stderr } = await succeed(
    'cluster',
    at('bare.safetensors'),
    '--out',
    out,
    '--method',
    'complete',
    '--clusters',
    '5',
  );
  assert.match(stdout, '5 clusters');
  assert.not.match(stdout, /NMI|cameras/);
  assert.match(stderr, /no pages/);
  assert.is(readFileSync(join(out, 'clusters.csv'), 'utf8').split('\n')[1], '0,0,0');
});

test('rows of the pages: the largest first, then outliers and single pictures, even steps of long ones', () => {
  const labels = [4, 4, 2, 2, 2, -1, 9, -1, 2, 2];
  const rows = labels.map((_, i) => ({ path: `${i}`, identity: i < 3 ? 'a' : 'b', camera: `${i % 2}` }));
  const pages = sheetPages(largestFirst(labels), rows, { columns: 3, rows: 3, pages: 2 });
  assert.equal(pages.flat(), [
    { label: 'cluster 0: 5 pictures, 2 cameras, 2 identities, mostly b (4)', pictures: [2, 4, 9] },
    { label: 'cluster 1: 2 pictures, 2 cameras, all a', pictures: [0, 1] },
    { label: 'outliers: 2 pictures', pictures: [5, 7] },
    { label: 'clusters of one picture: 1 picture', pictures: [6] },
  ]);
  assert.equal(
    pages.map(({ length }) => length),
    [3, 1],
  );
  const few = sheetPages(largestFirst(labels), rows, { columns: 3, rows: 3, pages: 1 });
  assert.equal(
    few.map((page) => page.map(({ label }) => label.split(':')[0])),
    [['cluster 0', 'outliers', 'clusters of one picture']],
  );
});

test('the summary of no cluster at all, and with outliers', () => {
  const rows = [0, 1, 2].map((i) => ({ path: `${i}`, identity: 'x' }));
  const none = summarise(largestFirst([-1, -1, -1]), rows);
  assert.equal([none.clusters, none.outliers, none.largest, none.scoresWithoutOutliers], [0, 3, 0, undefined]);
  assert.not.match(summaryLines(none).join('\n'), /NaN|undefined|Infinity/);
  const some = summarise(largestFirst([0, 0, -1]), rows);
  assert.equal([some.scores!.clusters, some.scoresWithoutOutliers!.ari], [2, 1]);
});

test('cluster: --dry-run writes nothing, mistakes are told', async () => {
  const out = at('none');
  const { stdout } = await succeed('cluster', FEATURES, '--out', out, '--dry-run', '--json');
  const { pictures, writes } = JSON.parse(stdout) as { pictures: number; writes: string[] };
  assert.equal([pictures, writes.length], [60, 3]);
  const mistake = (code: number, says: string[], ...args: string[]) => fail(code, says, 'cluster', ...args);
  const given = [FEATURES, '--out', out];
  await mistake(2, ['--out is missing'], FEATURES);
  await mistake(2, ['Give one file'], '--out', out);
  await mistake(2, ['--method', '"dbscn"', 'Did you mean dbscan?'], ...given, '--method', 'dbscn');
  await mistake(2, ['--eps is of --method dbscan'], ...given, '--method', 'ward', '--eps', '1');
  await mistake(2, ['--clusters N or --threshold'], ...given, '--method', 'average');
  await mistake(2, ['--clusters N'], ...given, '--method', 'kmeans');
  await mistake(2, ['--cameras', '"on"', 'centred'], ...given, '--cameras', 'on');
  const bare = [at('bare.safetensors'), '--out', out];
  await mistake(2, ['--cameras centred needs a camera', 'bare'], ...bare, '--cameras', 'centred');
  await mistake(2, ['--clusters 61', '60 pictures'], ...given, '--method', 'kmeans', '--clusters', '61');
  await mistake(2, ['--distance cosine needs --eps'], ...given, '--distance', 'cosine');
  await mistake(2, ['at most 1'], ...given, '--eps', '1.5');
  await mistake(1, ['has 8 rows', '60 features'], ...given, '--table', at('short.csv'));
  await mistake(1, ['wrong.safetensors', '"features"', 'weights'], at('wrong.safetensors'), '--out', out);
  await mistake(1, ['broken.npy', '(row 2) is NaN at 8'], at('broken.npy'), '--out', out);
  await mistake(1, [at('gone.npy')], at('gone.npy'), '--out', out);
  await mistake(2, ['.npy or .safetensors'], at('f.csv'), '--out', out);
  assert.not(existsSync(out));
});

test.run();

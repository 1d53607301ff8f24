import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../../datasets/index.js';
import { FileError } from '../../../engine/io/files.node.js';
import { readLog, writeReport } from '../../../reid/report/write-report.node.js';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
test.before.each(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const page = () => readFileSync(join(folder, 'report.html'), 'utf8');
const headings = () => [...page().matchAll(/<h2>([^<]*)</g)].map((match) => match[1]);

const figures = (mAP: number) => ({ mAP, cmc: { '1': mAP, '5': 2 * mAP }, mINP: mAP / 2 });
const METRICS = {
  ...figures(0.4),
  rawPixels: figures(0.1),
  untrained: figures(0.05),
  queries: 288,
  validQueries: 280,
  gallery: 336,
  protocol: 'market1501',
  averagePrecision: 'rect',
  distance: 'cosine',
  steps: 3,
  seconds: 200,
  adapter: 'a <GPU>',
};
const step = (n: number) => JSON.stringify({ step: n, epoch: 0, images: 64, lr: 0.1, loss: 4 - n, seconds: n });

test('a finished run: recipe, log, figures and pictures', async () => {
  put('recipe.json', JSON.stringify({ recipe: { name: 'tiny', epochs: 3 }, data: 'folder:a&b', seed: 7 }));
  put('metrics.json', JSON.stringify(METRICS));
  put(
    'log.jsonl',
    `${step(1)}\n${JSON.stringify({ step: 1, epoch: 0, evaluation: figures(0.2) })}\n${step(2)}\n${step(3)}\n{"st`,
  );
  put('ranks.png', await encodePng({ width: 5, height: 3, data: new Uint8Array(45) }));
  const written = await writeReport(folder);
  assert.equal(written, { path: join(folder, 'report.html'), bytes: Buffer.byteLength(page()) });
  assert.equal(headings(), ['Figures', 'Training', 'Pictures', 'Recipe', 'Environment']);
  assert.match(page(), '<title>tiny</title>');
  assert.match(page(), 'folder:a&amp;b · seed 7 · a &lt;GPU&gt;');
  assert.match(page(), '280 with a match');
  assert.match(page(), /Retrieval during training: mAP and rank-1 by epoch\. mAP: from 5\.0\u00a0% to 40\.0\u00a0%/);
  assert.match(page(), '<td><bdi>3 min 20 s</bdi></td>');
  assert.match(page(), 'width="5" height="3"');
  assert.equal(readdirSync(folder).length, 5, 'nothing else is left');
});

test('parts of the caller come before those of the folder; ranked lists replace the picture of them', async () => {
  put('metrics.json', JSON.stringify(METRICS));
  put('ranks.png', await encodePng({ width: 5, height: 3, data: new Uint8Array(45) }));
  await writeReport(folder, { title: 'Mine', ranked: [], recipe: { a: 1 } });
  assert.match(page(), '<title>Mine</title>');
  assert.equal(headings(), ['Figures', 'Recipe', 'Environment']);
});

test('a run that has only begun, and one that left nothing', async () => {
  put('recipe.json', JSON.stringify({ recipe: { name: 'tiny' }, data: 'synthetic', seed: 1 }));
  put('log.jsonl', `${step(1)}\n${step(2)}\n`);
  await writeReport(folder);
  assert.equal(headings(), ['Training', 'Recipe', 'Environment']);
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  await writeReport(folder);
  assert.equal(headings(), ['Environment']);
});

test('files that are not what they should be: named, or left out; the old report stays', async () => {
  put('metrics.json', JSON.stringify({ mAP: 'high', cmc: [], untrained: 3, seconds: {} }));
  put('log.jsonl', '[]\n3\n"x"\n{"step":"one"}\n\n');
  await writeReport(folder);
  assert.equal(headings(), ['Environment']);
  assert.equal(readLog(folder), []);
  const before = page();
  for (const [name, content] of [
    ['metrics.json', '{"mAP":'],
    ['recipe.json', 'no'],
    ['ranks.png', 'no picture'],
  ] as const) {
    put(name, content);
    try {
      await writeReport(folder);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, FileError);
      assert.match((error as Error).message, join(folder, name));
    }
    rmSync(join(folder, name));
    assert.is(page(), before);
  }
  try {
    await writeReport(join(folder, 'missing'));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /no folder .*missing/);
  }
  assert.not.ok(existsSync(join(folder, 'missing')));
});

test.run();

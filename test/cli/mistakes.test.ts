import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../datasets/index.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import { pseudoPicture } from '../datasets/pseudo-picture.js';
import { fail, folderFor, run } from './command-line.js';
import { DATA, set, tinyRun } from './tiny.js';

const folder = folderFor(test);
const at = (name: string): string => join(folder, name);

/** Where no run may leave anything. */
const out = at('nothing');

test.before(async () => {
  const picture = await encodePng(pseudoPicture(8, 16));
  for (const name of ['single/a', 'single/b', 'single/c', 'alone/a', 'no-run', 'not-a-run', 'other-model', 'cut']) {
    mkdirSync(at(name), { recursive: true });
  }
  mkdirSync(at('empty'));
  for (const name of ['single/a/1', 'single/b/1', 'single/c/1', 'alone/a/1', 'alone/a/2']) {
    writeFileSync(at(`${name}.png`), picture);
  }
  const rows = ['1,train', '1,train', '2,train', '2,train', '5,query', '5,gallery'].map((row, i) => {
    writeFileSync(at(`single/${i}.png`), picture);
    return `single/${i}.png,east,${row}\n`;
  });
  writeFileSync(at('camera.csv'), `path,camera,identity,split\n${rows.join('')}`);
  writeFileSync(at('missing.csv'), `path,camera,identity,split\n${rows.join('')}single/9.png,west,5,gallery\n`);
  const array = { dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) } as const;
  await writeFileAtomically(at('other-model/checkpoint.safetensors'), writeSafetensors([['conv.weight', array]]));
  const bytes = readFileSync(at('other-model/checkpoint.safetensors'));
  writeFileSync(at('cut/checkpoint.safetensors'), bytes.subarray(0, bytes.length - 4));
  copyFileSync(at('single/a/1.png'), at('not-a-run/checkpoint.safetensors'));
});

/** What is wrong, the exit status, what the message must say, and the command line. */
type Mistake = readonly [title: string, code: number, says: readonly string[], name: string, ...args: string[]];

const MISTAKES: readonly Mistake[] = [
  ['an unknown recipe', 2, ['baselin', 'Did you mean baseline?'], 'train', 'baselin', '--data', DATA],
  ['two recipes', 2, ['One recipe', 'baseline-tiny'], 'train', 'baseline', 'baseline-tiny', '--data', DATA],
  [
    'an unknown key',
    2,
    ['optimizer.lr', 'Did you mean optimiser.lr?'],
    'train',
    '--data',
    DATA,
    ...set('optimizer.lr=1'),
  ],
  ['a word for a number', 2, ['epochs', 'a whole number', '"many"'], 'train', '--data', DATA, ...set('epochs=many')],
  ['no epochs', 2, ['epochs must be', 'at least 1'], 'train', '--data', DATA, ...set('epochs=0')],
  ['a choice that is none', 2, ['resnet19', 'resnet18'], 'train', '--data', DATA, ...set('model.backbone=resnet19')],
  ['a change without =', 2, ['key=value'], 'train', '--data', DATA, ...set('epochs')],
  ['a seed that is no number', 2, ['--seed', 'whole number', '"lucky"'], 'train', '--data', DATA, '--seed', 'lucky'],
  ['an unknown option', 2, ['--ouput', 'Did you mean'], 'train', '--data', DATA, '--ouput', 'x'],
  ['an option without its value', 2, ['--data'], 'train', '--data'],
  ['no data', 2, ['--data is missing', 'market1501:DIR'], 'train', 'baseline'],
  ['an unknown kind of data', 1, ['markt1501', 'Did you mean market1501?'], 'train', '--data', 'markt1501:x'],
  ['a wrong path', 1, ['/no/such/place'], 'train', '--data', 'market1501:/no/such/place', '--out', out],
  ['an empty folder', 1, [at('empty'), 'is empty'], 'train', '--data', `folder:${at('empty')}`, '--out', out],
  [
    'one picture of each identity',
    1,
    ['one picture only'],
    'train',
    '--data',
    `folder:${at('single')}?train=a,b`,
    '--out',
    out,
  ],
  ['one identity', 1, ['one identity'], 'train', '--data', `folder:${at('alone')}`, '--out', out],
  ['one camera', 1, ['same camera'], 'train', '--data', `table:${at('camera.csv')}`, '--out', out],
  [
    'a table with a picture that is not there',
    1,
    ['1 picture of 7 not found', 'missing=skip', 'node cli/check.js --data'],
    'train',
    '--data',
    `table:${at('missing.csv')}`,
    '--out',
    out,
  ],
  [
    'a place that is a file',
    1,
    ['camera.csv', 'can not be made'],
    'train',
    '--data',
    DATA,
    '--out',
    at('camera.csv/x'),
  ],
  ['resume without a folder', 2, ['--resume needs'], 'train', '--resume'],
  ['resume in a folder that is not there', 2, [out], 'train', '--resume', '--out', out],
  ['resume without a run', 2, [at('no-run'), 'holds no run'], 'train', '--resume', '--out', at('no-run')],
  ['resume with a recipe', 2, ['--resume takes'], 'train', 'baseline', '--resume', '--out', at('no-run')],
  ['resume of a cut checkpoint', 1, [at('cut'), 'the file at'], 'train', '--resume', '--out', at('cut')],
  ['a run where one is already', 2, ['already holds a run', '--resume --out'], 'train', ...tinyRun(at('other-model'))],
  ['evaluate without a run', 2, ['Give one run'], 'evaluate'],
  ['evaluate what is not there', 2, ['no/run is not there'], 'evaluate', 'no/run'],
  ['evaluate an empty folder', 1, [at('no-run'), 'no checkpoint.safetensors'], 'evaluate', at('no-run')],
  [
    'evaluate weights of something else',
    1,
    [at('other-model'), 'no checkpoint of this project'],
    'evaluate',
    at('other-model'),
  ],
  ['evaluate a picture', 1, [at('not-a-run'), 'safetensors'], 'evaluate', at('not-a-run')],
  ['evaluate a cut checkpoint', 1, [at('cut')], 'evaluate', at('cut')],
];

for (const [title, code, says, name, ...args] of MISTAKES) {
  test(`${name}: ${title}`, async () => {
    await fail(code, says, name, ...args);
  });
}

test('none of them left a run behind', () => {
  assert.not(existsSync(out));
  assert.equal(readdirSync(at('no-run')), []);
});

for (const name of ['train', 'evaluate', 'quickstart']) {
  test(`${name} --help explains itself`, async () => {
    const { code, stdout, stderr } = await run(name, '--help');
    assert.equal([code, stderr], [0, '']);
    assert.ok(stdout.length > 200);
  });
}

test.run();

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CheckReport, describeReport } from '../../cli/check-report.js';
import { createSynthetic } from '../../datasets/index.js';
import { writeMarket1501 } from '../../datasets/market1501-writer.node.js';
import { fail, folderFor, run, start } from './command-line.js';
import { DATA } from './tiny.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);

const [TRAIN, QUERY, GALLERY] = ['bounding_box_train', 'query', 'bounding_box_test'] as const;

test.before(async () => {
  const small = { identities: 4, testIdentities: 3, images: 2, cameras: 3, distractors: 2, height: 32, width: 16 };
  await writeMarket1501(createSynthetic(small), at('whole'));
});

/** Files of a copy, in order. */
const filesOf = (copy: string, part: string): string[] => readdirSync(at(copy, part)).sort();

/** The nth file of a copy. */
const file = (copy: string, part: string, n: number): string => at(copy, part, filesOf(copy, part)[n]!);

/** What is broken in a copy, how, and what the check must say: exit status, codes of findings, words. */
type Damage = readonly [
  title: string,
  damage: (copy: string) => void,
  code: number,
  findings: readonly string[],
  says: readonly string[],
];

const DAMAGES: readonly Damage[] = [
  ['nothing', () => undefined, 0, [], ['nothing is wrong', 'next: node cli/train.js baseline --data market:']],
  [
    'a truncated JPEG',
    (copy) => writeFileSync(file(copy, TRAIN, 2), readFileSync(file(copy, TRAIN, 2)).subarray(0, 400)),
    1,
    ['error unreadable'],
    ['1 picture cannot be read', 'cut short', 'mend what is wrong, then node cli/check.js --data market:'],
  ],
  ['an empty file', (copy) => writeFileSync(file(copy, QUERY, 0), ''), 1, ['error unreadable'], ['is empty (0 bytes)']],
  [
    'a file that is no picture',
    (copy) => writeFileSync(file(copy, GALLERY, 1), '<html>'),
    1,
    ['error unreadable'],
    ['is not a picture'],
  ],
  [
    'a picture of train in the gallery',
    (copy) => copyFileSync(file(copy, TRAIN, 0), at(copy, GALLERY, '0005_c2s1_999999_01.jpg')),
    1,
    ['error duplicate-train-test'],
    ['are the same in train and test', '0005_c2s1_999999_01.jpg'],
  ],
  [
    'a picture twice in train',
    (copy) => copyFileSync(file(copy, TRAIN, 0), at(copy, TRAIN, '0001_c1s1_999999_01.jpg')),
    0,
    ['warning duplicate'],
    ['are the same within a split', 'no problem, apart from the warnings'],
  ],
  [
    'a person of train in the gallery',
    (copy) => renameSync(file(copy, TRAIN, 0), at(copy, GALLERY, '0001_c2s1_999999_01.jpg')),
    1,
    ['error identity-train-test'],
    ['1 identity is in train and test, first 0001'],
  ],
  [
    'a name of another kind',
    (copy) => renameSync(file(copy, GALLERY, 4), at(copy, GALLERY, 'holiday.jpg')),
    0,
    ['warning skipped'],
    ['1 picture left out: not named as in Market-style', 'holiday.jpg'],
  ],
  ['a missing folder', (copy) => rmSync(at(copy, QUERY), { recursive: true }), 1, ['error open'], ['no folder query']],
  [
    'queries without a match',
    (copy) => {
      const person = filesOf(copy, QUERY)[0]!.slice(0, 4);
      for (const name of filesOf(copy, GALLERY)) if (name.startsWith(person)) rmSync(at(copy, GALLERY, name));
    },
    0,
    ['warning query-absent', 'warning query-no-match'],
    ['3 queries show identities that the gallery lacks', '3 of 9 queries (33.3 %)'],
  ],
  [
    'an empty folder and a picture too deep',
    (copy) => {
      mkdirSync(at(copy, TRAIN, 'deep'));
      mkdirSync(at(copy, GALLERY, 'empty'));
      copyFileSync(file(copy, TRAIN, 0), at(copy, TRAIN, 'deep', '0001_c1s1_999999_01.jpg'));
    },
    0,
    ['warning empty-folder', 'warning stray-picture'],
    ['1 empty folder', 'no split takes'],
  ],
];

for (const [title, damage, code, findings, says] of DAMAGES) {
  test(`check: ${title}`, async () => {
    const copy = title.replaceAll(' ', '-');
    cpSync(at('whole'), at(copy), { recursive: true });
    damage(copy);
    const ended = await run('check', '--data', `market:${at(copy)}`, '--json');
    assert.is(ended.code, code, `${ended.stdout}${ended.stderr}`);
    const report = JSON.parse(ended.stdout) as CheckReport;
    assert.equal(
      report.findings.map((finding) => `${finding.level} ${finding.code}`),
      findings,
    );
    assert.equal([report.ok, report.quick, report.interrupted], [code === 0, false, false]);
    const text = describeReport(report);
    for (const part of says) assert.ok(text.includes(part), `"${part}" in: ${text}`);
    assert.not.match(text, /undefined|\[object|^\s+at /m);
    assert.match(text.split('\n').at(-1)!, /^next: /);
  });
}

test('check: a table, a folder and a pattern', async () => {
  const paths = [TRAIN, QUERY, GALLERY].flatMap((part) =>
    filesOf('whole', part).map((name) => [join('whole', part, name), part] as const),
  );
  const rows = paths.map(([path, part]) => {
    const [, id, camera] = /(-?\d+)_c(\d)[^/\\]*$/.exec(path)!;
    return `${path},${id},${camera},${part}`;
  });
  const absent = rows[0]!.replace('.jpg', '.png');
  writeFileSync(at('table.csv'), `path,id,camera,split\n${rows.join('\n')}\n${rows[0]!}\n${absent}\n`);
  const table = await run('check', '--data', `table:${at('table.csv')}`);
  assert.is(table.code, 1);
  assert.match(
    table.stdout,
    new RegExp(`1 picture of ${rows.length + 2} not found, first .*\\.png \\(row ${rows.length + 3}\\)`),
  );
  assert.match(table.stdout, 'the table names them again');
  const { stderr } = await run('evaluate', 'run', '--data', `table:${at('table.csv')}`);
  assert.match(stderr, 'run is not there');
  for (const [path] of paths.slice(0, 24)) {
    const [, id] = /(-?\d+)_c\d[^/\\]*$/.exec(path)!;
    mkdirSync(at('people', id!), { recursive: true });
    copyFileSync(at(path), at('people', id!, path.slice(path.lastIndexOf('_'))));
    copyFileSync(at(path), at('people', id!, path.slice(path.search(/_c\d/))));
  }
  const people = await run('check', '--data', `folder:${at('people')}`);
  assert.match(people.stdout, /are the same/);
  const pattern = await run('check', '--data', `pattern:${at('whole')}?name={split}/{id}_c{camera}s*.jpg`);
  assert.is(pattern.code, 0, pattern.stdout);
  assert.match(pattern.stdout, "--data 'pattern:");
});

test('check: several at once, and drawn ones', async () => {
  const both = await run('check', '--data', `train=${DATA}+market:${at('whole')};test=market:${at('whole')}`);
  assert.is(both.code, 0, both.stdout + both.stderr);
  assert.match(both.stdout, 'nothing is wrong');
  assert.match(both.stdout, /train +10 /);
});

test('check: published numbers on demand', async () => {
  const expected = await run('check', '--quick', '--data', `market:${at('whole')}`, '--expect', 'market1501');
  assert.is(expected.code, 1);
  assert.match(expected.stdout, 'train: 24 images, and there should be 12936');
  const like = await run('check', '--quick', '--data', `market1501:${at('whole')}`);
  assert.is(like.code, 0);
  assert.match(like.stdout, 'the layout of Market-1501');
  const none = await run('check', '--quick', '--data', `market1501:${at('whole')}`, '--expect', 'none');
  assert.not.match(none.stdout, 'the layout of Market-1501');
});

test('check: wrong use', async () => {
  await fail(2, ['--data is missing', 'market1501:DIR'], 'check');
  await fail(2, ['Write --data folder:x'], 'check', 'folder:x');
  await fail(2, ['no kind of dataset called "markt"', 'Did you mean market?'], 'check', '--data', 'markt:x');
  await fail(2, ['It looks like market1501:'], 'check', '--data', at('whole'));
  await fail(2, ['no option nmae', 'Did you mean name?'], 'check', '--data', 'pattern:x?nmae=y');
  await fail(2, ['--quik', 'Did you mean quick?'], 'check', '--quik');
  await fail(2, ['Did you mean market1501?'], 'check', '--data', DATA, '--expect', 'market');
  await fail(2, ['several'], 'check', '--data', `${DATA}+market:${at('whole')}`, '--expect', 'duke');
  const help = await run('check', '--help');
  assert.equal([help.code, help.stderr], [0, '']);
  assert.match(help.stdout, 'Exit status');
});

test('check: an interrupted one says what it found so far', async () => {
  const { child, ended } = start('check', '--data', 'synthetic:identities=400');
  child.stderr!.on('data', (text: string) => {
    if (text.includes('looked at')) child.kill('SIGINT');
  });
  const { code, stdout, stderr } = await ended;
  assert.is(code, 130, stderr);
  assert.match(stdout, 'interrupted before the end');
  assert.match(stdout, 'interrupted: this is what was found so far');
  assert.not.match(stderr, /^\s+at /m);
});

test.run();

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from './node-suite.js';

const folder = mkdtempSync(join(tmpdir(), 'node-suite-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Runs `body` as a test file of its own, where `test` is uvu's. */
function runBody(body: string, limit = 20_000) {
  const file = join(folder, `${files++}.test.mjs`);
  writeFileSync(file, `import { test } from ${JSON.stringify(import.meta.resolve('uvu'))};\n${body}\n`);
  return runFile(file, limit);
}

test('what passes, fails and is skipped is counted', async () => {
  const { passed, failed, skipped, errors } = await runBody(
    `test('a', () => {}); test('b', () => { throw new Error('because'); }); test.skip('c', () => {}); test.run();`,
  );
  assert.equal([passed, failed, skipped], [1, 1, 1]);
  assert.match(errors.join('\n'), 'because');
});

const BROKEN: [what: string, body: string, said: RegExp][] = [
  ['that throws while it loads', `throw new Error('early');`, /early[\s\S]*exit code 1/],
  ['that ends its process', `test('a', () => process.exit(0)); test.run();`, /exit code 0 before its tests did/],
  ['whose promise never settles', `test('a', () => new Promise(() => {})); test.run();`, /before its tests did/],
  ['that forgets test.run()', `test('a', () => {});`, /No test ran/],
  [
    'whose hook throws',
    `test.before(() => { throw new Error('x'); }); test('a', () => {}); test.run();`,
    /a hook threw/,
  ],
  [
    'that fails after its tests',
    `test('a', () => { setTimeout(() => process.exit(3), 50); }); test.run();`,
    /exit code 3/,
  ],
];

for (const [what, body, said] of BROKEN) {
  test(`a file ${what} is a failure`, async () => {
    const { failed, errors } = await runBody(body);
    assert.is(failed, 1);
    assert.match(errors.join('\n'), said);
  });
}

test('a file that hangs is ended, and is a failure', async () => {
  const { failed, errors } = await runBody(`test('a', () => { for (;;); }); test.run();`, 1000);
  assert.is(failed, 1);
  assert.match(errors.join('\n'), 'longer than 1 s');
});

test.run();

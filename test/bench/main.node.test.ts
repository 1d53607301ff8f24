import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonLine, tableHead, tableRow } from '../../bench/report.js';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 120_000 });

test('a run prints a table and writes a line of JSON for each case', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const file = join(folder, 'results.jsonl');
    const { status, stdout, stderr } = run('--only', '^(clipFactor|matmul512)$', '--json', file);
    assert.is(status, 0, stderr);
    assert.match(stdout, /case +ms +cpu ms +gpu ms +GFLOP\/s +GB\/s\n/);
    assert.match(stdout, /\nmatmul512 +[\d.]+ +[\d.]+ +([\d.]+|-) +[\d.]+ +[\d.]+\n/);
    assert.match(stdout, /2 cases in \d+ s, 0 failed/);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const results = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(
      results.map((result) => result.case),
      ['matmul512', 'clipFactor'],
    );
    for (const result of results) {
      for (const key of ['ms', 'cpu_ms', 'gflops', 'gbps']) assert.type(result[key], 'number', key);
      assert.ok((result.ms as number) > 0);
      assert.ok(typeof result.adapter === 'string' && result.adapter.length > 0);
    }
    const { ms, gflops } = results[0] as { ms: number; gflops: number };
    assert.ok(Math.abs((2 * 512 ** 3) / (ms * 1e6) / gflops - 1) < 0.01, 'GFLOP/s are the product over the time');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('--list names the cases and --help explains, without a GPU', () => {
  const list = run('--list', '--only', '^conv_(fwd|bwd)$');
  assert.is(list.status, 0);
  assert.is(list.stdout, 'conv_fwd\nconv_bwd\n');
  const help = run('--help');
  assert.is(help.status, 0);
  assert.match(help.stdout, /--only PATTERN/);
});

test('wrong usage is told without a stack', () => {
  for (const [args, message] of [
    [['--only', 'no such case'], /bench: No case matches .*--list/],
    [['--only', '('], /bench: Invalid regular expression/],
    [['--what'], /bench: Unknown option '--what'/],
    [['--only', 'fill', '--json', '/nowhere/at/all'], /bench: \/nowhere\/at\/all can not be written/],
  ] as const) {
    const { status, stderr } = run(...args);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
    assert.not.match(stderr, /^ {4}at /m);
  }
});

test('figures: three of them, in columns', () => {
  const result = { case: 'x', ms: 0.0123456, cpu_ms: 1234.56, gpu_ms: null, gflops: 12.345, gbps: 0, adapter: 'a' };
  assert.is(tableRow(result), 'x                             0.0123      1235         -      12.3        0');
  assert.is(tableRow(result).length, tableHead().length);
  assert.equal(JSON.parse(jsonLine(result)), { ...result, ms: 0.01235, cpu_ms: 1235, gflops: 12.35 });
});

test.run();

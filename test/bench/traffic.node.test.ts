import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const TRAFFIC = fileURLToPath(new URL('../../bench/traffic.js', import.meta.url));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [TRAFFIC, ...args], { encoding: 'utf8', timeout: 120_000 });

test('inference moves less than half of the bytes when its kernels are fused', () => {
  const { status, stdout, stderr } = run('--only', '^inference_bottleneck$', '--rounds', '1');
  assert.is(status, 0, stdout + stderr);
  assert.match(stdout, /\ninference_bottleneck: unfused, then fused\nkernel +calls +MB +GPU ms +calls +MB +GPU ms\n/);
  const moved = /\nMB moved +([\d.]+) +([\d.]+) +([\d.]+|-)\n/.exec(stdout);
  assert.ok(moved, stdout);
  // Adapters without timestamps count nothing.
  if (Number(moved[1]) > 0) assert.ok(Number(moved[2]) < 0.5 * Number(moved[1]), moved[0]);
});

test('wrong usage is told without a stack, and --help explains', () => {
  const help = run('--help');
  assert.is(help.status, 0);
  assert.match(help.stdout, /--rounds N/);
  for (const [args, message] of [
    [['--rounds', '0'], /--rounds must be a whole number of at least 1/],
    [['--only', 'nothing'], /No work matches \/nothing\/.*step_baseline, step_bottleneck/],
    [['--fast'], /--fast/],
  ] as const) {
    const { status, stderr } = run(...args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, message);
    assert.not.match(stderr, /\n +at /);
  }
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Difference } from './compare.js';
import { nudged, settle } from './settle.js';

const ALLOWED = 1e-3;
const off = (l2: number): Difference => ({
  absolute: l2,
  relative: l2,
  l2,
  allowed: ALLOWED,
  reason: l2 > ALLOWED ? `off by ${l2}` : undefined,
});

test('settle: what is right at once is run once', async () => {
  let runs = 0;
  const result = await settle('case', async () => ({ out: off(9e-4 + 0 * runs++) }));
  assert.is(result.status, 'pass');
  assert.is(runs, 1);
});

test('settle: a value off by rounding passes once a nudged run meets its tolerance, and the result says so', async () => {
  const result = await settle('case', async (nudge) => ({ out: off(1e-4), grad: off(nudge < 3 ? 1.5e-3 : 8e-4) }));
  assert.is(result.status, 'pass');
  assert.match(result.note ?? '', /right in one of 3 runs with a nudged input: grad/);
});

test('settle: a value that no nudged run brings right fails', async () => {
  const result = await settle('case', async (nudge) => ({ out: off(1.2e-3 + nudge * 1e-6) }));
  assert.is(result.status, 'fail');
  assert.match(result.reason ?? '', /out: off by/);
});

test('settle: a value far off fails at once, though a nudged run would meet its tolerance', async () => {
  let runs = 0;
  const result = await settle('case', async (nudge) => {
    runs++;
    return { near: off(nudge ? 0 : 1.5e-3), far: off(nudge ? 0 : 5e-3) };
  });
  assert.is(result.status, 'fail');
  assert.is(runs, 1);
});

test('nudged: numbers move by at most a float32, the first run by nothing', () => {
  const data = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i + 1));
  assert.is(nudged(data, 0), data);
  const moved = nudged(data, 1);
  assert.not.equal(moved, data);
  assert.not.equal(nudged(data, 2), moved);
  for (const [i, value] of moved.entries()) assert.ok(Math.abs(value / data[i]! - 1) < 2.5e-7);
});

test.run();

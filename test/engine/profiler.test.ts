import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../engine/gpu.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { matmul } from '../../engine/ops/matmul.js';
import { profileTable, shares, type Timing, traceEvents } from '../../engine/profiler.js';
import { randn } from '../../engine/random.js';
import { tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

const TIMINGS: readonly Timing[] = [
  { name: 'matmul', start: 5_000_000, end: 8_000_000, flops: 6e6, bytes: 3e6 },
  { name: 'add', start: 1_000_000, end: 1_500_000, flops: 1e3, bytes: 5e5 },
  { name: 'add', start: 8_500_000, end: 9_000_000, flops: 1e3, bytes: 5e5 },
];

test('a profile adds up the calls of a kernel, the slowest first', () => {
  const [first, second] = shares(TIMINGS);
  assert.equal(first, { name: 'matmul', calls: 1, ms: 3, share: 0.75, gflops: 2, gbps: 1 });
  assert.is(second!.name, 'add');
  assert.is(second!.calls, 2);
  assert.is(second!.ms, 1);
  assert.is(second!.gbps, 1);
  assert.equal(shares([]), []);
});

test('the table has a line for each kernel, in columns', () => {
  const lines = profileTable(TIMINGS).split('\n');
  assert.is(lines.length, 3);
  assert.match(lines[0]!, /^kernel +calls +ms +share +GFLOP\/s +GB\/s$/);
  assert.match(lines[1]!, /^matmul +1 +3\.00 +75\.0 % +2\.00 +1\.00$/);
  assert.is(new Set(lines.map((line) => line.length)).size, 1);
});

test("the trace is in the trace viewer's format, in microseconds from the first kernel on", () => {
  const { traceEvents: events } = JSON.parse(traceEvents(TIMINGS)) as { traceEvents: Record<string, unknown>[] };
  assert.is(events.length, 3);
  assert.equal(events[0], {
    name: 'matmul',
    ph: 'X',
    pid: 1,
    tid: 1,
    ts: 4000,
    dur: 3000,
    args: { flops: 6e6, bytes: 3e6 },
  });
});

test('every dispatch of the work is timed, in order, with what it costs', async () => {
  if (!gpu.has('timestamp-query')) return;
  const a = randn([128, 96]);
  const b = randn([96, 64]);
  await gpu.finish();
  const timings = await gpu.profile(async () => {
    let x = matmul(a, b);
    for (let i = 0; i < 1100; i++) x = add(x, 1); // More than the queries of one submit.
    await x.read();
    mul(x, x);
  });
  assert.is(timings.length, 1102);
  assert.is(timings[0]!.name, 'matmul');
  assert.is(timings.at(-1)!.name, 'mul');
  assert.is(timings[0]!.flops, 2 * 128 * 96 * 64);
  for (const { start, end } of timings) assert.ok(start > 0 && end >= start);
  assert.ok(timings.some(({ start, end }) => end > start));
  // Outside of a profile nothing is timed.
  await add(a, 1).read();
  assert.is(timings.length, 1102);
});

test('work that fails ends its profile', async () => {
  if (!gpu.has('timestamp-query')) return;
  const failing = gpu.profile(() => {
    throw new Error('on the way');
  });
  assert.is(await failing.catch((error: Error) => error.message), 'on the way');
  assert.is(gpu.queue.profiler, undefined);
  assert.equal(Array.from(await add(tensor([1]), 1).read()), [2]);
});

test('an adapter without timestamps says so', async () => {
  const plain = await openGpu({ limits: 'default' });
  const refused = await plain.profile(() => {}).catch((error: Error) => error);
  plain.close();
  assert.match((refused as Error).message, /has no timestamps \(feature timestamp-query\)/);
});

test.run();

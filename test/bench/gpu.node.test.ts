import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dispatchesOf } from '../../bench/case.js';
import { bytesOf, flopsOf, LARGE, measured, nameOf, outOf, resnetLayers, SMALL } from '../../bench/gpu/cases.js';
import { checkSet } from '../../bench/gpu/check.js';
import { convolution } from '../../bench/gpu/checks/convolutions.js';
import { oddLines } from '../../bench/gpu/checks/lines.js';
import { oddPlanes } from '../../bench/gpu/checks/planes.js';
import { heads, oddProducts } from '../../bench/gpu/checks/products.js';
import type { CheckSet } from '../../bench/gpu/checks/set.js';
import { deadlines, readOptions } from '../../bench/gpu/options.js';
import { append, type CheckLine, type Line, readLines, type SpeedLine } from '../../bench/gpu/results.js';
import { compare, expectedAt, samplePositions } from '../../bench/gpu/sampled.js';
import { faultsOf, report, rowsOf } from '../../bench/gpu/table.js';
import { retiled, rowsOf as tileRows } from '../../bench/gpu/tiles.js';
import { waysOf } from '../../bench/gpu/ways.js';
import { Conv2d } from '../../engine/nn/index.js';
import { add } from '../../engine/ops/arithmetic.js';
import { scope } from '../../engine/scope.js';
import { ResNet } from '../../reid/models/backbones/resnet.js';
import type { Shader } from '../../shaders/shader.js';
import { closeAfter, gpu } from '../engine/device.js';
import { ROOT } from '../files.js';

closeAfter(test);

const FACTS: Line = {
  part: 'facts',
  date: '2026-01-01T00:00:00.000Z',
  adapter: 'an adapter',
  software: false,
  facts: { sharing: { kind: 'workgroup', lanes: 64 }, dawn: 'webgpu 0' },
};

const speed = (name: string, ms: number, n = 100): SpeedLine => ({
  part: 'speed',
  case: name,
  work: { kind: 'matmul', m: n, n, k: n },
  ms,
  best: ms,
  gpu_ms: null,
  runs: 1,
  kernels: ['matmul'],
});

const check = (name: string, way: string, status: CheckLine['status'], error: number | null = 1e-7): CheckLine => ({
  part: 'check',
  case: name,
  way,
  status,
  error,
  tolerance: 1e-6,
  samples: 1,
  kernels: ['matmul'],
  message: status === 'ok' ? undefined : 'because',
});

test('rates, ratios and shares', () => {
  const lines: Line[] = [
    FACTS,
    speed('a', 2),
    speed('b', 8),
    { part: 'pytorch', case: 'a', ms: 1 },
    { part: 'pytorch', case: 'b', ms: null, message: 'no memory' },
  ];
  const [a, b] = rowsOf(lines);
  // 2 · 100³ operations in 2 ms are 1 GFLOP/s; 3 · 100² floats in 2 ms are 0.06 GB/s.
  assert.is(a!.gflops, 1);
  assert.ok(Math.abs(a!.gbps! - 0.06) < 1e-12);
  assert.is(a!.ratio, 0.5);
  // PyTorch's 2 GFLOP/s are the best.
  assert.is(a!.share, 0.5);
  assert.is(b!.share, 0.125);
  assert.is(b!.ratio, null);
  assert.is(a!.correct, 'not checked');
});

test('the time of a wrong kernel is not given, and its name is', () => {
  const lines: Line[] = [
    FACTS,
    speed('good', 2),
    speed('bad', 2),
    speed('elsewhere', 2),
    check('good: dx', 'workgroup 64', 'ok'),
    check('good: dw', '-', 'ok', 3e-7),
    check('bad: dx', 'workgroup 64', 'ok'),
    check('bad: dw', 'workgroup 64', 'wrong', null),
    check('elsewhere', 'workgroup 64', 'ok'),
    check('elsewhere', 'subgroup 32', 'failed', null),
    check('good and more', 'workgroup 64', 'wrong', null),
  ];
  const [good, bad, elsewhere] = rowsOf(lines);
  assert.equal([good!.correct, good!.error, good!.ms], ['ok', 3e-7, 2]);
  assert.equal([bad!.correct, bad!.ms, bad!.gflops, bad!.share, bad!.note], ['wrong', null, null, null, 'because']);
  assert.equal([elsewhere!.correct, elsewhere!.note], ['ok', 'wrong as subgroup 32']);
  const faults = faultsOf(lines);
  assert.is(faults.length, 3);
  assert.match(faults[0]!, 'bad: dw (workgroup 64), kernels matmul: because');
  assert.match(report(lines), /\nbad +- +- +- +- +- +- +- +WRONG \(because\)\n/);
});

test('a training step is compared by images a second, and one that ran with a smaller batch is no fault', () => {
  const step = {
    part: 'train',
    case: 'step',
    gpu_ms: null,
    dispatches: 9,
    peak_bytes: 1,
    losses: null,
    shares: [],
  } as const;
  const lines: Line[] = [
    FACTS,
    { ...step, batch: 64, ms: null, status: 'failed', message: 'no memory' },
    { ...step, batch: 32, ms: 200, status: 'ok' },
    { ...step, case: 'step, static', batch: 32, ms: 100, status: 'ok' },
    { part: 'pytorch', case: 'step', batch: 64, ms: 200 },
  ];
  const rows = rowsOf(lines);
  assert.equal(
    rows.map(({ images_per_second, ratio }) => [images_per_second, ratio]),
    [
      [160, 0.5],
      [320, 1],
    ],
  );
  assert.match(rows[0]!.note, "PyTorch's batch is 64");
  assert.equal(faultsOf(lines), []);
  assert.is(faultsOf([FACTS, lines[1]!]).length, 1);
  const [wrong] = rowsOf([FACTS, { ...step, batch: 32, ms: 200, status: 'wrong' }]);
  assert.equal([wrong!.correct, wrong!.ms, wrong!.images_per_second], ['wrong', null, null]);
});

test('tests and golden cases that fail are faults, and a part that ended early', () => {
  const counts = { passed: 3, failed: 1, skipped: 0, seconds: 1 };
  const faults = faultsOf([
    { part: 'tests', file: 'test/engine/a.test.ts', ...counts, errors: ['  it broke\n  here'] },
    { part: 'tests', file: 'test/engine/b.test.ts', ...counts, failed: 0, errors: [] },
    { part: 'parity', passed: 1, failed: 1, wrong: ['ops/x: off'] },
    { part: 'note', of: 'speed', failed: true, message: 'ended at y' },
    { part: 'note', of: 'speed', failed: false, message: 'no time' },
  ]);
  assert.is(faults.length, 3);
  assert.match(faults.join('\n'), /ops\/x: off[\s\S]*a\.test\.ts, 1 tests: it broke\n[\s\S]*ended at y/);
});

test('the convolutions of a ResNet-50 with last stride 1, each shape once', () => {
  const layers = resnetLayers(256, 128);
  assert.is(layers.length, 22);
  assert.is(new Set(layers.map(nameOf)).size, 22);
  // The model is made, but none of its numbers.
  const found = new Set<string>();
  scope(() => {
    const make = () =>
      new ResNet({ depth: 50, lastStride: 1 }).apply((module) => {
        if (module instanceof Conv2d) found.add(module.weight.shape.slice(0, 3).join(' '));
      });
    dispatchesOf(gpu, make, { run: false });
  });
  assert.equal([...new Set(layers.map((l) => `${l.outputs} ${l.channels} ${l.kernel}`))].sort(), [...found].sort());
  const last = layers.find((layer) => nameOf(layer).startsWith('conv3x3 512-512'))!;
  assert.equal([last.height, last.width, last.stride], [16, 8, 1]);
});

test('operations and bytes of a case', () => {
  const conv = { kind: 'conv', batch: 2, channels: 6, height: 5, width: 4, outputs: 9, kernel: 3 } as const;
  const work = { ...conv, pass: 'forward', stride: 2, padding: 1, groups: 3 } as const;
  assert.equal(outOf(work), [3, 2]);
  assert.is(flopsOf(work), 2 * 2 * 9 * 6 * 2 * 9);
  assert.is(bytesOf(work), 4 * (2 * 6 * 20 + 2 * 9 * 6 + 9 * 2 * 9));
  assert.is(bytesOf({ kind: 'add', size: 10 }), 120);
  assert.is(flopsOf({ kind: 'distance', m: 2, n: 3, depth: 5 }), 60);
});

test('names of measured cases are different, at both sizes', () => {
  for (const sizes of [LARGE, SMALL]) {
    const names = measured(sizes).map(({ name }) => name);
    assert.is(new Set(names).size, names.length);
    assert.ok(names.length > 75, `${names.length}`);
  }
});

test('samples: different, the first and the last among them, all when they are few', () => {
  assert.equal(samplePositions(5, 9), [0, 1, 2, 3, 4]);
  for (const [size, count] of [
    [1000, 64],
    [2 ** 31 + 11, 500],
  ] as const) {
    const found = samplePositions(size, count);
    assert.is(new Set(found).size, count);
    for (const i of [0, size - 1, 256, 255]) assert.ok(found.includes(i), `${i} of ${size}`);
    assert.ok(found.every((i) => Number.isInteger(i) && i >= 0 && i < size));
  }
});

test('a comparison finds what is off, what is no number and what is missing', () => {
  const data = Float32Array.from({ length: 100 }, (_, i) => i);
  const expected = { at: (value: number) => ({ value, scale: 10 }), size: 100, cost: 1, tolerance: 1e-3 };
  const samples = expectedAt(expected);
  const verdict = (change: (got: Float32Array) => void) => {
    const got = data.slice();
    change(got);
    return compare(got, samples, expected);
  };
  assert.equal(
    verdict(() => {}),
    { samples: 100, error: 0, status: 'ok' },
  );
  assert.is(verdict((got) => got.set([7.005], 7)).status, 'ok');
  assert.match(verdict((got) => got.set([7.1], 7)).message!, /element 7 is 7\.09/);
  assert.match(verdict((got) => got.set([Number.NaN], 50)).message!, 'element 50 is NaN');
  assert.match(compare(data.subarray(1), samples, expected).message!, '99 elements, not 100');
});

const TINY: readonly CheckSet[] = [
  oddProducts[0]!,
  oddProducts.find(({ name }) => name === 'odd distance')!,
  heads('attention', { batch: 2, queries: 9, keys: 11, depth: 8, values: 12, causal: true }),
  convolution(
    {
      batch: 2,
      channels: 6,
      height: 7,
      width: 5,
      outputs: 9,
      kernel: 3,
      stride: 2,
      padding: 2,
      groups: 3,
      dilation: 2,
    },
    { bias: true },
  ),
  ...oddPlanes.filter(({ name }) => /batchNorm, quads|groupNorm|layerNorm$|Pool|maximum/.test(name)),
  ...oddLines.filter(({ name }) => /columns|across|Normalize|Entropy|channels|elements/.test(name)),
];

for (const [i, set] of TINY.entries()) {
  test(`${set.name}: the loops and the engine agree`, async () => {
    // Every way is another kernel to compile: test/engine has them all, of all operators.
    const ways = waysOf(gpu);
    const lines = await checkSet(gpu, set, i === 0 ? ways : { ...ways, kinds: ways.kinds.slice(0, 1) });
    assert.ok(lines.length > 0);
    for (const { case: name, way, status, message } of lines) assert.is(status, 'ok', `${name} (${way}): ${message}`);
  });
}

test('a kernel that is off is found wrong, and one that throws has failed', async () => {
  const [broken, thrown] = ['broken', 'thrown'].map(
    (name): CheckSet => ({
      name,
      shares: false,
      make: async () =>
        (await oddProducts[0]!.make()).map((one) => ({
          ...one,
          work: () => {
            if (name === 'thrown') throw new Error('no such kernel');
            return add(one.work(), 1e-3);
          },
        })),
    }),
  );
  const [wrong] = await checkSet(gpu, broken!, waysOf(gpu));
  assert.is(wrong!.status, 'wrong');
  assert.ok(wrong!.kernels.includes('matmul'));
  const [failed] = await checkSet(gpu, thrown!, waysOf(gpu));
  assert.equal([failed!.status, failed!.message], ['failed', 'no such kernel']);
});

test('a tile of other rows: the grid and the scalars of the large problem, the text of the small one', () => {
  const shader = (name: string, rows: number, grid: Shader['grid'], params: number[]): Shader => ({
    name,
    variant: `workgroup 64 ${rows} quads`,
    code: () => `text of ${rows}`,
    grid,
    params,
    flops: 1,
    bytes: 1,
  });
  const own = shader('matmul', 32, [4, 4, 1], [100, 7]);
  const made = retiled(own, shader('matmul', 8, [4, 1, 1], [8, 7]), 100)!;
  assert.equal([made.grid, made.params, made.code(), tileRows(made)], [[4, 13, 1], [100, 7], 'text of 8', 8]);
  assert.is(made.variant, 'workgroup 64 8 quads');
  assert.is(retiled(own, { ...own, variant: 'workgroup 64 8 quads bias' }, 100), undefined);
  const weights = shader('convWeightGrad', 16, [2, 7, 5], [3, 100, 27, 9, 9, 9, 1, 7]);
  const split = retiled(weights, shader('convWeightGrad', 8, [2, 1, 5], []), 100)!;
  assert.equal([split.grid, split.params!.at(-1)], [[2, 13, 5], 13]);
});

test('results survive a kill in the middle of a line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-'));
  try {
    const file = join(folder, 'gpu.jsonl');
    append(file, FACTS);
    append(file, speed('a', 1 / 3));
    const text = readFileSync(file, 'utf8');
    assert.match(text, '"ms":0.333333,');
    assert.is(readLines(file).length, 2);
    assert.equal(readLines(join(folder, 'missing')), []);
    assert.is(readLines(file).length, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('time is shared out, and parts that are left out leave theirs to the others', () => {
  const all = deadlines(readOptions([]).parts, 0, 480);
  const ends = [...all.values()];
  assert.ok(ends.every((end, i) => end > (ends[i - 1] ?? 0)));
  assert.ok(ends.at(-1)! < 470_000);
  const { parts } = readOptions(['--only', 'speed']);
  assert.equal(parts, ['facts', 'speed']);
  const [facts, only] = [...deadlines(parts, 0, 480).values()];
  assert.ok(only! - facts! > 300_000);
  assert.is(readOptions(['--small']).small, true);
  assert.is(readOptions([]).small, undefined);
});

const run = (...args: string[]) =>
  spawnSync('bash', [join(ROOT, 'bench/gpu.sh'), ...args], { encoding: 'utf8', timeout: 120_000, cwd: tmpdir() });

test('--help explains, and wrong usage is told without a stack', () => {
  const help = run('--help');
  assert.is(help.status, 0, help.stderr);
  assert.match(help.stdout, /--seconds N[\s\S]*--small[\s\S]*--only PART/);
  for (const [args, message] of [
    [['--seconds', 'soon'], /gpu\.sh: --seconds needs a number above 0, not "soon"/],
    [['--only', 'sleep'], /gpu\.sh: --only: there is no part "sleep"\. The parts are facts, tests,/],
    [['--what'], /gpu\.sh: Unknown option '--what'/],
    [['--small', '--large'], /do not go together/],
  ] as const) {
    const { status, stderr } = run(...args);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
    assert.not.match(stderr, /^ {4}at /m);
  }
});

test.run();

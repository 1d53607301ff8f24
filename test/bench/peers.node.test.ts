import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  attentionCase,
  blockStepCase,
  convCase,
  matmulCase,
  type PeerCase,
  pairDistancesCase,
  peerCases,
} from '../../bench/peers/cases.js';
import { comparedPositions, expectedOf, judge, relativeError } from '../../bench/peers/compare.js';
import { fill, mix, positions, sizeOf } from '../../bench/peers/inputs.js';
import { onnxModel } from '../../bench/peers/onnx-model.js';
import { preparations } from '../../bench/peers/ours.js';
import type { Launch } from '../../bench/peers/program.js';
import { frame, RECORD, reader } from '../../bench/peers/protocol.js';
import { referenceOf } from '../../bench/peers/reference.js';
import { resultFile, resultText, type Setting } from '../../bench/peers/result-file.js';
import { Competitor, callsOf, type Result, runCase } from '../../bench/peers/rounds.js';
import {
  type Column,
  compareCase,
  geometricMean,
  meanLine,
  median,
  remarks,
  tableHead,
  tableRow,
} from '../../bench/peers/table.js';
import { openGpu } from '../../engine/gpu.js';

const COLUMNS: readonly Column[] = [
  { name: 'ours', role: 'ours' },
  { name: 'alpha', role: 'peer' },
  { name: 'beta', role: 'peer' },
  { name: 'on the CPU', role: 'shown' },
];

const timed = (program: string, ms: number): Result => ({ case: 'x', program, status: 'timed', ms });

/** Every kind of case, small, with sizes that no tile divides. */
const SMALL: readonly PeerCase[] = [
  matmulCase('matmul', 7),
  ...Object.values(convCase('conv', [2, 6, 5, 7], 1)),
  ...Object.values(convCase('gconv', [3, 6, 4, 5], 3)),
  attentionCase('attention', [2, 3, 5, 6]),
  pairDistancesCase('pdist', 9, 11),
  blockStepCase('block_step', [3, 5, 4, 6]),
];

test('median and geometric mean', () => {
  assert.is(median([3]), 3);
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([4, 1, 2, 100]), 3);
  assert.throws(() => median([]), /no values/);
  assert.ok(Math.abs(geometricMean([0.5, 2, 8])! - 2) < 1e-12);
  assert.is(geometricMean([]), undefined);
});

test('the best peer is the fastest that is right; what is only shown and what is wrong do not count', () => {
  const wrong: Result = { case: 'x', program: 'alpha', status: 'wrong', reason: 'y is off by 0.5 (relative l2)' };
  const all = [timed('ours', 10), timed('alpha', 20), timed('beta', 40), timed('on the CPU', 1)];
  assert.equal(compareCase('x', all, COLUMNS), { case: 'x', best: 'alpha', ratio: 0.5 });
  assert.equal(compareCase('x', [timed('ours', 10), wrong, timed('beta', 40)], COLUMNS), {
    case: 'x',
    best: 'beta',
    ratio: 0.25,
  });
  assert.equal(compareCase('x', [timed('beta', 40)], COLUMNS), { case: 'x', best: 'beta' });
  assert.equal(compareCase('x', [timed('ours', 10), timed('on the CPU', 1)], COLUMNS), { case: 'x' });
  assert.equal(compareCase('y', all, COLUMNS), { case: 'y' });
});

test('rows of the table', () => {
  assert.is(tableHead(COLUMNS), 'ms               ours    alpha     beta  on the CPU  best peer    ours/best');
  const missing: Result = { case: 'x', program: 'alpha', status: 'missing', reason: 'no gradients' };
  const noted: Result = { ...timed('beta', 1234.5), note: 'in slices' };
  assert.is(
    tableRow('x', [timed('ours', 12.345), missing, noted], COLUMNS),
    'x                12.3        –    1235*           –  beta              0.01',
  );
  const wrong: Result = { case: 'x', program: 'ours', status: 'wrong', reason: 'y is off by 0.5 (relative l2)' };
  assert.is(
    tableRow('x', [wrong, timed('alpha', 0.5)], COLUMNS),
    'x               wrong    0.500        –           –  alpha                –',
  );
  assert.equal(remarks([wrong, missing, noted]), [
    'x, ours wrong: y is off by 0.5 (relative l2)',
    '* x, beta: in slices',
  ]);
});

test('the last line', () => {
  assert.is(
    meanLine([{ case: 'a', ratio: 0.5 }, { case: 'b' }, { case: 'c', ratio: 0.125 }]),
    'Geometric mean of ours/best over 2 cases: 0.250 (4.00 times as fast)',
  );
  assert.match(meanLine([{ case: 'a' }]), /^No case/);
});

test('inputs are the same numbers everywhere', () => {
  // MurmurHash3's finaliser, from its published definition in another language.
  assert.equal([0, 1, 2, 0xffffffff].map(mix), [0, 1364076727, 821347078, 2180083513]);
  const input = { name: 'x', shape: [2, 500], seed: 3, scale: 0.5, shift: 1 };
  const numbers = fill(input);
  assert.is(numbers.length, 1000);
  assert.ok(numbers.every((value) => value >= 0.5 && value < 1.5));
  assert.ok(Math.abs(numbers.reduce((sum, value) => sum + value, 0) / 1000 - 1) < 0.03);
  assert.not.equal(fill({ ...input, seed: 4 }), numbers);
  assert.equal(fill(input), numbers);
});

test('compared positions are different ones, the first and the last among them', () => {
  assert.equal(positions(3, 200), [0, 1, 2]);
  const some = positions(5000, 200);
  assert.is(new Set(some).size, 200);
  assert.ok(some.includes(0) && some.includes(4999) && some.every((i) => i >= 0 && i < 5000));
});

test('cases are those of npm run bench, and their outputs have what is compared', () => {
  const names = ['matmul512', 'matmul1024', 'conv_fwd', 'conv_bwd', 'gconv_fwd', 'gconv_bwd', 'attention', 'pdist'];
  assert.equal(
    peerCases.map(({ name }) => name),
    [...names, 'block_step'],
  );
  for (const one of SMALL) {
    const reference = referenceOf(one);
    assert.equal(
      Object.keys(reference),
      one.outputs.map(({ name }) => name),
      one.name,
    );
  }
});

test('relative errors: of values that are missing or not finite they are infinite', () => {
  assert.ok(Math.abs(relativeError([3, 4.5], [3, 4], [0, 0]) - 0.1) < 1e-12);
  assert.ok(Math.abs(relativeError([3, 4.5], [3, 4], [3, 3]) - 0.5) < 1e-12);
  for (const got of [[], [3], [3, null], [3, Number.NaN], [3, Number.POSITIVE_INFINITY]])
    assert.is(relativeError(got, [3, 4], [0, 0]), Number.POSITIVE_INFINITY);
});

test('a wrong value is named with its output', () => {
  const one = matmulCase('m', 5);
  const at = comparedPositions(one);
  const expected = expectedOf(one, at, referenceOf(one));
  const values = [...expected[0]!.values];
  assert.equal(judge({ c: values }, expected), { error: 0 });
  values[3]! += 1;
  const { error, wrong } = judge({ c: values }, expected);
  assert.ok(error > 1e-3);
  assert.match(wrong!, /^c is off by 0\.\d+ \(relative l2\)$/);
  assert.match(judge({}, expected).wrong!, /^c is off by Infinity/);
});

test('the engine computes what the references say', async () => {
  const gpu = await openGpu();
  try {
    for (const one of SMALL) {
      const work = await preparations[one.kind]({
        ...one,
        input: (name) => fill(one.inputs.find((input) => input.name === name)!),
      });
      const outputs = await work.run();
      const got: Record<string, number[]> = {};
      for (const [name, output] of Object.entries({ ...outputs, ...work.state?.() }))
        got[name] = [...(await output.read())];
      const at = comparedPositions(one, Number.POSITIVE_INFINITY);
      const expected = expectedOf(one, at, referenceOf(one));
      for (const { output, values } of expected) assert.is(values.length, sizeOf(output.shape), output.name);
      assert.is(judge(got, expected).wrong, undefined, one.name);
      await work.release();
    }
  } finally {
    gpu.close();
  }
});

test('messages come through in pieces and among other output', () => {
  const messages: unknown[] = [];
  const other: string[] = [];
  const take = reader(
    (message) => messages.push(message),
    (line) => other.push(line),
  );
  const text = `hello\n${frame({ a: 1 })}half a line${frame({ b: ['ü'] })}\n`;
  for (const letter of text) take(letter);
  assert.equal(messages, [{ a: 1 }, { b: ['ü'] }]);
  assert.equal(other, ['hello', 'half a line', '']);
});

/** The fields of a protobuf message: [field, number or bytes]. */
function fields(bytes: Uint8Array): [number, number | Uint8Array][] {
  const found: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    if ((key & 7) === 0) found.push([key >> 3, varint()]);
    else {
      const length = (key & 7) === 5 ? 4 : varint();
      found.push([key >> 3, bytes.slice(at, at + length)]);
      at += length;
    }
  }
  assert.is(at, bytes.length, 'fields end where their message does');
  return found;
}

test('a model is protobuf as ONNX lays it out', () => {
  const text = (value: unknown) => new TextDecoder().decode(value as Uint8Array);
  const get = (from: [number, unknown][], field: number) =>
    from.filter(([key]) => key === field).map(([, value]) => value);
  const data = Float32Array.of(1.5, -2);
  const model = fields(
    onnxModel({
      inputs: { x: [300, 2] },
      outputs: { y: [300, 2] },
      constants: { w: { shape: [2], data } },
      nodes: [
        { type: 'Gemm', inputs: ['x', 'w'], outputs: ['y'], attributes: { alpha: { float: 0.5 }, pads: [1, 0] } },
      ],
      opset: 23,
    }),
  );
  assert.equal(get(model, 1), [10]);
  assert.equal(fields(get(model, 8)[0] as Uint8Array).at(-1), [2, 23]);
  const graph = fields(get(model, 7)[0] as Uint8Array);
  const node = fields(get(graph, 1)[0] as Uint8Array);
  assert.equal([get(node, 1).map(text), get(node, 2).map(text), get(node, 4).map(text)], [['x', 'w'], ['y'], ['Gemm']]);
  const [alpha, pads] = get(node, 5).map((one) => fields(one as Uint8Array));
  assert.equal([text(get(alpha!, 1)[0]), get(alpha!, 20)], ['alpha', [1]]);
  assert.equal(get(alpha!, 2)[0], new Uint8Array(Float32Array.of(0.5).buffer));
  assert.equal([get(pads!, 8), get(pads!, 20)], [[1, 0], [7]]);
  const constant = fields(get(graph, 5)[0] as Uint8Array);
  assert.equal([get(constant, 1), get(constant, 2), text(get(constant, 8)[0])], [[2], [1], 'w']);
  assert.equal(get(constant, 9)[0], new Uint8Array(data.buffer));
  const type = fields(get(fields(get(graph, 11)[0] as Uint8Array), 2)[0] as Uint8Array);
  const [kind, shape] = fields(get(type, 1)[0] as Uint8Array);
  assert.equal(kind, [1, 1]);
  assert.equal(
    fields(shape![1] as Uint8Array).map(([, dim]) => fields(dim as Uint8Array)),
    [[[1, 300]], [[1, 2]]],
  );
});

test('calls in a round: as many as fit, one at least', () => {
  assert.equal([0.01, 30, 100, 299, 5000].map(callsOf), [20, 10, 3, 1, 1]);
});

const OURS: Launch = {
  name: 'ours',
  command: process.execPath,
  args: [fileURLToPath(new URL('../../bench/peers/ours.main.js', import.meta.url))],
  role: 'ours',
};

/** A program that answers each question by the expression `answer` of `question`. */
const fake = (name: string, answer: string): Launch => ({
  name,
  command: process.execPath,
  args: [
    '-e',
    `const say = (message) => process.stdout.write('${RECORD}' + JSON.stringify(message) + '\\n');
     process.stdin.on('data', (text) => { const question = JSON.parse(String(text).slice(1)); say(${answer}); });
     console.log('chatter'); say({ version: '1', adapter: 'none' });`,
  ],
  role: 'peer',
});

test('a case in several programs: right, wrong, without an operator, reporting an error, ending', async () => {
  const wrongValues = '{ first_ms: 1, values: { c: Array(25).fill(0.1) } }';
  const competitors = [
    OURS,
    fake('wrong', `question.do === 'prepare' ? ${wrongValues} : {}`),
    fake('missing', '{ missing: "no such operator" }'),
    fake('failing', '{ error: "out of memory" }'),
    fake('ending', 'process.exit(3)'),
    { ...OURS, name: 'absent', command: '/no/such/program' },
  ].map((launch) => new Competitor(launch));
  try {
    const one = matmulCase('m', 5);
    const [ours, wrong, missing, failing, ending, absent] = await runCase(
      one,
      competitors,
      { rounds: 3, deadlineMs: 60_000 },
      () => {},
    );
    assert.is(ours!.status, 'timed', ours!.reason);
    assert.is(ours!.round_ms!.length, 3);
    assert.is(ours!.ms, median(ours!.round_ms!));
    assert.ok(ours!.ms! > 0 && ours!.cpu_ms! >= 0 && ours!.relative_error! < 1e-5);
    assert.is(wrong!.status, 'wrong');
    assert.is(wrong!.ms, undefined);
    assert.match(wrong!.reason!, /^c is off by/);
    assert.is(missing!.status, 'missing');
    assert.is(missing!.reason, 'no such operator');
    assert.is(failing!.status, 'failed');
    assert.is(failing!.reason, 'out of memory');
    assert.is(ending!.status, 'failed');
    assert.match(ending!.reason!, /^ending ended \(exit code 3\): chatter$/);
    assert.match(absent!.reason!, /^absent can not be started: /);
  } finally {
    for (const competitor of competitors) competitor.stop();
  }
});

test('a result file is JSON, named after the adapter in a folder', () => {
  const setting: Setting = {
    date: '2026-02-03',
    adapter: 'NVIDIA H200: something',
    dawn: 'webgpu 0',
    node: '20',
    machine: '2 cores',
    load: 0.25,
    rounds: 2,
    programs: COLUMNS.map((column) => ({ ...column, version: '1', adapter: 'a' })),
  };
  const folder = mkdtempSync(join(tmpdir(), 'peers-'));
  try {
    assert.is(resultFile(folder, setting), join(folder, 'peers-nvidia-h200-2026-02-03.json'));
    assert.is(resultFile(join(folder, 'x.json'), setting), join(folder, 'x.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
  const cases = [{ ...matmulCase('x', 2), name: 'x' }];
  const read = JSON.parse(resultText(setting, cases, [timed('ours', 1.23456), timed('alpha', 2.46912)]));
  assert.is(read.adapter, setting.adapter);
  assert.is(read.geometric_mean, 0.5);
  assert.equal(read.cases, [{ case: 'x', best: 'alpha', ratio: 0.5, what: 'product of two matrices [2, 2]' }]);
  assert.equal(read.results[0], { case: 'x', program: 'ours', status: 'timed', ms: 1.235 });
});

test('usage is told without a GPU and without the peers', () => {
  const main = fileURLToPath(new URL('../../bench/peers/main.js', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 });
  const help = run('--help');
  assert.is(help.status, 0);
  assert.match(help.stdout, /--rounds N/);
  for (const [args, message] of [
    [['--only', 'no such case'], /bench:peers: No case matches .* There are matmul512, /],
    [['--only', '('], /bench:peers: Invalid regular expression/],
    [['--rounds', '1.5'], /bench:peers: --rounds is "1.5"; a whole number/],
    [['--deadline', 'soon'], /bench:peers: --deadline is "soon"; a number above 0/],
    [['--what'], /bench:peers: Unknown option '--what'/],
  ] as const) {
    const { status, stderr } = run(...args);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
    assert.not.match(stderr, /^ {4}at /m);
  }
});

test.run();

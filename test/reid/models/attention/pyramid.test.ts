import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, manualSeed, noGrad, randn, type Tensor, tensor, write } from '../../../../engine/index.js';
import { type Layer, Module, Sequential } from '../../../../engine/nn/index.js';
import { mul } from '../../../../engine/ops/arithmetic.js';
import { sum } from '../../../../engine/ops/sum.js';
import { inOnePass, inSteps, SplitNorm, StripeAttention } from '../../../../reid/models/attention/pyramid.js';
import { SplitAttention } from '../../../../reid/models/attention/split-attention.js';
import { SELayer } from '../../../../reid/models/attention/squeeze-excitation.js';
import { assertClose } from '../../../engine/close.js';
import { closeAfter } from '../../../engine/device.js';
import { loadJson } from '../../../fixture.js';
import { fill } from '../../../golden/fill.js';
import { cells, fillPortably, probe } from '../../../golden/portable.js';
import { attend, excite, type Map3, norm } from './split-oracle.js';

closeAfter(test);

interface Vector {
  readonly sum: number;
  readonly squares: number;
  readonly first: readonly number[];
  readonly late: readonly number[];
  readonly loss: number;
  readonly inputGradient: number;
  readonly inputGradientFirst: readonly number[];
  readonly gradients: Readonly<Record<string, number>>;
  readonly evalSum: number;
  readonly evalSquares: number;
  readonly evalFirst: readonly number[];
}

const { unit: vectors } = (await loadJson('conformance.json')) as {
  readonly unit: Readonly<Record<'2' | '4', Vector>>;
};

const total = (data: ArrayLike<number>, of: (x: number) => number = (x) => x) =>
  Array.from(data, of).reduce((a, b) => a + b, 0);
const length = (data: ArrayLike<number>) => Math.sqrt(total(data, (x) => x * x));

function near(got: number, want: number, what: string, size = Math.abs(want), relative = 1e-5): void {
  assert.ok(Math.abs(got - want) <= relative * size, `${what}: ${got}, not ${want}`);
}

/** One level of a pyramid, then the first: split attention, its norm, squeeze-excitation. */
class Unit extends Module {
  readonly att_s: SplitAttention;
  readonly BN: SplitNorm;
  readonly att: SELayer;

  constructor(channels: number, parts: number) {
    super();
    this.att_s = new SplitAttention(channels, parts);
    this.BN = new SplitNorm(channels);
    this.att = new SELayer(channels, 8);
  }

  get steps() {
    return [this.att_s, this.BN, this.att] as const;
  }

  forward(x: Tensor): Tensor {
    return inSteps(x, this.steps);
  }
}

for (const [parts, channels] of [
  [2, 16],
  [4, 32],
] as const) {
  test(`a unit of ${parts} parts agrees with the vectors of float64, forward and back`, async () => {
    const want = vectors[`${parts}`];
    const model = new Unit(channels, parts);
    fillPortably(model);
    const shape = [4, channels, 8, 4] as const;
    const x = tensor(cells('x', shape, false), shape, { requiresGrad: true });
    const y = model.forward(x);
    const loss = sum(mul(y, tensor(probe('t', shape), shape)));
    backward(loss);
    const out = await y.read();
    near(total(out), want.sum, 'Σ out', length(out));
    near(
      total(out, (v) => v * v),
      want.squares,
      'Σ out²',
    );
    assertClose(out.subarray(0, 4), want.first, 1e-5, 'the first elements');
    const late = ((3 * channels + channels - 1) * 8 + 7) * 4;
    assertClose(out.subarray(late, late + 4), want.late, 1e-5, 'the last elements');
    near(await loss.item(), want.loss, 'the probe', length(out));
    const dx = await x.grad!.read();
    near(length(dx), want.inputGradient, '‖dx‖');
    assertClose(dx.subarray(0, 4), want.inputGradientFirst, 2e-5, 'dx');
    const parameters = new Map(model.namedParameters());
    for (const [name, size] of Object.entries(want.gradients)) {
      const got = length(await parameters.get(name)!.grad!.read());
      // A bias in front of a norm: zero in exact arithmetic.
      if (size === 0) assert.ok(got < 1e-4 * want.gradients['att_s.fc2.bias']!, `${name}: ${got}`);
      else near(got, size, `‖d ${name}‖`);
    }
    assert.is(model.BN.bottleneck2.bias!.grad, undefined, 'the frozen shift has no gradient');
    model.eval();
    const [unfused, fused] = noGrad(() => [model.forward(x), inOnePass(x, model.steps)]);
    const seen = await unfused!.read();
    near(total(seen), want.evalSum, 'Σ out in evaluation', length(seen));
    near(
      total(seen, (v) => v * v),
      want.evalSquares,
      'Σ out² in evaluation',
    );
    assertClose(seen.subarray(0, 4), want.evalFirst, 1e-5, 'the first elements in evaluation');
    assertClose(await fused!.read(), seen, 1e-5, 'in one pass');
  });
}

test('one pass equals the steps, for any of them in any order and number, with any statistics', async () => {
  manualSeed(5);
  const shape = [3, 24, 5, 3];
  const x = tensor(fill('x', shape, { kind: 'range', lo: -0.5, hi: 2 }), shape);
  const makers = {
    split: () => new SplitAttention(24, 4),
    halves: () => new SplitAttention(24, 2),
    norm: () => new SplitNorm(24),
    gate: () => new SELayer(24, 8),
  };
  for (const order of [
    ['gate'],
    ['norm'],
    ['split', 'norm', 'halves', 'norm', 'gate'],
    ['gate', 'halves', 'norm'],
  ] as const) {
    const steps = order.map((name) => makers[name]());
    const model = new Sequential(...(steps as Layer[])).eval();
    for (const [name, entry] of model.stateDict()) {
      if (name.endsWith('running_mean') || name.endsWith('bias'))
        write(entry, fill(name, entry.shape, { kind: 'signed', scale: 0.3 }));
      if (name.endsWith('running_var') || name.endsWith('bottleneck2.weight'))
        write(entry, fill(name, entry.shape, { kind: 'range', lo: 0.3, hi: 2 }));
    }
    const [want, got] = noGrad(() => [inSteps(x, steps), inOnePass(x, steps)]);
    const values = await want!.read();
    assertClose(await got!.read(), values, 1e-5, order.join(' '));
  }
});

test('weights of parts sum to 1 for each channel, and a gate is within (0, 1); both are the same everywhere', async () => {
  manualSeed(1);
  for (const parts of [2, 4]) {
    const split = new SplitAttention(32, parts);
    const means = randn([5, 32]);
    const gate = await split.gate(means).read();
    const size = 32 / parts;
    for (let b = 0; b < 5; b++) {
      for (let c = 0; c < size; c++) {
        let all = 0;
        for (let p = 0; p < parts; p++) all += gate[b * 32 + p * size + c]!;
        near(all, 1, 'the sum', 1, 1e-6);
      }
    }
  }
  const se = await new SELayer(32, 8).gate(randn([5, 32])).read();
  assert.ok(se.every((v) => v > 0 && v < 1));
  const x = tensor(fill('x', [2, 32, 3, 3], { kind: 'range', lo: 1, hi: 2 }), [2, 32, 3, 3]);
  const before = await x.read();
  for (const model of [new SplitAttention(32, 2), new SELayer(32, 8)]) {
    const ratio = (await model.forward(x).read()).map((v, i) => v / before[i]!);
    ratio.forEach((v, i) => {
      near(v, ratio[i - (i % 9)]!, 'a channel has one weight', 1, 1e-6);
    });
  }
});

/** A module's output and gradients against differences of the same by plain loops in float64. */
async function againstLoops(
  model: Module & { forward(x: Tensor): Tensor },
  shape: readonly [number, number, number, number],
  loops: (x: Map3, weights: ReadonlyMap<string, ArrayLike<number>>) => Map3,
): Promise<void> {
  for (const [name, parameter] of model.namedParameters()) {
    const rule =
      parameter.rank > 1
        ? ({ kind: 'weight', g: 2 } as const)
        : name.endsWith('weight')
          ? ({ kind: 'range', lo: 0.5, hi: 1.5 } as const)
          : ({ kind: 'signed', scale: 0.2 } as const);
    if (parameter.requiresGrad) write(parameter, fill(`fd/${name}`, parameter.shape, rule));
  }
  const data = fill('fd/x', shape, { kind: 'signed', scale: 1.5 });
  const upstream = fill('fd/t', shape, { kind: 'signed', scale: 1 });
  const x = tensor(data, shape, { requiresGrad: true });
  const y = model.forward(x);
  backward(y, { gradient: tensor(upstream, shape) });
  const weights = new Map<string, ArrayLike<number>>([['x', data]]);
  for (const [name, parameter] of model.namedParameters()) weights.set(name, await parameter.read());
  const map = (w: ReadonlyMap<string, ArrayLike<number>>) =>
    loops({ batch: shape[0], channels: shape[1], nodes: shape[2] * shape[3], data: Float64Array.from(w.get('x')!) }, w)
      .data;
  assertClose(await y.read(), map(weights), 1e-5, 'the output');
  const value = (w: ReadonlyMap<string, ArrayLike<number>>) => map(w).reduce((all, v, i) => all + v * upstream[i]!, 0);
  const trained = [...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad);
  for (const [name, leaf] of [['x', x] as const, ...trained]) {
    const found = await leaf.grad!.read();
    const direction = Float64Array.from(fill(`fd/direction/${name}`, [found.length], { kind: 'signed', scale: 1 }));
    const [size, scale] = [Math.max(length(found), 1e-3), length(direction)];
    for (let i = 0; i < direction.length; i++) direction[i] = direction[i]! / scale + found[i]! / size;
    const h = 1e-6;
    const moved = (by: number) =>
      new Map(weights).set(
        name,
        Float64Array.from(weights.get(name)!, (v, i) => v + by * direction[i]!),
      );
    const want = (value(moved(h)) - value(moved(-h))) / (2 * h);
    const got = total(Array.from(found, (g, i) => g * direction[i]!));
    near(got, want, `along d ${name}`, Math.max(Math.abs(want), 0.05), 2e-4);
  }
}

for (const parts of [2, 4]) {
  test(`split attention of ${parts} parts has the gradients of plain loops`, async () => {
    await againstLoops(new SplitAttention(16, parts), [4, 16, 3, 2], (x, w) =>
      attend(x, parts, {
        fc1: w.get('fc1.weight')!,
        bias1: w.get('fc1.bias')!,
        scale: w.get('bn1.weight')!,
        shift: w.get('bn1.bias')!,
        fc2: w.get('fc2.weight')!,
        bias2: w.get('fc2.bias')!,
      }),
    );
  });
}

test('squeeze-excitation and the norm with a frozen shift have the gradients of plain loops', async () => {
  await againstLoops(new SELayer(16, 8), [3, 16, 3, 2], (x, w) =>
    excite(x, w.get('fc.0.weight')!, w.get('fc.2.weight')!),
  );
  await againstLoops(new SplitNorm(6), [3, 6, 3, 2], (x, w) =>
    norm(x, w.get('bottleneck2.weight')!, new Float64Array(6)),
  );
});

test('channels that do not divide are refused when they come, as in the original with three parts', () => {
  const three = new SplitAttention(64, 3);
  assert.equal(three.fc1.weight.shape, [48, 21, 1, 1], 'it can be built, for its names');
  assert.throws(() => three.forward(randn([2, 64, 2, 2])), /64 channels in 3 parts.*divides the channels/);
});

test('stripes are weighted each for itself', async () => {
  const options = { channels: 16, height: 16, width: 8, ratios: { channel: 4, spatial: 8, down: 2 } };
  const model = new StripeAttention(options, 2).eval();
  assert.is([...model.namedChildren()].length, 2);
  const x = randn([1, 16, 16, 8]);
  const other = await x.read();
  for (let i = 0; i < other.length; i++) if (i % 128 >= 64) other[i] = -other[i]!;
  const [a, b] = await Promise.all([x, tensor(other, x.shape)].map((t) => noGrad(() => model.forward(t)).read()));
  assert.equal(
    a!.filter((_, i) => i % 128 < 64),
    b!.filter((_, i) => i % 128 < 64),
    'the upper half does not see the lower one',
  );
  assert.is.not(a![64], b![64]);
});

test.run();

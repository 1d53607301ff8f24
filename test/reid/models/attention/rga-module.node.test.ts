import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad, noGrad, randn, scope, type Tensor, tensor, write } from '../../../../engine/index.js';
import { Counter } from '../../../../engine/nn/index.js';
import { add, mul } from '../../../../engine/ops/arithmetic.js';
import { sum } from '../../../../engine/ops/sum.js';
import { permute } from '../../../../engine/ops/view.js';
import { affinities, relationEmbedding } from '../../../../reid/models/attention/relation.js';
import { RGAModule, type RGAModuleOptions, rgaWidths } from '../../../../reid/models/attention/rga-module.js';
import { assertClose } from '../../../engine/close.js';
import { closeAfter } from '../../../engine/device.js';
import { loadJson } from '../../../fixture.js';
import { fill } from '../../../golden/fill.js';
import { cells, fillPortably, probe } from '../../../golden/portable.js';
import { modelCases } from '../../../parity/model.js';
import type { GoldenModel } from '../../../parity/model-golden.js';
import { systemOf } from '../../../parity/systems/index.js';
import { rgaByLoops, type Weights } from './rga-oracle.js';

closeAfter(test);

const { files } = (await loadJson('models-rga-module.json')) as { readonly files: readonly GoldenModel[] };

for (const golden of files) {
  for (const { id, run } of modelCases(golden.name, golden, systemOf(golden.name)!)) {
    test(`${id}: as the original computes it`, async () => {
      const { reason } = await run();
      assert.is(reason, undefined);
    });
  }
}

interface Vector {
  readonly sum: number;
  readonly squares: number;
  readonly first: readonly number[];
  readonly late: readonly number[];
  readonly loss: number;
  readonly inputGradient: number;
  readonly inputGradientFirst: readonly number[];
  readonly gradients: Readonly<Record<string, number>>;
  readonly running: Readonly<Record<string, readonly [number, number]>>;
  readonly evalSum: number;
  readonly evalSquares: number;
  readonly evalFirst: readonly number[];
}

const { rgaModule: vectors } = (await loadJson('conformance.json')) as {
  readonly rgaModule: Readonly<Record<'sc' | 's' | 'c', Vector>>;
};

const total = (data: ArrayLike<number>, of: (x: number) => number) => {
  let all = 0;
  for (let i = 0; i < data.length; i++) all += of(data[i]!);
  return all;
};
const length = (data: ArrayLike<number>) => Math.sqrt(total(data, (x) => x * x));

/** Within 1e-5 of the value, or of `size` where what is compared is a sum of larger things. */
function near(got: number, want: number, what: string, size = Math.abs(want), relative = 1e-5): void {
  assert.ok(Math.abs(got - want) <= relative * size, `${what}: ${got}, not ${want}`);
}

const SHAPE = [4, 128, 16, 8] as const;

for (const branch of ['sc', 's', 'c'] as const) {
  test(`RGA-${branch.toUpperCase()} agrees with the vectors of float64, forward and back`, async () => {
    const want = vectors[branch];
    const options = { channels: 128, height: 16, width: 8, spatial: branch !== 'c', channel: branch !== 's' };
    const model = new RGAModule(options);
    fillPortably(model);
    const x = tensor(cells('x', SHAPE, false), SHAPE, { requiresGrad: true });
    const t = tensor(probe('t', SHAPE), SHAPE);
    const y = model.forward(x);
    const loss = sum(mul(y, t));
    backward(loss);
    const out = await y.read();
    near(
      total(out, (v) => v),
      want.sum,
      'Σ out',
    );
    near(
      total(out, (v) => v * v),
      want.squares,
      'Σ out²',
    );
    assertClose(out.subarray(0, 4), want.first, 1e-5, 'the first elements');
    const late = ((3 * 128 + 127) * 16 + 15) * 8 + 4;
    assertClose(out.subarray(late, late + 4), want.late, 1e-5, 'the last elements');
    near(await loss.item(), want.loss, 'the probe', length(out));
    const dx = await x.grad!.read();
    near(length(dx), want.inputGradient, '‖dx‖');
    for (const [i, v] of want.inputGradientFirst.entries()) near(dx[i]!, v, `dx[${i}]`, Math.abs(v) + 1, 2e-5);
    const parameters = new Map(model.namedParameters());
    for (const [name, norm] of Object.entries(want.gradients)) {
      near(length(await parameters.get(name)!.grad!.read()), norm, `‖d ${name}‖`);
    }
    const state = model.stateDict();
    for (const [name, [mean, variance]] of Object.entries(want.running)) {
      near(await state.get(`${name}.running_mean`)!.item(), mean, `${name}.running_mean`, 1);
      near(await state.get(`${name}.running_var`)!.item(), variance, `${name}.running_var`);
    }
    const seen = await noGrad(() => model.eval().forward(x)).read();
    near(
      total(seen, (v) => v),
      want.evalSum,
      'Σ out in evaluation',
    );
    near(
      total(seen, (v) => v * v),
      want.evalSquares,
      'Σ out² in evaluation',
    );
    assertClose(seen.subarray(0, 4), want.evalFirst, 1e-5, 'the first elements in evaluation');
  });
}

/** Modules that share their weights, by each form of the relations. */
function bothForms(options: RGAModuleOptions): [RGAModule, RGAModule] {
  const lowRank = new RGAModule(options);
  const naive = new RGAModule({ ...options, form: 'naive' });
  naive.loadStateDict(lowRank.stateDict());
  return [lowRank, naive];
}

test('the low-rank form equals the naive one: outputs and all gradients', async () => {
  for (const [channels, height, width] of [
    [24, 8, 7],
    [64, 9, 7],
  ] as const) {
    const models = bothForms({ channels, height, width, ratios: { channel: 4, spatial: 8, down: 2 } });
    const shape = [3, channels, height, width];
    const found: Map<string, ArrayLike<number>>[] = [];
    for (const model of models) {
      const x = tensor(fill('x', shape, { kind: 'signed', scale: 1.5 }), shape, { requiresGrad: true });
      const y = model.forward(x);
      backward(y, { gradient: tensor(fill('t', shape, { kind: 'signed', scale: 1 }), shape) });
      const values = new Map<string, ArrayLike<number>>([
        ['out', await y.read()],
        ['dx', await x.grad!.read()],
      ]);
      for (const [name, parameter] of model.namedParameters()) values.set(name, await parameter.grad!.read());
      found.push(values);
    }
    const [lowRank, naive] = found as [Map<string, ArrayLike<number>>, Map<string, ArrayLike<number>>];
    const largest = Math.max(...[...naive.values()].map(length));
    for (const [name, want] of naive) {
      const got = lowRank.get(name)!;
      const off = length(Array.from(want, (v, i) => v - got[i]!));
      // Scales in front of a norm have gradients that cancel: what is left is compared with what cancelled.
      assert.ok(off <= 1e-5 * Math.max(length(want), 1e-2 * largest), `${name}: ${off} of ${length(want)}`);
    }
  }
});

test('a relation embedding has the gradients of its naive form for θ, φ and the matrix', async () => {
  const shapes = [
    [2, 3, 11],
    [2, 3, 11],
    [5, 22],
  ];
  const leaves = () =>
    shapes.map((shape, i) =>
      tensor(fill(`${i}`, shape, { kind: 'signed', scale: 1 }), shape, { requiresGrad: true }),
    ) as [Tensor, Tensor, Tensor];
  const results: Tensor[][] = [];
  for (const form of ['lowRank', 'naive'] as const) {
    const inputs = leaves();
    const e = relationEmbedding(...inputs, form);
    assert.equal(e.shape, [2, 5, 11]);
    const upstream = tensor(fill('e', e.shape, { kind: 'signed', scale: 1 }), e.shape);
    results.push([e, ...(grad([e], inputs, { gradients: [upstream] }) as Tensor[])]);
  }
  for (const [i, want] of results[1]!.entries()) {
    const naive = await want.read();
    assertClose(await results[0]![i]!.read(), naive, 1e-5, `result ${i}`);
  }
  const [theta, phi] = leaves();
  const r = await affinities(theta, phi).read();
  const [a, b] = [await theta.read(), await phi.read()];
  const want = a[11 + 4 + 33]! * b[11 + 9 + 33]! + a[4 + 33]! * b[9 + 33]! + a[22 + 4 + 33]! * b[22 + 9 + 33]!;
  near(r[121 + 4 * 11 + 9]!, want, 'the affinity of nodes 4 and 9 of the second image', 1);
});

/** Weights as float64, with one of them moved. */
function moved(weights: Weights, name: string, direction: ArrayLike<number>, h: number): Weights {
  const values = Float64Array.from(weights.get(name)!, (v, i) => v + h * direction[i]!);
  return new Map(weights).set(name, values);
}

test('gradients agree with differences of plain loops in float64', async () => {
  const shape = [2, 64, 8, 8] as const;
  for (const halves of [{ channel: false }, { spatial: false }, {}]) {
    const model = new RGAModule({
      channels: 64,
      height: 8,
      width: 8,
      ratios: { channel: 8, spatial: 8, down: 2 },
      ...halves,
    });
    for (const [name, entry] of model.entries()) {
      if (entry instanceof Counter || name.includes('running')) continue;
      const rule = entry.rank > 1 ? ({ kind: 'weight', g: 1 } as const) : ({ kind: 'range', lo: 0.5, hi: 1 } as const);
      write(entry, fill(`fd/${name}`, entry.shape, rule));
    }
    const data = fill('fd/x', shape, { kind: 'signed', scale: 1.5 });
    const upstream = fill('fd/t', shape, { kind: 'signed', scale: 1 });
    const x = tensor(data, shape, { requiresGrad: true });
    const y = model.forward(x);
    backward(y, { gradient: tensor(upstream, shape) });
    const weights = new Map<string, ArrayLike<number>>([['x', data]]);
    const gradients = new Map<string, ArrayLike<number>>([['x', await x.grad!.read()]]);
    for (const [name, parameter] of model.namedParameters()) {
      weights.set(name, await parameter.read());
      gradients.set(name, await parameter.grad!.read());
    }
    const value = (w: Weights) =>
      rgaByLoops(w, [2, 64, 64], w.get('x')!).reduce((all, v, i) => all + v * upstream[i]!, 0);
    assertClose(await y.read(), rgaByLoops(weights, [2, 64, 64], data), 1e-5, 'the output');
    for (const name of weights.keys()) {
      const found = gradients.get(name)!;
      const size = length(found);
      const direction = Float64Array.from(fill(`fd/direction/${name}`, [found.length], { kind: 'signed', scale: 1 }));
      // Half along the gradient itself, so that the derivative is no small difference of large terms.
      const scale = length(direction);
      for (let i = 0; i < direction.length; i++) direction[i] = direction[i]! / scale + found[i]! / size;
      const h = 1e-6;
      const want = (value(moved(weights, name, direction, h)) - value(moved(weights, name, direction, -h))) / (2 * h);
      const got = Array.from(found).reduce((all, g, i) => all + g * direction[i]!, 0);
      near(got, want, `along d ${name}`, Math.max(Math.abs(want), 0.05), 2e-4);
    }
  }
});

test('a half weighs positions or channels alone, within (0, 1)', async () => {
  const shape = [2, 32, 8, 8];
  const ratio = async (halves: Partial<RGAModuleOptions>) => {
    const model = new RGAModule({
      channels: 32,
      height: 8,
      width: 8,
      ratios: { channel: 4, spatial: 8, down: 2 },
      ...halves,
    });
    const x = tensor(fill('x', shape, { kind: 'range', lo: 0.5, hi: 1.5 }), shape);
    const [before, after] = [await x.read(), await model.forward(x).read()];
    const { spatial, channel } = model.attention(x);
    assert.equal(
      [spatial?.shape, channel?.shape],
      [halves.channel === false ? [2, 1, 8, 8] : undefined, halves.spatial === false ? [2, 32, 1, 1] : undefined],
    );
    return Float64Array.from(after, (v, i) => v / before[i]!);
  };
  const spatial = await ratio({ channel: false });
  const channel = await ratio({ spatial: false });
  for (const values of [spatial, channel]) assert.ok(values.every((v) => v > 0 && v < 1));
  for (let i = 0; i < spatial.length; i++) {
    const image = Math.floor(i / 2048) * 2048;
    near(spatial[i]!, spatial[image + (i % 64)]!, 'the same for all channels', 1, 1e-6);
    near(channel[i]!, channel[i - (i % 64)]!, 'the same for all positions', 1, 1e-6);
  }
});

test('where the last norm is 0, a half halves', async () => {
  const x = randn([2, 16, 8, 8]);
  for (const [halves, factor] of [
    [{ channel: false }, 0.5],
    [{ spatial: false }, 0.5],
    [{}, 0.25],
  ] as const) {
    const model = new RGAModule({
      channels: 16,
      height: 8,
      width: 8,
      ratios: { channel: 4, spatial: 8, down: 2 },
      ...halves,
    });
    for (const [name, parameter] of model.namedParameters()) {
      if (/W_\w+\.4\./.test(name)) write(parameter, new Float32Array(1));
    }
    assert.equal(
      await model.forward(x).read(),
      (await x.read()).map((v) => v * factor),
    );
  }
});

test('positions have weights of their own: attention does not move with them', async () => {
  const model = new RGAModule({
    channels: 16,
    height: 8,
    width: 8,
    channel: false,
    ratios: { channel: 4, spatial: 8, down: 2 },
  }).eval();
  const x = randn([1, 16, 8, 8]);
  const turned = permute(x, [0, 1, 3, 2]);
  const [a, b] = noGrad(() => [model.attention(x).spatial!, model.attention(turned).spatial!]);
  const moved = await permute(b!, [0, 1, 3, 2]).read();
  const off = Math.max(...(await a!.read()).map((v, i) => Math.abs(v - moved[i]!)));
  assert.ok(off > 1e-5, `weights that only moved would differ by rounding, these by ${off}`);
});

test('running statistics move by a tenth, also those of one channel', async () => {
  const model = new RGAModule({ channels: 16, height: 8, width: 8, ratios: { channel: 4, spatial: 8, down: 2 } });
  const before = await model.stateArrays();
  const seen: Tensor[] = [];
  const last = model.W_spatial![4];
  const forward = last.forward;
  last.forward = (x: Tensor) => {
    seen.push(x);
    return forward.call(last, x);
  };
  model.forward(randn([3, 16, 8, 8]));
  const values = await seen[0]!.read();
  const n = values.length;
  const mean = total(values, (v) => v) / n;
  const variance = total(values, (v) => (v - mean) ** 2) / (n - 1);
  const state = model.stateDict();
  near(await state.get('W_spatial.4.running_mean')!.item(), 0.1 * mean, 'mean', 1);
  near(await state.get('W_spatial.4.running_var')!.item(), 0.9 + 0.1 * variance, 'variance', 1);
  assert.equal(Number(before.get('W_spatial.4.num_batches_tracked')!.data[0]), 0);
  assert.is(model.W_spatial![4].num_batches_tracked!.value, 1);
});

test('affinities are shown on demand, of what each half sees', async () => {
  const model = new RGAModule({
    channels: 16,
    height: 8,
    width: 8,
    ratios: { channel: 4, spatial: 8, down: 2 },
  }).eval();
  const x = randn([2, 16, 8, 8]);
  const { spatial, channel } = noGrad(() => model.affinities(x));
  assert.equal(
    [spatial!.shape, channel!.shape],
    [
      [2, 64, 64],
      [2, 16, 16],
    ],
  );
  assert.ok(
    (await spatial!.read()).every((v) => v >= 0),
    'products of what a ReLU gave',
  );
});

test('norms begin at scales from 0 to 1, or at 1, or so that every weight is a half', async () => {
  const options = { channels: 64, height: 8, width: 8 };
  const scales = async (model: RGAModule) =>
    (
      await Promise.all(
        [...model.namedParameters()].filter(([name]) => /\.[14]\.weight$/.test(name)).map(([, p]) => p.read()),
      )
    ).flatMap((data) => [...data]);
  const drawn = await scales(new RGAModule(options));
  assert.ok(drawn.every((v) => v >= 0 && v < 1) && new Set(drawn).size > 50);
  assert.ok((await scales(new RGAModule({ ...options, gammaInit: 'ones' }))).every((v) => v === 1));
  const quiet = new RGAModule({ ...options, gammaInit: 'zeroLast' });
  const x = randn([2, 64, 8, 8]);
  assert.equal(
    await quiet.forward(x).read(),
    (await x.read()).map((v) => v / 4),
  );
});

test('maps that are too small, or of another size, are refused in words', () => {
  assert.throws(
    () => rgaWidths({ channels: 2048, height: 8, width: 4 }),
    /2048 channels, 8×4, is too small.*heads of 0/,
  );
  assert.equal(rgaWidths({ channels: 2048, height: 8, width: 4, spatial: false }).channelHead, 32);
  assert.equal(rgaWidths({ channels: 256, height: 64, width: 32 }), {
    channels: 32,
    positions: 256,
    spatialHead: 32,
    channelHead: 4,
  });
  const model = new RGAModule({
    channels: 16,
    height: 8,
    width: 8,
    spatial: false,
    ratios: { channel: 2, spatial: 8, down: 8 },
  });
  assert.throws(() => model.forward(randn([1, 16, 8, 7])), /made for maps \[B, 16, 8, 8\]/);
});

test('without gradients a module leaves nothing behind but its result', async () => {
  const model = new RGAModule({
    channels: 16,
    height: 8,
    width: 8,
    ratios: { channel: 4, spatial: 8, down: 2 },
  }).eval();
  const x = randn([2, 16, 8, 8]);
  const [whole, again] = scope(() => noGrad(() => [model.forward(x), add(model.forward(x), 0)]));
  assert.equal(await again!.read(), await whole!.read());
});

test.run();

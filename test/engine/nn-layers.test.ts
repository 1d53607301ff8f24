import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as nn from '../../engine/nn/index.js';
import { fansOf, gainOf } from '../../engine/nn/init.js';
import { manualSeed, randn } from '../../engine/random.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor, write } from '../../engine/tensor.js';
import { type FillRule, fill } from '../golden/fill.js';
import { closeAfter } from './device.js';

const test = suite('layers and initialisers');
closeAfter(test);
const { init } = nn;

const moments = (data: ArrayLike<number>) => {
  const list = Array.from(data);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const std = Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length);
  return { mean, std, min: Math.min(...list), max: Math.max(...list) };
};

async function isUniform(t: Tensor, bound: number): Promise<void> {
  const { mean, std, min, max } = moments(await t.read());
  assert.ok(
    min >= -bound && max < bound && min < -0.99 * bound && max > 0.99 * bound,
    `${min} … ${max}, not ±${bound}`,
  );
  assert.ok(Math.abs(mean) < 0.03 * bound, `mean ${mean}`);
  assert.ok(Math.abs(std / (bound / Math.sqrt(3)) - 1) < 0.03, `standard deviation ${std}`);
}

async function isNormal(t: Tensor, mean: number, std: number): Promise<void> {
  const data = await t.read();
  const got = moments(data);
  assert.ok(Math.abs(got.mean - mean) < 0.04 * std, `mean ${got.mean}, not ${mean}`);
  assert.ok(Math.abs(got.std / std - 1) < 0.04, `standard deviation ${got.std}, not ${std}`);
  const within = data.filter((x) => Math.abs(x - mean) < std).length / data.length;
  assert.ok(Math.abs(within - 0.6827) < 0.02, `${within} of the values within σ`);
}

test('fans and gains', () => {
  assert.equal(fansOf([8, 3, 5, 7]), { fanIn: 105, fanOut: 280 });
  assert.throws(() => fansOf([8]), /has no fan/);
  assert.is(gainOf('relu'), Math.SQRT2);
  assert.is(gainOf('leaky_relu', Math.sqrt(5)), Math.sqrt(1 / 3));
});

test('default weights are distributed as in PyTorch', async () => {
  manualSeed(1);
  const linear = new nn.Linear(100, 200);
  await isUniform(linear.weight, 1 / 10);
  const { min, max } = moments(await linear.bias!.read());
  assert.ok(min > -0.1 && max < 0.1 && max - min > 0.18);
  await isUniform(new nn.Conv2d(32, 64, 3, { groups: 2 }).weight, 1 / 12);
  await isUniform(new nn.ConvTranspose2d(64, 32, 4).weight, 1 / Math.sqrt(32 * 16));
  await isUniform(new nn.Conv1d(64, 64, 4).weight, 1 / 16);
  await isNormal(new nn.Embedding(100, 100).weight, 0, 1);
  await isUniform(new nn.MultiheadAttention(64, 4).in_proj_weight, Math.sqrt(6 / 256));
  const norm = new nn.BatchNorm2d(3);
  assert.equal(await norm.weight!.read(), new Float32Array(3).fill(1));
  assert.equal(await norm.running_var!.read(), new Float32Array(3).fill(1));
  assert.equal(await norm.bias!.read(), new Float32Array(3));
});

test('initialisers', async () => {
  manualSeed(2);
  const t = randn([64, 16, 3, 3]);
  await isUniform(init.uniform_(t, -3, 3), 3);
  await isNormal(init.normal_(t, 5, 2), 5, 2);
  await isNormal(init.normal_(t), 0, 1);
  await isUniform(init.kaimingUniform_(t), Math.sqrt(6 / 144));
  await isNormal(init.kaimingNormal_(t, { mode: 'fan_out', nonlinearity: 'relu' }), 0, Math.sqrt(2 / 576));
  await isUniform(init.xavierUniform_(t, 2), 2 * Math.sqrt(6 / 720));
  await isNormal(init.xavierNormal_(t), 0, Math.sqrt(2 / 720));
  assert.equal(new Set(await init.constant_(t, 0.5).read()), new Set([0.5]));
});

test('orthogonal matrices have orthogonal rows or columns', async () => {
  manualSeed(3);
  for (const shape of [
    [6, 15],
    [15, 6],
    [4, 2, 3],
  ]) {
    const data = await init.orthogonal_(randn(shape), 2).read();
    const [rows, columns] = [shape[0]!, data.length / shape[0]!];
    const at = (i: number, j: number) => (rows < columns ? data[i * columns + j]! : data[j * columns + i]!);
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = 0;
        for (let j = 0; j < length; j++) dot += at(a, j) * at(b, j);
        assert.ok(Math.abs(dot - (a === b ? 4 : 0)) < 1e-5, `${a} · ${b} = ${dot}`);
      }
    }
  }
});

const SHAPES: readonly (readonly [string, nn.Layer, readonly number[], readonly number[]])[] = [
  ['Linear', new nn.Linear(4, 7), [2, 3, 4], [2, 3, 7]],
  ['Conv1d', new nn.Conv1d(4, 6, 3, { stride: 2, groups: 2 }), [2, 4, 9], [2, 6, 4]],
  ['Conv2d', new nn.Conv2d(4, 6, [3, 1], { padding: [1, 0] }), [2, 4, 5, 6], [2, 6, 5, 6]],
  ['ConvTranspose2d', new nn.ConvTranspose2d(4, 6, 4, { stride: 2, padding: 1 }), [2, 4, 5, 6], [2, 6, 10, 12]],
  ['BatchNorm1d', new nn.BatchNorm1d(4), [3, 4], [3, 4]],
  ['LayerNorm', new nn.LayerNorm(6), [2, 4, 6], [2, 4, 6]],
  ['GroupNorm', new nn.GroupNorm(2, 4), [2, 4, 5, 6], [2, 4, 5, 6]],
  ['InstanceNorm2d', new nn.InstanceNorm2d(4, { affine: true }), [2, 4, 5, 6], [2, 4, 5, 6]],
  ['MaxPool2d', new nn.MaxPool2d(3, { stride: 2, padding: 1 }), [2, 4, 5, 6], [2, 4, 3, 3]],
  ['AvgPool2d', new nn.AvgPool2d(2), [2, 4, 5, 6], [2, 4, 2, 3]],
  ['AdaptiveAvgPool2d', new nn.AdaptiveAvgPool2d(1), [2, 4, 5, 6], [2, 4, 1, 1]],
  ['AdaptiveMaxPool2d', new nn.AdaptiveMaxPool2d([2, 1]), [2, 4, 5, 6], [2, 4, 2, 1]],
  ['Upsample', new nn.Upsample({ scaleFactor: 2 }), [2, 4, 5, 6], [2, 4, 10, 12]],
  ['Flatten', new nn.Flatten(), [2, 4, 5, 6], [2, 120]],
  ['PReLU', new nn.PReLU(4), [2, 4, 5, 6], [2, 4, 5, 6]],
  ['MultiheadAttention', new nn.MultiheadAttention(8, 2), [2, 5, 8], [2, 5, 8]],
];

for (const [name, layer, from, to] of SHAPES) {
  test(`${name} takes [${from}] to [${to}]`, async () => {
    const y = noGrad(() => layer.forward(randn(from)));
    assert.equal(y.shape, to);
    assert.ok((await y.read()).every(Number.isFinite));
  });
}

const VALUES: readonly (readonly [string, nn.Layer, readonly number[]])[] = [
  ['ReLU', new nn.ReLU(), [0, 0, 2]],
  ['LeakyReLU', new nn.LeakyReLU(0.1), [-0.1, 0, 2]],
  ['PReLU', new nn.PReLU(), [-0.25, 0, 2]],
  ['Sigmoid', new nn.Sigmoid(), [0.26894142, 0.5, 0.88079708]],
  ['Tanh', new nn.Tanh(), [-0.76159416, 0, 0.96402758]],
  ['GELU', new nn.GELU(), [-0.15865525, 0, 1.9544997]],
  ['SiLU', new nn.SiLU(), [-0.26894142, 0, 1.7615942]],
  ['Softmax', new nn.Softmax(), [0.04201007, 0.1141952, 0.84379473]],
  ['Dropout in eval', new nn.Dropout(0.9).eval(), [-1, 0, 2]],
];

test('activations', async () => {
  for (const [name, layer, want] of VALUES) {
    const got = await layer.forward(tensor([[-1, 0, 2]])).read();
    want.forEach((y, i) => {
      assert.ok(Math.abs(got[i]! - y) < 1e-5, `${name}: ${got[i]} instead of ${y}`);
    });
  }
});

test('dropout follows train and eval', async () => {
  const drop = new nn.Dropout(0.5);
  const x = tensor(new Float32Array(1000).fill(1));
  const kept = (await drop.forward(x).read()).filter((v) => v === 2).length;
  assert.ok(kept > 400 && kept < 600);
  assert.equal(await drop.eval().forward(x).read(), new Float32Array(1000).fill(1));
});

test('embedding reads rows', async () => {
  const table = new nn.Embedding(5, 3);
  const rows = await table.weight.read();
  const got = await table.forward(tensor(new Int32Array([4, 0]))).read();
  assert.equal([...got], [...rows.slice(12, 15), ...rows.slice(0, 3)]);
});

test('attention over oneself is attention over three equal inputs', async () => {
  const attention = new nn.MultiheadAttention(8, 2);
  assert.equal(
    [...attention.stateDict().keys()],
    ['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias'],
  );
  const x = randn([2, 5, 8]);
  const own = await attention.forward(x).read();
  const cross = await attention.forward(x, x.detach(), x.detach()).read();
  own.forEach((y, i) => {
    assert.ok(Math.abs(y - cross[i]!) < 1e-5);
  });
});

test('attention computes what PyTorch does', async () => {
  const attention = new nn.MultiheadAttention(8, 2);
  const signed = { kind: 'signed', scale: 1.5 } as const;
  const rules: Readonly<Record<string, FillRule>> = {
    'out_proj.weight': { kind: 'weight', g: 1 },
    'out_proj.bias': { kind: 'signed', scale: 0.1 },
  };
  for (const [name, t] of attention.stateDict()) write(t, fill(`7/mha.${name}`, t.shape, rules[name] ?? signed));
  const [q, kv] = [
    tensor(fill('7/mha.q', [2, 5, 8], signed), [2, 5, 8]),
    tensor(fill('7/mha.kv', [2, 3, 8], signed), [2, 3, 8]),
  ];
  for (const [y, want] of [
    [attention.forward(q), [4.415514945983887, -0.7416790723800659, 2.382277727127075, -2.0302674770355225]],
    [attention.forward(q, kv, kv), [-2.02201509475708, -2.5762603282928467, 2.166492223739624, -1.427657961845398]],
    [
      attention.forward(q, q, q, { causal: true }),
      [6.232818126678467, 2.6160311698913574, 2.382277727127075, -2.0302674770355225],
    ],
  ] as const) {
    const got = await y.read();
    [0, 1, 38, 79].forEach((at, i) => {
      assert.ok(Math.abs(got[at]! - want[i]!) < 2e-5, `element ${at} is ${got[at]}, not ${want[i]}`);
    });
  }
});

test.run();

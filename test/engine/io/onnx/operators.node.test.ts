import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BatchNorm2d, Conv2d, convNorm } from '../../../../engine/nn/index.js';
import * as ops from '../../../../engine/ops/index.js';
import { type Tensor, tensor } from '../../../../engine/tensor.js';
import { random } from '../../close.js';
import { closeAfter } from '../../device.js';
import { type Agreement, agrees } from './agrees.js';
import { Of } from './of.js';
import { runtime } from './runtime.js';

const test = suite('onnx operators');
closeAfter(test);
const check = runtime ? test : test.skip;

type Case = readonly [
  name: string,
  shape: readonly number[],
  fn: (x: Tensor) => Tensor | readonly Tensor[],
  options?: Agreement,
];

/** Numbers of a case; made within it, since a GPU must be open. */
const given = (name: string, ...shape: number[]): Tensor => random(`onnx/${name}`, shape);

/** Functions of one family at once: a module may give several tensors. */
const CASES: readonly Case[] = [
  [
    'functions of any number',
    [2, 5],
    (x) => [
      ...[ops.neg, ops.abs, ops.exp, ops.expm1, ops.square, ops.sin, ops.cos, ops.floor, ops.sign].map((f) => f(x)),
      ...[ops.erf, ops.relu, ops.relu6, ops.selu, ops.sigmoid, ops.logSigmoid, ops.tanh, ops.silu].map((f) => f(x)),
      ...[ops.hardswish(x), ops.leakyRelu(x, 0.2), ops.elu(x, 1.3), ops.softplus(x), ops.softplus(x, 2)],
      ...[ops.gelu(x), ops.gelu(x, 'tanh'), ops.clamp(x, -0.5, 0.75), ops.clamp(x, 0), ops.add(x, 3)],
      ...[ops.mul(x, -2), ops.rsub(x, 1), ops.pow(x, 3)],
    ],
    { range: [-4, 4] },
  ],
  [
    'functions of a positive number',
    [2, 5],
    (x) => [
      ...[ops.log, ops.log1p, ops.sqrt, ops.rsqrt, ops.reciprocal].map((f) => f(x)),
      ...[ops.pow(x, 1.7), ops.rdiv(x, 2), ops.pow(x, given('exponent', 5))],
    ],
    { range: [0.1, 3] },
  ],
  [
    'functions of two numbers, broadcast',
    [3, 4],
    (x) => [ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum].map((f) => f(x, given('column', 3, 1))),
  ],
  ['prelu', [3, 4, 2], (x) => [ops.prelu(x, tensor([0.25])), ops.prelu(x, tensor([0.1, 0.5, -0.3]))]],
  [
    'views',
    [4, 6],
    (x) => {
      const n = x.shape[0]!;
      const turned = ops.permute(x, [0, 2, 1]);
      return [
        ...[turned, ops.reshape(turned, [n, 24]), ops.reshape(turned, [-1, 4]), ops.reshape(x, [n, 2, 2, 6])],
        ...[ops.reshape(x, [n, 4, 6]), ops.flatten(x, 0, 1), ops.unsqueeze(x, 1), ops.squeeze(ops.unsqueeze(x, 0), 0)],
        ...[ops.slice(x, 1, 1, 3), ops.slice(x, 2, 0, -1, 2), ops.select(x, 1, -1), ops.slice(x, 0, 0, 1)],
        ...[ops.slice(x, 0, 0), ...ops.split(x, [1, 2, 3], 2), ops.flip(x, [0, 2]), ops.tril(x, 1), ops.triu(x)],
        ...[ops.cat([x, ops.neg(x), x], 1), ops.cat([x, x], 0), ops.stack([x, x], 1), ops.roll(x, 2, 2)],
        ...[
          ops.expand(ops.select(x, 1, 0), [5, n, 6]),
          ops.expand(given('row', 1, 4, 1), [n, -1, 3]),
          ops.repeat(x, [2, 1, 2]),
        ],
      ];
    },
  ],
  [
    'pads',
    [2, 3, 4],
    (x) => [
      ops.pad(x, [1, 2], { value: -2 }),
      ops.pad(x, [1, -1, 0, 2]),
      ops.pad(x, [1, 2, 2, 0], { mode: 'reflect' }),
      ops.pad(x, [2, 1, 1, 3], { mode: 'replicate' }),
      ops.pad(x, [3, 1], { mode: 'replicate' }),
    ],
  ],
  [
    'reductions',
    [3, 5],
    (x) =>
      [
        ...[ops.sum(x, 1), ops.sum(x, [1, 2], true), ops.sum(x), ops.mean(x, 2), ops.amax(x, 2), ops.amin(x, [1, 2])],
        ...[ops.max(x, 1).values, ops.min(x, -1, true).values, ops.prod(x, 2), ops.logsumexp(x, 1), ops.norm(x, 2, 2)],
        ...[ops.norm(x, 1, 1), ops.norm(x, Infinity, 1), ops.variance(x, 2), ops.std(x, [1, 2], { unbiased: false })],
        ...[
          ops.softmax(x, 1),
          ops.logSoftmax(x),
          ops.cumsum(x, 2),
          ops.l2Normalize(x),
          ops.l2Normalize(x, 2, { p: 1 }),
        ],
        ops.l2Normalize(x, 2, { p: 3 }),
      ].slice(0, -1),
  ],
  ['long lines, which the engine turns for few of them', [300, 3], (x) => [ops.softmax(x, 1), ops.l2Normalize(x, 1)]],
  [
    'products',
    [3, 4],
    (x) => [
      ops.matmul(x, given('matrix', 4, 5)),
      ops.matmul(ops.transpose(x), x),
      ops.matmul(given('left', 2, 3), x),
      ops.matmul(x, given('vector', 4)),
      ops.linear(x, given('weight', 2, 4), given('bias', 2)),
      ops.linear(ops.select(x, 1, 0), given('weight', 2, 4)),
    ],
  ],
  [
    'attention',
    [2, 3, 8],
    (x) => [
      ops.scaledDotProductAttention(x, ops.neg(x), x),
      ops.scaledDotProductAttention(ops.slice(x, -1, 0, 6), ops.slice(x, -1, 2), ops.slice(x, -1, 0, 3), {
        scale: 0.3,
      }),
    ],
  ],
  [
    'convolutions',
    [4, 7, 6],
    (x) => [
      ops.conv2d(x, given('3×3', 5, 4, 3, 3), given('5', 5), { stride: [2, 1], padding: [1, 0] }),
      ops.conv2d(x, given('groups', 6, 2, 3, 2), undefined, { groups: 2, dilation: [2, 1], padding: [2, 1] }),
      ops.conv2d(x, given('depthwise', 4, 1, 3, 3), given('4', 4), { groups: 4, padding: 1 }),
      ops.conv1d(ops.select(x, 2, 0), given('1-d', 3, 4, 3), given('3', 3), { padding: 1 }),
      ops.convTranspose2d(x, given('transposed', 4, 3, 3, 3), given('3', 3), {
        stride: 2,
        padding: 1,
        outputPadding: [1, 0],
      }),
      ops.convTranspose2d(x, given('transposed groups', 4, 2, 2, 3), undefined, { groups: 2, dilation: 2 }),
    ],
  ],
  [
    'convolutions with an epilogue',
    [4, 5, 6],
    (x) => {
      const [weight, bias, scale] = [given('3×3', 4, 4, 3, 3), given('bias', 4), given('scale', 4)];
      const of = (b: Tensor | undefined, epilogue: ops.ConvEpilogue) =>
        ops.conv2d(x, weight, b, { padding: 1, epilogue });
      return [
        of(bias, { scale, residual: x, relu: true }),
        of(undefined, { scale }),
        of(bias, { residual: x, relu: 0.1 }),
        of(bias, { relu: true }),
      ];
    },
  ],
  [
    'pools',
    [2, 9, 6],
    (x) => [
      ops.maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
      ops.maxPool2d(x, { kernelSize: 2, stride: 2, ceilMode: true }),
      ops.maxPool2d(x, { kernelSize: [3, 2], stride: 1, dilation: [2, 1] }),
      ops.maxPool2d(x, { kernelSize: [9, 6] }),
      ops.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
      ops.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
      ops.avgPool2d(x, { kernelSize: 3, ceilMode: true }),
      ops.adaptiveAvgPool2d(x, 1),
      ops.adaptiveAvgPool2d(x, [3, 2]),
      ops.adaptiveMaxPool2d(x, [1, 1]),
      ops.adaptiveMaxPool2d(x, [9, 3]),
    ],
  ],
  [
    'resampling',
    [2, 4, 6],
    (x) => [
      ops.interpolate(x, { size: [7, 3] }),
      ops.interpolate(x, { scaleFactor: 2 }),
      ops.interpolate(x, { size: [7, 5], mode: 'bilinear' }),
      ops.interpolate(x, { size: [2, 9], mode: 'bilinear', alignCorners: true }),
      ops.interpolate(x, { scaleFactor: 1.5, mode: 'bilinear' }),
      ops.interpolate(x, { scaleFactor: [1.3, 0.7], mode: 'bilinear' }),
    ],
  ],
  [
    'grid samples',
    [2, 4, 6],
    (x) => {
      const n = x.shape[0]!;
      const grid = ops.expand(given('grid', 1, 3, 5, 2), [n, 3, 5, 2]);
      return [
        ops.gridSample(x, grid),
        ops.gridSample(x, grid, { mode: 'nearest' }),
        ops.gridSample(x, grid, { paddingMode: 'border', alignCorners: true }),
      ];
    },
  ],
  [
    'norms',
    [4, 3, 5],
    (x) => {
      const [weight, bias] = [given('weight', 4), given('bias', 4)];
      const [runningMean, runningVar] = [given('mean', 4), ops.abs(given('var', 4))];
      const running = { runningMean, runningVar, training: false };
      return [
        ops.batchNorm(x, { ...running, weight, bias }),
        ops.batchNorm(x, { ...running, weight, residual: x, relu: true, eps: 0.1 }),
        ops.batchNorm(ops.select(x, 3, 0), running),
        ops.batchNorm(ops.flatten(ops.select(x, 3, 0), 0, 0), { ...running, relu: 0.2 }),
        ops.groupNorm(x, 2, weight, bias, 1e-3),
        ops.groupNorm(x, 4, undefined, undefined, 1e-5, { relu: true }),
        ops.instanceNorm(x, { weight, bias, residual: x }),
        ops.instanceNorm(ops.select(x, 2, 1)),
        ops.layerNorm(x, 5, given('5', 5), given('b', 5)),
        ops.layerNorm(x, [3, 5]),
      ];
    },
  ],
];

for (const [name, shape, fn, options] of CASES) {
  check(name, () => agrees(new Of(fn), shape, options).then(() => undefined));
}

for (const opset of [18, 19, 20, 21]) {
  check(`operator set ${opset}`, async () => {
    const fn = (x: Tensor) => [
      ...[
        ops.amax(x, [2, 3]),
        ops.norm(x, 2, 1),
        ops.variance(x, 1),
        ops.sum(x, 1),
        ops.l2Normalize(x),
        ops.pad(x, [1, 2]),
      ],
      ...[
        ops.interpolate(x, { size: 5, mode: 'bilinear' as const }),
        ops.avgPool2d(x, { kernelSize: 2 }),
        ops.hardswish(x),
      ],
      ops.gridSample(x, ops.permute(ops.slice(x, 1, 0, 2), [0, 2, 3, 1])),
    ];
    await agrees(new Of(fn), [4, 4, 6], { opset, batches: [2] });
  });
}

check('a convolution, its norm and its ReLU are written apart, with the names that they have', async () => {
  const [conv, bn] = [new Conv2d(3, 4, 3, { bias: false }), new BatchNorm2d(4)];
  const model = await agrees(new Of((x) => convNorm(conv, bn, x, { relu: true }), { conv, bn }), [3, 6, 5]);
  assert.equal(model.parameters, ['conv.weight', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var']);
  assert.is(model.operators, 3);
});

check('a fixed batch of what only holds for one', async () => {
  const halves = (x: Tensor) => ops.cat(ops.chunk(x, 2, 0), 1);
  const { input, outputs } = await agrees(new Of(halves), [3], { batch: 4, batches: [4] });
  assert.equal(input, { name: 'images', shape: [4, 3] });
  assert.equal(outputs, [{ name: 'features', shape: [2, 6] }]);
});

test.run();

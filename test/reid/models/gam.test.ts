import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  backward,
  conv2d,
  grad,
  manualSeed,
  mul,
  noGrad,
  scope,
  sum,
  type Tensor,
  tensor,
} from '../../../engine/index.js';
import { Counter, type Module } from '../../../engine/nn/index.js';
import { SGD } from '../../../engine/optim/index.js';
import { plan } from '../../../engine/plan.js';
import { GAM, GAMTrunk } from '../../../reid/models/gam.js';
import { GAMAttention } from '../../../reid/models/gam-attention.js';
import { CBAM_R50, GAM_DENSE, GAM_LATE, GAM_R50, type GAMOptions } from '../../../reid/models/gam-options.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

const sine = (shape: readonly number[], a: number, b: number, scale = 1, requiresGrad = false): Tensor => {
  const n = shape.reduce((product, m) => product * m, 1);
  return tensor(
    Float32Array.from({ length: n }, (_, k) => scale * Math.sin(a * k + b)),
    shape,
    { requiresGrad },
  );
};

const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 1e-4 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);

const lengthOf = async (t: Tensor | undefined) => Math.hypot(...(await t!.read()));

test('grouped convolution with stride agrees with the vectors of float64', async () => {
  const w = sine([8, 2, 3, 3], 0.21, 0.4, 1, true);
  const x = sine([1, 8, 4, 4], 0.13, 0.2, 1, true);
  const y = conv2d(x, w, undefined, { stride: 2, padding: 1, groups: 4 });
  const corner = [
    1.323797087, 0.299036784, -2.378298639, -0.513911771, -0.992778454, 3.653648552, 0.881441235, -2.212878179,
  ];
  const data = await y.read();
  assertClose(
    corner.map((_, channel) => data[4 * channel]!),
    corner,
    1e-5,
    'the first place of each channel',
  );
  near(await sum(y).item(), -7.7800155821, 'the sum');
  const [dx, dw] = grad([sum(mul(y, y))], [x, w]);
  near(await lengthOf(dx), 253.845434, 'the gradient of x');
  near(await lengthOf(dw), 223.766483, 'the gradient of w');
});

/** The attention of the vectors: 8 channels in 4 groups. */
function smallAttention(changes: Partial<GAMOptions> = {}): GAMAttention {
  const attention = new GAMAttention({ channels: 8, groups: 4, reduction: 2, spatialKernel: 3, ...changes });
  const set = (name: string, values: Tensor) => attention.loadStateDict(new Map([[name, values]]), { strict: false });
  set('fc1.weight', sine([4, 8, 1, 1], 0.9, 0.1, 0.5));
  set('fc2.weight', sine([8, 4, 1, 1], 0.8, 0.3, 0.5));
  set('spatial.weight', sine([1, 1, 3, 3], 1.1, 0.5));
  return attention;
}

test('the attention agrees with the vectors of float64: gate, map, output, group maps and gradients', async () => {
  const attention = smallAttention();
  const x = sine([1, 8, 2, 3], 0.37, 0, 1, true);
  const gate = [
    0.5504880441, 0.4515535956, 0.5462388112, 0.4561275268, 0.5413551723, 0.4613047542, 0.5359015657, 0.4670164852,
  ];
  const means = Float32Array.from({ length: 8 }, (_, c) =>
    [0, 1, 2, 3, 4, 5].reduce((total, k) => total + Math.sin(0.37 * (6 * c + k)) / 6, 0),
  );
  assertClose(await attention.gate(tensor(means, [1, 8])).read(), gate, 1e-6, 'the gate');
  const map = [0.4950851628, 0.4911743767, 0.4891673197, 0.505637578, 0.5095716455, 0.5101781297];
  assertClose(await attention.map(attention.weighed(x)).read(), map, 1e-6, 'the map');
  const out = attention.forward(x);
  const first = [0, 0.0977756135, 0.181572762, 0.2493154374, 0.2793577614, 0.2699712193];
  assertClose((await out.read()).subarray(0, 6), first, 1e-6, 'the first channel');
  near(await sum(out).item(), 0.5244169438, 'the sum');
  const groups = attention.groupMaps(x);
  assert.is(groups.length, 4);
  const map1 = [0.4934525985, 0.479345142, 0.4590350125, 0.5072603113, 0.5251187986, 0.5383864419];
  assertClose(await groups[0]!.read(), map1, 1e-6, 'the first group’s map');
  const { fc1, fc2, spatial } = attention;
  const gradients = grad([sum(mul(out, out))], [x, fc1!.weight, fc2!.weight, spatial.weight]);
  const lengths = [0.665435014, 0.2436532757, 0.1987443143, 0.060535533];
  for (const [i, want] of lengths.entries()) near(await lengthOf(gradients[i]), want, `gradient ${i}`);
});

const SWITCHES: Readonly<Record<string, Partial<GAMOptions>>> = {
  'as published': {},
  'the softmax of each group': { gate: 'softmaxPerGroup' },
  'a sigmoid, maxima and means': { gate: 'sigmoid', spatialPool: 'mean+max' },
  'a sum instead of a product': { gate: 'none', combine: 'literalAdd' },
  'biases, and a norm of the map': { gateBias: true, spatialBN: true },
};

for (const [name, changes] of Object.entries(SWITCHES)) {
  test(`gradients of the attention agree with differences: ${name}`, async () => {
    manualSeed(2);
    const attention = new GAMAttention({ channels: 12, groups: 4, reduction: 4, spatialKernel: 3, ...changes });
    // Values in order: the largest of two channels does not change with a small step.
    await gradcheck((x: Tensor) => attention.forward(x), [[2, 12, 3, 5]], { step: 3e-3, tolerance: 4e-2 });
  });
}

test('gradients of grouped convolutions agree with differences, at stride 1 and 2', async () => {
  for (const stride of [1, 2]) {
    const f = (x: Tensor, w: Tensor) => conv2d(x, w, undefined, { stride, padding: 1, groups: 4 });
    await gradcheck(f, [
      [2, 12, 5, 7],
      [8, 3, 3, 3],
    ]);
  }
});

const count = (model: Module) => model.parameters().reduce((total, { size }) => total + size, 0);

/** Counts without taking the memory. */
function counted(make: () => Module): number {
  let n = 0;
  plan(() => {
    n = count(make());
  }, gpu);
  return n;
}

const trunk = (options: Partial<GAMOptions>) => new GAMTrunk({ ...GAM_R50, ...options });

test('numbers of parameters are those of the papers', () => {
  assert.is(
    counted(() => trunk({})),
    10_516_304,
  );
  assert.is(
    counted(() => trunk(GAM_DENSE)),
    26_023_760,
  );
  assert.is(
    counted(() => trunk({ groups: 1, attentionIn: 'none' })),
    23_508_032,
  );
  assert.is(
    counted(() => trunk(CBAM_R50)),
    26_040_624,
  );
  assert.is(
    counted(() => trunk({ ...GAM_LATE, attentionIn: 'none' })),
    6_992_960,
  );
  assert.is(
    counted(() => new GAM()),
    14_716_752,
  );
  assert.is(
    counted(() => new GAM().avg_pooling),
    4_200_448,
  );
});

test('names and shapes are those of the original’s checkpoints: 366 entries of the trunk, 373 with the head', () => {
  let entries: [string, readonly number[]][] = [];
  let shape: readonly number[] = [];
  plan(() => {
    const model = new GAM().eval();
    entries = [...model.entries()].map(([name, entry]) => [name, entry instanceof Counter ? [] : entry.shape]);
    const images = tensor(new Float32Array(3 * 256 * 128), [1, 3, 256, 128]);
    shape = noGrad(() => model.trunk.forward(images).shape);
  }, gpu);
  assert.equal(shape, [1, 2048, 8, 4]);
  const shapes = new Map(entries);
  const inTrunk = entries.filter(([name]) => name.startsWith('CNN.base.'));
  assert.equal([entries.length, inTrunk.length], [373, 366]);
  const buffers = /running_|num_batches_tracked/;
  assert.is(inTrunk.filter(([name]) => !buffers.test(name)).length, 207);
  const expected: Record<string, readonly number[]> = {
    'CNN.base.conv1.weight': [64, 3, 7, 7],
    'CNN.base.layer1.0.conv1.weight': [64, 16, 1, 1],
    'CNN.base.layer1.0.conv2.weight': [64, 16, 3, 3],
    'CNN.base.layer1.0.conv3.weight': [256, 16, 1, 1],
    'CNN.base.layer3.0.downsample.0.weight': [1024, 512, 1, 1],
    'CNN.base.layer4.2.conv1.weight': [512, 512, 1, 1],
    'CNN.base.layer4.2.gam.fc1.weight': [128, 2048, 1, 1],
    'CNN.base.layer4.2.gam.fc2.weight': [2048, 128, 1, 1],
    'CNN.base.layer2.3.gam.spatial.weight': [1, 1, 7, 7],
    'CNN.base.layer2.3.bn3.num_batches_tracked': [],
    'avg_pooling.embeding.weight': [2048, 2048],
    'avg_pooling.embeding_bn.running_var': [2048],
  };
  for (const [name, want] of Object.entries(expected)) assert.equal(shapes.get(name), want, name);
});

const TINY: GAMOptions = { blocks: [1, 2, 1, 1], width: 8, stem: 'small', embedDim: 24 };

const pictures = (n: number) =>
  tensor(fill('gam/pictures', [n, 3, 32, 16], { kind: 'blocks', grid: [4, 2], block_scale: 1.5, scale: 0.5 }), [
    n,
    3,
    32,
    16,
  ]);

test('saved and loaded, the features have the same bits; their length is 1', async () => {
  manualSeed(1);
  const model = new GAM(TINY).eval();
  const other = new GAM(TINY).eval();
  const before = await model.forward(pictures(3)).read();
  assert.not.equal(await other.forward(pictures(3)).read(), before);
  other.loadStateDict(await model.stateArrays());
  assert.equal(await other.forward(pictures(3)).read(), before);
  const width = before.length / 3;
  near(Math.hypot(...before.subarray(0, width)), 1, 'the length');
});

test('groups of a stage do not mix in its blocks but by gates and pooled maps', async () => {
  manualSeed(1);
  const options = { ...TINY, attentionIn: 'none', blocks: [1, 3, 1, 1] } as const;
  const { layer2 } = new GAMTrunk({ ...GAM_R50, ...options });
  const [, second, third] = layer2.layers;
  const x = tensor(fill('groups', [1, 64, 4, 2], { kind: 'signed', scale: 1 }), [1, 64, 4, 2], { requiresGrad: true });
  second!.eval();
  third!.eval();
  const y = third!.forward(second!.forward(x));
  const [dx] = grad(
    [
      sum(
        mul(
          y,
          tensor(
            Float32Array.from({ length: 512 }, (_, i) => Number(i < 128)),
            [1, 64, 4, 2],
          ),
        ),
      ),
    ],
    [x],
  );
  const data = await dx!.read();
  assert.ok(data.subarray(0, 128).some((v) => v !== 0));
  assert.ok(
    data.subarray(128).every((v) => v === 0),
    'the first group sees nothing of the others',
  );
});

for (const [name, changes] of Object.entries<Partial<GAMOptions>>({
  'gam-r50': {},
  'gam-late': GAM_LATE,
  'literalAdd at the ends of stages': { combine: 'literalAdd', attentionIn: 'stageEnds' },
  'without a shortcut': { combine: 'mul' },
})) {
  test(`a step moves every parameter: ${name}`, async () => {
    manualSeed(1);
    const model = new GAM({ ...GAM_R50, ...changes, ...TINY, dropout: 0.5 });
    const before = await model.stateArrays();
    const optimiser = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true });
    scope(() => {
      const { unit, dropped } = model.embed(pictures(4));
      assert.equal(
        [unit.shape, dropped.shape],
        [
          [4, 24],
          [4, 24],
        ],
      );
      backward(sum(mul(dropped, tensor(fill('up', [4, 24], { kind: 'signed', scale: 1 }), [4, 24]))));
      optimiser.step();
      optimiser.zeroGrad();
    });
    const after = await model.stateArrays();
    const still = [...model.namedParameters()].filter(([key]) =>
      (before.get(key)!.data as Float32Array).every((v, i) => v === after.get(key)!.data[i]),
    );
    // What stands before a norm with no slope of its own gets no gradient; behind `mul` a shortcut has none to give.
    const unused = changes.combine === 'mul' ? /downsample/ : /embeding\.bias/;
    assert.equal(
      still.map(([key]) => key).filter((key) => !unused.test(key)),
      [],
    );
  });
}

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed } from '../../../engine/index.js';
import { Conv2d } from '../../../engine/nn/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { slice } from '../../../engine/ops/view.js';
import { noGrad } from '../../../engine/tape.js';
import { type Tensor, tensor, write } from '../../../engine/tensor.js';
import { FGReID, type FGReIDOptions } from '../../../reid/models/fgreid/fgreid.js';
import { trunkName } from '../../../reid/models/fgreid/trunk.js';
import { closeAfter } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

const TINY: FGReIDOptions = {
  backbone: { depth: 18, width: 4, stem: 'small', stemStride: 2, lastStride: 1 },
  channels: 16,
  inner: 6,
};
const CLASSES = 5;

const det = (shape: readonly number[], a: number, b: number, s: number): Float32Array =>
  Float32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, (_, k) => s * Math.sin(a * k + b));

const images = (batch: number, ...rest: number[]): Tensor => {
  const shape = [batch, ...rest, 3, 32, 16];
  return tensor(fill('fgreid/images', shape, { kind: 'signed', scale: 1.5 }), shape);
};

function tiny(options: FGReIDOptions = {}): FGReID {
  manualSeed(3);
  const model = new FGReID({ ...TINY, ...options }, CLASSES);
  write(model.w_z.weight, fill('fgreid/w_z', model.w_z.weight.shape, { kind: 'signed', scale: 0.3 }));
  return model.eval();
}

const near = (got: ArrayLike<number>, want: readonly number[], what: string) => {
  for (const [i, value] of want.entries()) {
    assert.ok(
      Math.abs(got[i]! - value) <= 1e-4 * Math.max(1, Math.abs(value)),
      `${what} ${i}: ${got[i]}, not ${value}`,
    );
  }
};

/** The heads alone on given maps, as the specification's figures have it. */
function heads(): FGReID {
  const model = new FGReID({ ...TINY, channels: 4, inner: 2 }, 3);
  const maps = (a: number, b: number) => tensor(det([2, 6, 3, 2], a, b, 1).map(Math.abs), [2, 6, 3, 2]).keep();
  const own = model as { -readonly [K in keyof FGReID]: FGReID[K] };
  own.conv1 = new Conv2d(6, 4, 1);
  own.conv2 = new Conv2d(6, 4, 1);
  const base = maps(0.37, 0);
  const mars = maps(0.53, 1);
  model.base.forward = () => base;
  model.base_mars.forward = () => mars;
  const weights: [Tensor, number, number, number][] = [
    [model.conv1.weight, 0.9, 0.1, 0.5],
    [model.conv1.bias!, 0.7, 0.2, 0.1],
    [model.conv2.weight, 0.8, 0.3, 0.5],
    [model.conv2.bias!, 0.6, 0.4, 0.1],
    [model.theta.weight, 1.1, 0.5, 1],
    [model.g.weight, 1.2, 0.6, 1],
    [model.w_z.weight, 1.3, 0.7, 1],
    [model.classifier.weight, 1.4, 0.8, 1],
  ];
  for (const [t, a, b, s] of weights) write(t, det(t.shape, a, b, s));
  return model;
}

test('heads: attention, features and logits are the figures of the specification', async () => {
  const model = heads().eval();
  const pictures = tensor(new Float32Array(2 * 3 * 4), [2, 3, 2, 2]);
  const map = await model.attention(pictures).read();
  near(map, [0.6236077512, 0.6154367127, 0.6162744785, 0.619183283, 0.6083934569, 0.5771864217], 'attention');
  const f = await model.forward(pictures).read();
  const first = [0.2881782458, 0.4580892032, 0.3137034514, -0.0338598785];
  near(f, [...first, 1.1421819005, 0.295481598, -0.5881934955, 0.4269659056], 'picture 0');
  const second = [0.2295223718, 0.3593134836, 0.2469748344, -0.0197885147];
  near(f.slice(8), [...second, 1.1420873783, 0.3296547498, -0.6470257504, 0.4469425072], 'picture 1');
  const clip = await model.forward(tensor(new Float32Array(2 * 3 * 4), [1, 2, 3, 2, 2])).read();
  const ofClip = [0.2588503088, 0.4087013434, 0.2803391429, -0.0268241966];
  near(clip, [...ofClip, 1.1424272483, 0.3123303036, -0.6174945751, 0.4369949103], 'clip');
  model.train();
  const { features, logits } = model.losses(pictures);
  const trained = [0.994237137, 0.9979564165, 0.9955384335, -0.9121055248];
  near(await features[0]!.read(), [...trained, 0.0149436663, -0.9833017707, 0.9942713765, -0.9533614548], 'training');
  near(await logits[0]!.read(), [1.9541602835, 2.1759443264, 1.4210160628], 'y1');
});

test('minScope: with batch a feature depends on the pictures beside it, with image it does not', async () => {
  for (const [minScope, depends] of [
    ['batch', true],
    ['image', false],
  ] as const) {
    const model = tiny({ minScope });
    const x = images(4);
    const together = await noGrad(() => model.forward(x)).read();
    let off = 0;
    for (let i = 0; i < 4; i++) {
      const alone = await noGrad(() => model.forward(slice(x, 0, i, i + 1))).read();
      off = Math.max(off, ...alone.map((value, k) => Math.abs(value - together[32 * i + k]!)));
    }
    assert.is(off > 1e-4, depends, `${minScope}: ${off}`);
  }
});

test('without what positions tell each other, w_z of zeros gives the same features', async () => {
  const model = tiny();
  write(model.w_z.weight, new Float32Array(model.w_z.weight.size));
  const plain = new FGReID({ ...TINY, nonLocal: false }, CLASSES);
  plain.loadStateDict(model.stateDict());
  const x = images(2);
  assert.equal(await noGrad(() => model.forward(x)).read(), await noGrad(() => plain.eval().forward(x)).read());
});

test('a constant added to the global map moves its mean, not the attention', async () => {
  const model = tiny();
  const x = images(2);
  const before = await noGrad(() => model.attention(x)).read();
  const moved = model.conv1.bias!;
  write(moved, (await add(moved.detach(), 0.5).read()) as Float32Array);
  const after = await noGrad(() => model.attention(x)).read();
  assert.ok(Math.max(...after.map((value, i) => Math.abs(value - before[i]!))) < 1e-5);
  assert.ok(before.every((value) => value >= 0.5 && value <= 1));
});

test('a clip of one frame is a picture; the weights of pictures and clips are the same', async () => {
  const model = tiny({ minScope: 'image' });
  const x = images(3, 1);
  const clips = await noGrad(() => model.forward(x)).read();
  const pictures = await noGrad(() => model.forward(images(3))).read();
  assert.equal(clips, pictures);
  assert.equal(model.losses(images(2, 3)).logits[1]!.shape, [2, CLASSES]);
});

test('full size: 654 entries and the published counts of parameters', () => {
  const model = new FGReID({}, 6);
  assert.is(model.stateDict().size, 654);
  const parameters = [...model.parameters()];
  assert.is(parameters.length, 330);
  assert.is(
    parameters.reduce((n, { size }) => n + size, 0),
    52_002_944 + 1024 * 6,
  );
});

test('trunkName: torchvision names become numbers, the classifier is left out', () => {
  assert.is(trunkName('conv1.weight'), '0.weight');
  assert.is(trunkName('bn1.running_var'), '1.running_var');
  assert.is(trunkName('layer4.0.downsample.1.bias'), '7.0.downsample.1.bias');
  assert.is(trunkName('fc.weight'), undefined);
});

test('a tensor that is neither pictures nor clips is refused', () => {
  assert.throws(() => tiny().forward(tensor(new Float32Array(6), [2, 3])), /takes pictures \[B, 3, H, W\] or clips/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, mean, mul, noGrad, randn, type Tensor, tanh, tensor } from '../../../../engine/index.js';
import { BatchNorm2d, Conv2d, Identity, Linear, Module } from '../../../../engine/nn/index.js';
import { relu } from '../../../../engine/ops/unary.js';
import { captureOutput } from '../../../../reid/report/looking/capture.js';
import { classScore, gradCam, similarityScore } from '../../../../reid/report/looking/grad-cam.js';
import { closeAfter, gpu } from '../../../engine/device.js';

closeAfter(test);

const near = (got: ArrayLike<number>, want: ArrayLike<number>, within: number) => {
  assert.is(got.length, want.length);
  for (let i = 0; i < got.length; i++) {
    assert.ok(Math.abs(got[i]! - want[i]!) <= within, `${i}: ${got[i]} instead of ${want[i]}`);
  }
};

/** A map that is averaged, then a linear classifier: here Grad-CAM has a closed form. */
class Pooled extends Module {
  readonly map = new Identity();
  readonly classifier = new Linear(2, 3);

  forward(x: Tensor): Tensor {
    return this.classifier.forward(mean(this.map.forward(x), [2, 3]));
  }
}

test('a linear case by hand: relu(Σ w·A) / (h·w)', async () => {
  const model = new Pooled().eval();
  model.loadStateDict(
    new Map([
      [
        'classifier.weight',
        tensor([
          [1, 0],
          [2, -1],
          [-1, -1],
        ]),
      ],
      ['classifier.bias', tensor([5, 5, 5])],
    ]),
  );
  const images = tensor([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [
      [
        [1, 0, 0],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 0, -6],
      ],
    ],
  ]);
  const forward = (x: Tensor) => model.forward(x);
  const [first, second] = await gradCam({ images, layer: model.map, forward, score: classScore([1, 0]) });
  assert.equal([first!.height, first!.width, second!.height, second!.width], [2, 3, 2, 3]);
  // Class 1 of the first: 2·a − b = −4 −1 2 | 5 8 11, over 6; class 0 of the second: its first channel alone.
  near(first!.data, [0, 0, 2 / 6, 5 / 6, 8 / 6, 11 / 6], 1e-6);
  near(second!.data, [1 / 6, 0, 0, 0, 0, 0], 1e-6);
});

/** Not linear behind the map, with a norm before it. */
class Curved extends Module {
  readonly conv = new Conv2d(3, 4, 3, { padding: 1 });
  readonly bn = new BatchNorm2d(4);
  readonly map = new Identity();
  readonly head = new Linear(4, 5);

  maps(x: Tensor): Tensor {
    return this.map.forward(relu(this.bn.forward(this.conv.forward(x))));
  }

  head_(map: Tensor): Tensor {
    return tanh(this.head.forward(mean(mul(map, map), [2, 3])));
  }

  forward(x: Tensor): Tensor {
    return this.head_(this.maps(x));
  }
}

function curved() {
  manualSeed(5);
  const model = new Curved().eval();
  return { model, images: randn([2, 3, 4, 3], { gpu }), others: randn([2, 5], { gpu }) };
}

test('the similarity to another feature: weights by finite differences', async () => {
  const { model, images, others } = curved();
  const maps = await noGrad(async () => (await model.maps(images).read()) as Float32Array);
  const [n, c, size] = [2, 4, 12];
  const score = similarityScore(others);
  const scores = (data: Float32Array) =>
    noGrad(async () => score(model.head_(tensor(data, [n, c, 4, 3], { gpu }))).read());
  const weights = new Float64Array(n * c);
  const h = 0.02;
  for (let k = 0; k < c; k++) {
    // All pixels of a channel by h: the sum of the gradient over the map, for both pictures at once.
    const moved = (by: number) => scores(maps.map((v, i) => (Math.floor(i / size) % c === k ? v + by : v)));
    const [up, down] = [await moved(h), await moved(-h)];
    for (let i = 0; i < n; i++) weights[i * c + k] = (up[i]! - down[i]!) / (2 * h) / size;
  }
  const found = await gradCam({ images, layer: model.map, forward: (x) => model.forward(x), score });
  for (let i = 0; i < n; i++) {
    const want = Array.from({ length: size }, (_, pixel) => {
      let sum = 0;
      for (let k = 0; k < c; k++) sum += weights[i * c + k]! * maps[(i * c + k) * size + pixel]!;
      return Math.max(0, sum);
    });
    const largest = Math.max(...want);
    assert.ok(largest > 0, 'the case says something');
    near(found[i]!.data, want, 2e-3 * largest);
  }
});

test('frozen weights, noGrad around it and other pictures of the batch change nothing; nothing stays behind', async () => {
  const { model, images, others } = curved();
  const options = { layer: model.map, forward: (x: Tensor) => model.forward(x) };
  const plain = await gradCam({ ...options, images, score: similarityScore(others) });
  model.requiresGrad_(false);
  const frozen = await noGrad(() => gradCam({ ...options, images, score: similarityScore(others) }));
  const pixels = await images.read();
  const alone = await gradCam({
    ...options,
    images: tensor(pixels.slice(36), [1, 3, 4, 3], { gpu }),
    score: similarityScore(tensor((await others.read()).slice(5), [1, 5], { gpu })),
  });
  for (const [i, { data }] of plain.entries()) assert.equal(frozen[i]!.data, data);
  near(alone[0]!.data, plain[1]!.data, 1e-6);
  assert.ok(model.parameters().every(({ grad }) => grad === undefined));
  assert.not.ok(images.requiresGrad);
});

test('a capture ends with the call, also with one that throws', () => {
  const { model, images } = curved();
  const before = Object.getOwnPropertyDescriptor(model.map, 'forward');
  const { result, outputs } = captureOutput(model.map, () => model.forward(images));
  assert.equal(result.shape, [2, 5]);
  assert.equal(
    outputs.map(({ shape }) => [...shape]),
    [[2, 4, 4, 3]],
  );
  assert.throws(
    () =>
      captureOutput(model.map, () => {
        model.forward(images);
        throw new Error('no more');
      }),
    'no more',
  );
  assert.throws(() => captureOutput(model.map, async () => {}), /asynchronous/);
  assert.equal(Object.getOwnPropertyDescriptor(model.map, 'forward'), before);
  assert.equal(
    captureOutput(model.map, () => 3),
    { result: 3, outputs: [] },
  );
  assert.is(captureOutput(model.map, () => captureOutput(model.map, () => model.forward(images))).outputs.length, 1);
});

test('what has no map is refused by name', async () => {
  const { model, images, others } = curved();
  const options = { images, layer: model.map as Module, forward: (x: Tensor) => model.forward(x) };
  const rejects = async (changes: Partial<Parameters<typeof gradCam>[0]>, message: RegExp) => {
    try {
      await gradCam({ ...options, score: similarityScore(others), ...changes });
    } catch (error) {
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable(`expected ${message}`);
  };
  await rejects({ layer: new Identity().eval() }, /passed through the layer 0 times/);
  await rejects({ forward: (x) => model.head_(model.map.forward(model.maps(x))) }, /2 times/);
  await rejects({ layer: model.head }, /gives \[2, 5\]; a map \[2, channels/);
  await rejects({ score: (x) => x }, /score has shape \[2, 5\]/);
  await rejects({ score: () => others }, /score has shape/);
  await rejects({ score: (x) => mean(x.detach(), 1) }, /does not depend/);
  await rejects({ forward: (x) => mean(model.maps(x) && x, [2, 3]), score: (x) => mean(x, 1) }, /does not depend/);
  await rejects({ score: classScore([1]) }, /1 classes for logits of shape \[2, 5\]/);
  await rejects({ score: classScore([1, 5]) }, /class 5 is not among 5/);
  await rejects({ score: similarityScore(tensor([[1, 2]])) }, /\[2, 5\] and \[1, 2\]/);
  model.train();
  await rejects({}, /training mode/);
});

test.run();

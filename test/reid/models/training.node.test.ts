import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, noGrad, randn } from '../../../engine/index.js';
import { cat } from '../../../engine/ops/join.js';
import { slice } from '../../../engine/ops/view.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { APNet } from '../../../reid/models/apnet.js';
import { lossesInGroups } from '../../../reid/models/batch-groups.js';
import type { ReidModel, TrainingOutput } from '../../../reid/models/model.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { IDENTITIES, LABELS, LOSS, learnByHeart, NO_STEM_RELU, tinyAPNet, tinyRGA } from './tiny.js';

// In Node alone, since whole steps of whole models compile many kernels.

closeAfter(test);

/** Backward of the system's losses. */
const back = (output: TrainingOutput, labels: Int32Array = LABELS, loss = LOSS) =>
  backward(identityTripletLoss(output, labels, loss).total);

const images = (n = 8) => randn([n, 3, 32, 16]);

for (const [name, make] of [
  ['RGA', () => tinyRGA()],
  ['APNet', () => tinyAPNet()],
] as const) {
  test(`${name} learns a batch by heart, while frozen shifts stay exactly 0 under weight decay`, async () => {
    const model: ReidModel = make();
    const { said, triplet } = await learnByHeart(model, 20);
    assert.equal(said, [...LABELS]);
    assert.ok(triplet < 0.01, `triplet loss ${triplet}`);
    const frozen = [...model.namedParameters()].filter(([, { requiresGrad }]) => !requiresGrad);
    assert.is(frozen.length, name === 'RGA' ? 1 : 6);
    for (const [shift, parameter] of frozen) {
      assert.ok(
        (await parameter.read()).every((value) => Object.is(value, 0)),
        shift,
      );
    }
  });
}

test('every level of APNet trains and retrieves; the third works with four parts and not with three', () => {
  for (const level of [0, 1, 2, 3] as const) {
    const model = tinyAPNet({ level });
    const output = model.losses(images());
    assert.equal([output.features[0]!.shape, output.logits[0]!.shape].join(), `8,64,8,${IDENTITIES}`);
    back(output);
    const without = [...model.namedParameters()].filter(([, { grad }]) => !grad).map(([name]) => name);
    assert.ok(
      without.every((name) => /^(BN_?\d\.bottleneck2|bottleneck)\.bias$/.test(name)),
      without.join(),
    );
    assert.is(without.length, 1 + 5 * Math.max(level - 1, 0), 'frozen shifts have no gradient, all others have');
    assert.equal(noGrad(() => model.eval().forward(images(2))).shape, [2, 64]);
  }
  assert.throws(() => tinyAPNet({ level: 3, radix: 'level' }).losses(images()), /8 channels in 3 parts/);
});

test('without the ReLU of the stem, the shift of its norm has no effect in training', async () => {
  const of = async (level: 0 | 1) => {
    const model = new APNet({ level, backbone: { ...NO_STEM_RELU, depth: 50 } }, IDENTITIES);
    back(model.losses(images()));
    const length = async (name: 'weight' | 'bias') => Math.hypot(...(await model.base.bn1[name]!.grad!.read()));
    return (await length('bias')) / (await length('weight'));
  };
  assert.ok((await of(0)) <= 1e-3, 'level 0: all that follows is normalised');
  assert.ok((await of(1)) > 1e-2, 'level 1: a gate sees it');
});

test('biases in front of a norm have next to no gradient, those behind have one', async () => {
  const model = tinyAPNet();
  back(model.losses(images()));
  const parameters = new Map(model.namedParameters());
  const length = async (name: string) => Math.hypot(...(await parameters.get(name)!.grad!.read()));
  for (const i of [1, 3, 5]) {
    assert.ok((await length(`att_s${i}.fc1.bias`)) <= 1e-4 * (await length(`att_s${i}.fc2.bias`)), `place ${i}`);
  }
});

test('groups of a batch are normalised each by itself; running statistics are the first one’s', async () => {
  const x = images();
  const [together, first, second] = [tinyRGA(), tinyRGA(), tinyRGA()];
  const got = noGrad(() => lossesInGroups(together, x, 2));
  const halves = noGrad(() => [first.losses(slice(x, 0, 0, 4)), second.losses(slice(x, 0, 4))] as const);
  for (const part of ['features', 'logits'] as const) {
    const want = noGrad(() => cat([halves[0]![part][0]!, halves[1]![part][0]!]));
    assertClose(await got[part][0]!.read(), await want.read(), 1e-6, part);
  }
  const [a, b] = [await together.stateArrays(), await first.stateArrays()];
  for (const [name, { data }] of b) assert.equal(a.get(name)!.data, data, name);
  assert.throws(() => lossesInGroups(together, images(3), 2), /batch of 3 images can not be cut into 2/);
});

test('the gradient of the identity loss through groups is the mean of theirs', async () => {
  const x = images();
  const loss = { ...LOSS, tripletWeight: 0 };
  const model = tinyRGA();
  back(lossesInGroups(model, x, 2), LABELS, loss);
  const half = async (from: number) => {
    const one = tinyRGA();
    back(one.losses(slice(x, 0, from, from + 4)), LABELS.slice(from, from + 4), loss);
    return one.backbone.conv1.weight.grad!.read();
  };
  const [a, b] = [await half(0), await half(4)];
  const want = Array.from(a, (v, i) => (v + b[i]!) / 2);
  assertClose(await model.backbone.conv1.weight.grad!.read(), want, 2e-6, 'the gradient of the stem');
});

test.run();

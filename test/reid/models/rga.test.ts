import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, manualSeed, noGrad, randn, scope, tensor } from '../../../engine/index.js';
import { cat } from '../../../engine/ops/join.js';
import { slice } from '../../../engine/ops/view.js';
import { Adam } from '../../../engine/optim/index.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { lossesInGroups } from '../../../reid/models/batch-groups.js';
import { checkRGA, RGA, type RGAOptions } from '../../../reid/models/rga.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

/** As small as attention behind every stage can be. */
const TINY: RGAOptions = {
  height: 32,
  width: 16,
  backbone: { depth: 18, width: 8, stem: 'small', stemStride: 1, lastStride: 1 },
  ratios: { channel: 2, spatial: 4, down: 2 },
};

const IDENTITIES = 4;

function tiny(options: Partial<RGAOptions> = {}, seed = 3): RGA {
  manualSeed(seed);
  return new RGA({ ...TINY, ...options }, IDENTITIES);
}

test('the ablation without attention is the plain network', () => {
  const model = tiny({ branch: 'none' });
  assert.not([...model.stateDict().keys()].some((name) => name.includes('rga')));
  assert.equal(noGrad(() => model.eval().forward(randn([2, 3, 8, 8]))).shape, [2, 64], 'and not bound to a size');
});

test('losses see features before the norm and scores behind it; retrieval sees what is asked for', async () => {
  const images = randn([4, 3, 32, 16]);
  const model = tiny();
  const { features, logits } = model.losses(images);
  assert.equal(
    [features.length, features[0]!.shape, logits.length, logits[0]!.shape],
    [1, [4, 64], 1, [4, IDENTITIES]],
  );
  for (const feature of ['norm', 'pool', 'logits'] as const) {
    const again = tiny({ feature }).eval();
    const [got, { pooled, normed }] = noGrad(() => [again.forward(images), again.features(images)] as const);
    const want = { norm: normed, pool: pooled, logits: noGrad(() => again.cls.forward(normed)) }[feature];
    assert.equal(await got.read(), await want.read());
  }
});

test('dropout drops features of the classifier in training alone', async () => {
  const images = randn([4, 3, 32, 16]);
  const model = tiny({ dropout: 0.5 });
  const scores = async () => (await noGrad(() => model.losses(images)).logits[0]!.read()).join();
  assert.is.not(await scores(), await scores());
  model.eval();
  assert.is(await scores(), await scores());
});

/** Steps on one batch of pictures, without augmentation. */
async function overfit(model: RGA, steps: number, lr: number): Promise<{ id: number; triplet: number; right: number }> {
  const labels = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3);
  const images = tensor(
    fill('overfit', [8, 3, 32, 16], { kind: 'blocks', grid: [4, 2], block_scale: 1.5, scale: 0.5 }),
    [8, 3, 32, 16],
  );
  const optimiser = new Adam(
    model.parameters().filter(({ requiresGrad }) => requiresGrad),
    { lr, weightDecay: 5e-4 },
  );
  const weights = { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 1 };
  let last = { id: 0, triplet: 0, right: 0 };
  for (let step = 1; step <= steps; step++) {
    last = await scope(async () => {
      const output = model.losses(images);
      const { id, triplet, total } = identityTripletLoss(output, labels, weights);
      backward(total);
      optimiser.step();
      optimiser.zeroGrad();
      if (step < steps) return last;
      const scores = await output.logits[0]!.read();
      const right = labels.filter((label, i) => {
        const row = [...scores.subarray(i * IDENTITIES, (i + 1) * IDENTITIES)];
        return row.indexOf(Math.max(...row)) === label;
      }).length;
      return { id: await id.item(), triplet: await triplet.item(), right };
    });
  }
  return last;
}

test('it learns a batch by heart, while the frozen shift stays exactly 0 under weight decay', async () => {
  const model = tiny();
  const { triplet, right } = await overfit(model, 30, 3e-3);
  assert.is(right, 8);
  assert.ok(triplet < 0.01, `triplet loss ${triplet}`);
  assert.ok((await model.feat_bn.bias!.read()).every((value) => Object.is(value, 0)));
});

test('groups of a batch are normalised each by itself; running statistics are the first one’s', async () => {
  const images = randn([8, 3, 32, 16]);
  const [together, first, second] = [tiny(), tiny(), tiny()];
  const got = noGrad(() => lossesInGroups(together, images, 2));
  const halves = noGrad(() => [first.losses(slice(images, 0, 0, 4)), second.losses(slice(images, 0, 4))] as const);
  for (const part of ['features', 'logits'] as const) {
    const want = noGrad(() => cat([halves[0]![part][0]!, halves[1]![part][0]!]));
    assertClose(await got[part][0]!.read(), await want.read(), 1e-6, part);
  }
  const [a, b] = [await together.stateArrays(), await first.stateArrays()];
  for (const [name, { data }] of b) assert.equal(a.get(name)!.data, data, name);
  assert.throws(() => lossesInGroups(together, randn([3, 3, 32, 16]), 2), /batch of 3 images can not be cut into 2/);
});

test('the gradient through groups is the sum of theirs', async () => {
  const images = randn([8, 3, 32, 16]);
  const labels = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3);
  const weights = { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 0 };
  const step = (model: RGA, output: ReturnType<RGA['losses']>, own: Int32Array) => {
    backward(identityTripletLoss(output, own, weights).total);
    return model.backbone.conv1.weight.grad!.read();
  };
  const model = tiny();
  const all = await step(model, lossesInGroups(model, images, 2), labels);
  const half = async (from: number) => {
    const one = tiny();
    return step(one, one.losses(slice(images, 0, from, from + 4)), labels.subarray(from, from + 4));
  };
  const [a, b] = [await half(0), await half(4)];
  assertClose(
    all,
    a.map((v, i) => (v + b[i]!) / 2),
    2e-6,
    'the mean of the halves’ gradients',
  );
});

test('sizes that leave no room for attention are refused, before anything is built', () => {
  const paper =
    (height: number, width: number, branch: 'sc' | 'c' = 'sc') =>
    () =>
      checkRGA({ height, width, branch });
  for (const [height, width] of [
    [128, 64],
    [160, 80],
    [192, 64],
  ] as const)
    assert.throws(paper(height, width), /too small for the ratios/);
  for (const [height, width] of [
    [128, 128],
    [192, 96],
    [256, 128],
    [384, 128],
  ] as const)
    paper(height, width)();
  paper(128, 64, 'c')();
  assert.throws(paper(250, 128), /multiples of 16, not 250×128/);
  assert.throws(() => tiny().forward(randn([1, 3, 64, 16])), /made for maps \[B, 8, 32, 16\]/);
});

test.run();

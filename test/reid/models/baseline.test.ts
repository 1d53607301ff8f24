import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, manualSeed, noGrad, randn } from '../../../engine/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { sum } from '../../../engine/ops/sum.js';
import { slice } from '../../../engine/ops/view.js';
import { Baseline } from '../../../reid/models/baseline.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';

closeAfter(test);

const IDENTITIES = 5;

manualSeed(3);
const model = new Baseline({ depth: 18, width: 4, stem: 'small', stemStride: 2, lastStride: 1 }, IDENTITIES);

test('names are those of the published model', () => {
  const names = [...model.stateDict().keys()];
  assert.is(names[0], 'base.conv1.weight');
  assert.ok(names.includes('base.layer4.1.bn2.running_var'));
  assert.equal(
    names.filter((name) => !name.startsWith('base.')),
    [
      'bottleneck.weight',
      'bottleneck.bias',
      'bottleneck.running_mean',
      'bottleneck.running_var',
      'bottleneck.num_batches_tracked',
      'classifier.weight',
    ],
  );
});

test('features and logits have their shapes, and every trained parameter a gradient', async () => {
  const {
    features: [features],
    logits: [logits],
  } = model.train().losses(randn([6, 3, 32, 16]));
  assert.equal(
    [features!.shape, logits!.shape],
    [
      [6, 32],
      [6, IDENTITIES],
    ],
  );
  backward(add(sum(features!), sum(logits!)));
  const without = [...model.namedParameters()].filter(([, parameter]) => !parameter.grad).map(([name]) => name);
  assert.equal(without, ['bottleneck.bias'], "the BNNeck's bias is not trained");
});

test('retrieval uses what is behind the norm, by running statistics: other pictures do not matter', async () => {
  model.eval();
  const images = randn([3, 3, 32, 16]);
  const [together, alone, behind] = noGrad(() => [
    model.forward(images),
    model.forward(slice(images, 0, 1, 2)),
    model.bottleneck.forward(model.pooled(images)),
  ]);
  assert.equal(
    [together!.shape, alone!.shape],
    [
      [3, 32],
      [1, 32],
    ],
  );
  assertClose(await alone!.read(), (await together!.read()).subarray(32, 64), 1e-5, 'the second picture');
  assert.equal(await behind!.read(), await together!.read());
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noGrad, randn } from '../../../engine/index.js';
import { checkRGA } from '../../../reid/models/rga.js';
import { closeAfter } from '../../engine/device.js';
import { IDENTITIES, tinyRGA } from './tiny.js';

closeAfter(test);

test('the ablation without attention is the plain network', () => {
  const model = tinyRGA({ branch: 'none' });
  assert.not([...model.stateDict().keys()].some((name) => name.includes('rga')));
  assert.equal(noGrad(() => model.eval().forward(randn([2, 3, 8, 8]))).shape, [2, 64], 'and not bound to a size');
});

test('losses see features before the norm and scores behind it; retrieval sees what is asked for', async () => {
  const images = randn([4, 3, 32, 16]);
  const model = tinyRGA();
  const { features, logits } = model.losses(images);
  assert.equal(
    [features.length, features[0]!.shape, logits.length, logits[0]!.shape],
    [1, [4, 64], 1, [4, IDENTITIES]],
  );
  for (const feature of ['norm', 'pool', 'logits'] as const) {
    const again = tinyRGA({ feature }).eval();
    const [got, { pooled, normed }] = noGrad(() => [again.forward(images), again.features(images)] as const);
    const want = { norm: normed, pool: pooled, logits: noGrad(() => again.cls.forward(normed)) }[feature];
    assert.equal(await got.read(), await want.read());
  }
});

test('dropout drops features of the classifier in training alone', async () => {
  const images = randn([4, 3, 32, 16]);
  const model = tinyRGA({ dropout: 0.5 });
  const scores = async () => (await noGrad(() => model.losses(images)).logits[0]!.read()).join();
  assert.is.not(await scores(), await scores());
  model.eval();
  assert.is(await scores(), await scores());
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
  assert.throws(() => tinyRGA().forward(randn([1, 3, 64, 16])), /made for maps \[B, 8, 32, 16\]/);
});

test.run();

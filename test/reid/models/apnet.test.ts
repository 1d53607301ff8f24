import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noGrad, randn } from '../../../engine/index.js';
import { APNet, type APNetOptions, checkAPNet } from '../../../reid/models/apnet.js';
import type { ResNetOptions } from '../../../reid/models/backbones/resnet.js';
import { SEResNet } from '../../../reid/models/backbones/se-resnet.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { IDENTITIES, NO_STEM_RELU, tinyAPNet } from './tiny.js';

closeAfter(test);

const SPATIAL = { height: 32, width: 16, ratios: { channel: 2, spatial: 4, down: 2 } };

const images = (n = 4, height = 32) => randn([n, 3, height, 16]);

test('a unit is fine to coarse, its parts are named level by level', () => {
  const own = [...tinyAPNet({ level: 3 }).namedChildren()].map(([name]) => name);
  const places = [1, 2, 3, 4, 5];
  const of = (name: string) => places.map((i) => `${name}${i}`);
  const units = [...of('att'), ...of('att_s'), ...of('BN'), ...of('att_ss'), ...of('BN_')];
  assert.equal(own, ['base', ...units, 'bottleneck', 'classifier']);
  const shapes = tinyAPNet({ level: 3 }).stateDict();
  assert.equal(shapes.get('att_ss5.fc1.weight')!.shape, [64, 16, 1, 1], 'four parts of 64 channels');
  assert.equal(shapes.get('att_s5.fc1.weight')!.shape, [32, 32, 1, 1], 'two parts');
  assert.equal(shapes.get('att1.fc.0.weight')!.shape, [8, 8]);
});

test('in evaluation a unit is one pass, with the same result as its steps', async () => {
  for (const stackOrder of ['fineToCoarse', 'coarseToFine'] as const) {
    const model = tinyAPNet({ level: 3, stackOrder });
    const x = images(4);
    for (let i = 0; i < 3; i++) noGrad(() => model.losses(x));
    model.eval();
    const fused = noGrad(() => model.maps(x));
    const steps = model.maps(x);
    for (const [i, want] of steps.entries()) {
      const values = await want.read();
      assertClose(await fused[i]!.read(), values, 1e-5, `place ${i}`);
    }
  }
});

test('the order of levels matters', async () => {
  const x = images(4);
  const of = (stackOrder: 'fineToCoarse' | 'coarseToFine') =>
    noGrad(() => tinyAPNet({ stackOrder }).eval().forward(x)).read();
  const [fine, coarse] = [await of('fineToCoarse'), await of('coarseToFine')];
  const off = Math.max(...fine.map((v, i) => Math.abs(v - coarse[i]!)));
  assert.ok(off > 1e-6, `${off}`);
});

test('any size of pictures will do', () => {
  const model = tinyAPNet().eval();
  for (const height of [16, 24, 48]) assert.equal(noGrad(() => model.forward(images(1, height))).shape, [1, 64]);
});

test('retrieval compares what is asked for', async () => {
  const x = images(3);
  const of = async (feature: APNetOptions['feature']) => {
    const model = tinyAPNet({ feature }).eval();
    return { model, rows: noGrad(() => model.forward(x)) };
  };
  const { model, rows: normed } = await of('norm');
  const { rows: pooled } = await of('pool');
  const { rows: scores } = await of('logits');
  assert.equal(await noGrad(() => model.bottleneck.forward(pooled)).read(), await normed.read());
  assert.equal(await noGrad(() => model.classifier.forward(normed)).read(), await scores.read());
});

test('spatial agents weigh stripes, twice as many at each level', () => {
  const model = tinyAPNet({ agent: 'spatial', level: 3, spatial: SPATIAL });
  const own = [...model.namedChildren()].map(([name]) => name);
  const of = (name: string) => [1, 2, 3, 4].map((i) => `${name}${i}`);
  const units = [...of('rga'), ...of('rga_s'), ...of('BN'), ...of('rga_ss'), ...of('BN_')];
  assert.equal(own, ['base', ...units, 'bottleneck', 'classifier']);
  assert.ok(model.stateDict().has('rga_ss4.3.gx_spatial.0.weight'));
  assert.not([...model.stateDict().keys()].some((name) => name.includes('_channel')));
  const { logits } = model.losses(images());
  assert.equal(logits[0]!.shape, [4, IDENTITIES]);
  const bare = tinyAPNet({ agent: 'spatial', level: 2, spatial: { ...SPATIAL, splitNorm: false } });
  assert.not([...bare.namedChildren()].some(([name]) => name.startsWith('BN')));
});

test('a branch of two halves has a stage, norms and classifiers of its own', async () => {
  const model = tinyAPNet({ parts: true });
  const { features, logits } = model.losses(images());
  assert.is(features.length, 1, 'the triplet loss sees the whole picture');
  assert.equal(
    logits.map(({ shape }) => shape),
    [
      [4, IDENTITIES],
      [4, IDENTITIES],
      [4, IDENTITIES],
    ],
  );
  const x = images(3);
  const whole = noGrad(() => tinyAPNet().eval().forward(x));
  const joined = noGrad(() => model.eval().forward(x));
  assert.equal(joined.shape, [3, 3 * 64]);
  assert.equal(whole.shape, [3, 64]);
  const state = model.stateDict();
  for (const name of ['part_layer4.1.bn2.weight', 'part_bottleneck.1.running_var', 'part_classifier.0.weight']) {
    assert.ok(state.has(name), name);
  }
  const [own, copy] = ['base.layer4.0.conv1.weight', 'part_layer4.0.conv1.weight'].map((name) => state.get(name)!);
  assert.equal(await copy!.read(), await own!.read(), 'the branch begins as a copy');
});

test('another backbone of stages will do', () => {
  const backbone = new SEResNet({ width: 8, blocks: [1, 1, 1, 1] });
  const model = new APNet({ level: 2, backbone }, IDENTITIES);
  assert.equal(noGrad(() => model.eval().forward(randn([1, 3, 32, 32]))).shape, [1, 256]);
});

test('options that can not work are refused in words, before anything is built', () => {
  const check = (options: Partial<APNetOptions>) => () =>
    checkAPNet({ level: 2, ...options, backbone: { ...NO_STEM_RELU, ...(options.backbone as ResNetOptions) } });
  check({})();
  assert.throws(
    check({ level: 3, backbone: { ...NO_STEM_RELU, width: 6 } }),
    /6 channels do not divide into the 4 parts/,
  );
  assert.throws(check({ agent: 'spatial' }), /need the size of the pictures/);
  check({ agent: 'spatial', spatial: SPATIAL })();
  assert.throws(check({ agent: 'spatial', spatial: { ...SPATIAL, height: 30 } }), /multiple of \d+/);
  assert.throws(check({ agent: 'spatial', level: 3, spatial: { height: 16, width: 16 } }), /too small for the ratios/);
});

test.run();

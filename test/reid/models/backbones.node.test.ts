import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, manualSeed, noGrad, randn } from '../../../engine/index.js';
import { DenseNet } from '../../../reid/models/backbones/densenet.js';
import { InceptionV3 } from '../../../reid/models/backbones/inception.js';
import { ResNeSt } from '../../../reid/models/backbones/resnest.js';
import { SEResNet } from '../../../reid/models/backbones/se-resnet.js';
import { truncatedNormal } from '../../../reid/models/backbones/truncated-normal.js';
import { closeAfter, gpu } from '../../engine/device.js';

closeAfter(test);

/** Whether a state dict holds these names with these shapes. */
function holds(
  state: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  want: Record<string, number[]>,
): void {
  for (const [name, shape] of Object.entries(want)) assert.equal(state.get(name)?.shape, shape, name);
}

test('SE-ResNet: an excitation in every block, maps of 1/16', () => {
  const model = new SEResNet({ width: 16, blocks: [1, 1, 1, 1] });
  holds(model.stateDict(), {
    'conv1.weight': [16, 3, 7, 7],
    'layer1.0.se.fc.0.weight': [4, 64],
    'layer1.0.se.fc.2.weight': [64, 4],
    'layer4.0.downsample.0.weight': [512, 256, 1, 1],
  });
  assert.equal(noGrad(() => model.eval().forward(randn([1, 3, 64, 32]))).shape, [1, 512, 4, 2]);
});

test('ResNeSt: split attention in groups of two, pools in place of strides', () => {
  const model = new ResNeSt({ width: 8, classes: 10 });
  const state = model.stateDict();
  holds(state, {
    'conv1.0.weight': [4, 3, 3, 3],
    'conv1.6.weight': [8, 4, 3, 3],
    'bn1.weight': [8],
    'layer1.0.conv2.conv.weight': [16, 4, 3, 3],
    'layer1.0.conv2.bn0.weight': [16],
    'layer1.0.conv2.fc1.weight': [32, 8, 1, 1],
    'layer1.0.conv2.fc2.bias': [16],
    'layer2.0.downsample.1.weight': [64, 32, 1, 1],
    'layer2.0.downsample.2.running_var': [64],
    'fc.weight': [10, 256],
  });
  assert.not([...state.keys()].some((name) => /^layer\d\.\d\.bn2/.test(name)));
  const y = model.forward(randn([2, 3, 64, 32]));
  assert.equal(y.shape, [2, 256, 4, 2]);
  backward(y, { gradient: randn(y.shape) });
  const without = [...model.namedParameters()].filter(([name, { grad }]) => !grad && !name.startsWith('fc'));
  assert.equal(without, []);
});

test('DenseNet: each layer’s channels are joined behind the ones before', () => {
  const model = new DenseNet({ depth: 121, narrower: 8, classes: 5 });
  holds(model.stateDict(), {
    'features.conv0.weight': [8, 3, 7, 7],
    'features.denseblock1.denselayer2.norm1.weight': [12],
    'features.denseblock1.denselayer2.conv1.weight': [16, 12, 1, 1],
    'features.denseblock1.denselayer2.conv2.weight': [4, 16, 3, 3],
    'features.transition1.conv.weight': [16, 32, 1, 1],
    'features.norm5.weight': [128],
    'classifier.weight': [5, 128],
  });
  const maps = noGrad(() => model.eval().forward(randn([1, 3, 64, 32])));
  assert.equal(maps.shape, [1, 128, 2, 1]);
  assert.equal(noGrad(() => model.classify(maps)).shape, [1, 5]);
  assert.throws(() => new DenseNet({ depth: 121, narrower: 8 }).classify(maps), /without classes/);
});

test('Inception-v3: names, and the maps of published sizes', () => {
  manualSeed(2);
  const model = new InceptionV3();
  holds(model.stateDict(), {
    'Conv2d_1a_3x3.conv.weight': [32, 3, 3, 3],
    'Mixed_5b.branch5x5_2.conv.weight': [64, 48, 5, 5],
    'Mixed_6b.branch7x7_2.conv.weight': [128, 128, 1, 7],
    'Mixed_6b.branch7x7dbl_2.conv.weight': [128, 128, 7, 1],
    'Mixed_7a.branch7x7x3_4.conv.weight': [192, 192, 3, 3],
    'Mixed_7c.branch3x3dbl_3b.bn.running_mean': [384],
  });
  assert.equal(noGrad(() => model.eval().forward(randn([1, 3, 80, 80]))).shape, [1, 2048, 1, 1]);
});

test('normal numbers beyond two deviations are drawn again', async () => {
  manualSeed(4);
  const data = (await truncatedNormal([200_000], 0.1, gpu).read()) as Float32Array;
  assert.ok(data.every((v) => Math.abs(v) <= 0.2));
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
  // The variance of a normal distribution cut at ±2 is 0.7737 of its own.
  assert.ok(Math.abs(mean) < 1e-3 && Math.abs(variance / 0.01 - 0.7737) < 0.01, `${mean}, ${variance}`);
  const tail = data.filter((v) => Math.abs(v) > 0.195).length / data.length;
  assert.ok(Math.abs(tail - 0.0059) < 0.001, `${tail} near the limit: none are piled up there`);
});

test.run();

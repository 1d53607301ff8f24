import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { init, type Module } from '../../../../engine/nn/index.js';
import { manualSeed } from '../../../../engine/random.js';
import { APNet } from '../../../../reid/models/apnet.js';
import { OSNet } from '../../../../reid/models/backbones/osnet.js';
import { ResNet } from '../../../../reid/models/backbones/resnet.js';
import { Baseline } from '../../../../reid/models/baseline.js';
import { RGA } from '../../../../reid/models/rga.js';
import { closeAfter } from '../../device.js';
import { agrees } from './agrees.js';
import { runtime } from './runtime.js';

const test = suite('onnx models');
closeAfter(test);
const check = runtime ? test : test.skip;

/** Running statistics other than those of a new norm, so that each of them shows. */
function lived<T extends Module>(model: T): T {
  for (const [name, entry] of model.namedBuffers()) {
    if (name.endsWith('running_mean')) init.uniform_(entry as never, -0.2, 0.2);
    if (name.endsWith('running_var')) init.uniform_(entry as never, 0.5, 1.5);
  }
  return model;
}

const small = { width: 8, stem: 'small', stemStride: 2, lastStride: 1 } as const;

check('Baseline, ResNet-18 and ResNet-50', async () => {
  manualSeed(1);
  for (const depth of [18, 50] as const) {
    const model = lived(new Baseline({ ...small, depth }, 5));
    const { parameters, input, outputs } = await agrees(model, [3, 32, 16]);
    const expected = [...model.entries()].map(([name]) => name).filter((name) => !/num_batches|classifier/.test(name));
    assert.equal([...parameters].sort(), expected.sort());
    assert.equal(input.shape, ['batch', 3, 32, 16]);
    assert.equal(outputs, [{ name: 'features', shape: ['batch', model.base.outputs] }]);
    assert.ok(model.training === false);
  }
});

check('the stem of ImageNet, and maps as the output', async () => {
  manualSeed(2);
  const model = lived(new ResNet({ depth: 18, width: 4 }));
  const { outputs } = await agrees(model, [3, 64, 32]);
  assert.equal(outputs[0]!.shape, ['batch', 32, 2, 1]);
});

check('OSNet', async () => {
  manualSeed(3);
  await agrees(lived(new OSNet({ width: 0.25, features: 16 })), [3, 32, 16]);
});

check('RGA: positions and channels, both forms', async () => {
  manualSeed(4);
  const backbone = { ...small, depth: 18 } as const;
  const ratios = { channel: 4, spatial: 2, down: 2 };
  for (const form of ['lowRank', 'naive'] as const) {
    await agrees(lived(new RGA({ height: 32, width: 16, backbone, ratios, form }, 5)), [3, 32, 16]);
  }
});

check('APNet: channels, stripes and parts', async () => {
  manualSeed(5);
  const backbone = { ...small, depth: 18, stemRelu: false } as const;
  await agrees(lived(new APNet({ level: 2, backbone, parts: true }, 5)), [3, 32, 16]);
  const spatial = { height: 32, width: 16, ratios: { channel: 4, spatial: 2, down: 2 } };
  await agrees(lived(new APNet({ level: 2, agent: 'spatial', backbone, spatial, feature: 'logits' }, 5)), [3, 32, 16]);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, type Tensor, tensor } from '../../../engine/index.js';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { FormatError } from '../../../engine/io/index.js';
import { PthArray } from '../../../engine/io/pth-array.js';
import { GAM } from '../../../reid/models/gam.js';
import { GAM_LATE, GAM_R50 } from '../../../reid/models/gam-options.js';
import { type GAMOptions, importGAM, importTable, inferGAM, loadGAM } from '../../../reid/models/index.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

const TINY: GAMOptions = { blocks: [1, 2, 1, 1], width: 8, reduction: 4, embedDim: 24 };

/** A file's arrays: those of a model with weights of its own, under other names. */
async function fileOf(options: GAMOptions, rename = (name: string): string => name): Promise<Map<string, NamedArray>> {
  manualSeed(11);
  const model = new GAM({ ...TINY, ...options });
  return new Map([...(await model.stateArrays())].map(([name, array]) => [rename(name), array]));
}

/** An array as the reader of `.pth` files makes it. */
function pth({ shape, data }: NamedArray): PthArray {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const storage = { key: '0', dtype: 'float32', byteLength: bytes.length, bytes } as const;
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, m) => n * m, 1));
  return new PthArray({ storage, dtype: 'float32', offset: 0, shape, strides, requiresGrad: false });
}

const pictures = () => tensor(fill('gam import', [2, 3, 64, 32], { kind: 'signed', scale: 1 }), [2, 3, 64, 32]);

const features = (model: GAM) => model.eval().forward(pictures()).read();

/** Features of the model that made the file. */
async function originalFeatures(options: GAMOptions): Promise<Float32Array> {
  manualSeed(11);
  return (await features(new GAM({ ...TINY, ...options }))) as Float32Array;
}

const VARIANTS: Readonly<Record<string, GAMOptions>> = {
  dense: { groups: 1 },
  grouped: { groups: 4 },
  'grouped late, with its shortcuts': { ...GAM_LATE, ...TINY, gate: 'mlp' },
  'attention at the ends of stages, a norm and biases': { attentionIn: 'stageEnds', spatialBN: true, gateBias: true },
  'two pooled maps and another filter': { spatialPool: 'mean+max', spatialKernel: 5 },
};

for (const [name, options] of Object.entries(VARIANTS)) {
  test(`a file builds its own network: ${name}`, async () => {
    const { model, rows } = loadGAM(await fileOf(options));
    assert.ok(
      rows.every(({ action }) => action === 'loaded'),
      importTable(rows),
    );
    assert.equal(await features(model), await originalFeatures(options));
  });
}

test('prefixes, wrappers, counters that are missing and what belongs to others', async () => {
  const weights = await fileOf({}, (name) => `module.${name}`);
  for (const name of [...weights.keys()]) if (name.endsWith('num_batches_tracked')) weights.delete(name);
  const zeros = (...shape: number[]): NamedArray => ({
    dtype: 'float32',
    shape,
    data: new Float32Array(shape.reduce((n, m) => n * m, 1)),
  });
  weights.set('module.CNN.base.fc.weight', zeros(1000, 256));
  weights.set('module.V', zeros(5, 24));
  const read = new Map([...weights].map(([name, array]) => [name, pth(array)]));
  const { model, rows } = loadGAM(
    new Map<string, unknown>([
      ['state_dict', read],
      ['epoch', 3],
    ]),
  );
  const others = rows.filter(({ action }) => action !== 'loaded').map(({ name, action }) => [name, action]);
  assert.equal(others, [
    ['CNN.base.fc.weight', 'left out'],
    ['V', 'left out'],
  ]);
  assert.equal(await features(model), await originalFeatures({}));
});

test('attention under other names is found by its shapes and its block', async () => {
  const names: readonly (readonly [string, string])[] = [
    ['.gam.fc1.', '.cbam.ChannelGate.mlp.1.'],
    ['.gam.fc2.', '.cbam.ChannelGate.mlp.3.'],
    ['.gam.spatial.', '.cbam.SpatialGate.spatial.conv.'],
    ['.gam.spatial_bn.', '.cbam.SpatialGate.spatial.bn.'],
    ['CNN.base.', ''],
  ];
  const options: GAMOptions = { gateBias: true, spatialBN: true, spatialPool: 'mean+max' };
  const weights = await fileOf(options, (name) =>
    names.reduce((text, [ours, theirs]) => text.replace(ours, theirs), name),
  );
  // Linear layers where ours are 1×1 convolutions.
  for (const [name, array] of weights) {
    if (/mlp\.\d\.weight/.test(name)) weights.set(name, { ...array, shape: array.shape.slice(0, 2) } as NamedArray);
  }
  const { options: inferred } = inferGAM(weights);
  assert.equal(
    [inferred.groups, inferred.reduction, inferred.gateBias, inferred.spatialBN, inferred.spatialPool, inferred.blocks],
    [4, 4, true, true, 'mean+max', [1, 2, 1, 1]],
  );
  assert.equal(await features(loadGAM(weights).model), await originalFeatures(options));
});

test('a dense file is refused by a grouped network before anything is taken over', async () => {
  manualSeed(3);
  const model = new GAM(TINY);
  const before = await features(model);
  const dense = await fileOf({ groups: 1 });
  assert.throws(
    () => importGAM(model, dense, { allowPartial: true }),
    (error: Error) =>
      error instanceof FormatError &&
      /layer1\.0\.conv1\.weight \[8, 8, 1, 1\].*8 channels a group.*reads 2/.test(error.message),
  );
  assertClose(await features(model), before as Float32Array, 0, 'untouched');
});

test('a trunk that does not match in full is refused with the table, and taken where it is allowed', async () => {
  const weights = await fileOf({});
  weights.delete('CNN.base.layer2.1.bn2.weight');
  const model = new GAM(TINY);
  assert.throws(() => importGAM(model, weights), /1 tensors of the trunk.*\n.*layer2\.1\.bn2\.weight.*missing/s);
  const rows = importGAM(model, weights, { allowPartial: true });
  assert.equal(
    rows.filter(({ action }) => action === 'missing').map(({ name }) => name),
    ['CNN.base.layer2.1.bn2.weight'],
  );
  const wanted = weights.get('CNN.base.conv1.weight')!;
  const entry = new Map(model.entries()).get('CNN.base.conv1.weight') as Tensor;
  assert.equal(await entry.read(), wanted.data);
  assert.throws(() => inferGAM(new Map([['head.weight', wanted]])), /no bottleneck network/);
  const broken = await fileOf({});
  const kernel = broken.get('CNN.base.layer1.0.conv1.weight')!;
  broken.set('CNN.base.layer1.0.conv1.weight', { ...kernel, shape: [8, 3, 1, 1] } as NamedArray);
  assert.throws(() => inferGAM(broken), /does not divide its 8 inputs/);
});

test('the preset’s switches are what its own shapes say', async () => {
  const options = { ...GAM_R50, ...TINY };
  assert.equal(inferGAM(await fileOf({})).options, options);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, Tensor, tensor } from '../../../engine/index.js';
import { type NamedArray, toFloat32 } from '../../../engine/io/arrays.js';
import { FormatError } from '../../../engine/io/index.js';
import { PthArray } from '../../../engine/io/pth-array.js';
import { type Module, Parameter } from '../../../engine/nn/index.js';
import { APNet } from '../../../reid/models/apnet.js';
import { DenseNet } from '../../../reid/models/backbones/densenet.js';
import { ResNet } from '../../../reid/models/backbones/resnet.js';
import { apnetNames, exportAPNet, importAPNet } from '../../../reid/models/checkpoints/apnet.js';
import { importFGReID, importTrunk } from '../../../reid/models/checkpoints/fgreid.js';
import { importImageNet } from '../../../reid/models/checkpoints/imagenet.js';
import { type ImportRow, importTable } from '../../../reid/models/checkpoints/import.js';
import { importRGA } from '../../../reid/models/checkpoints/rga.js';
import { ClipAttention } from '../../../reid/models/fgreid/clip-attention.js';
import { FGReID } from '../../../reid/models/fgreid/fgreid.js';
import { RGA } from '../../../reid/models/rga.js';
import { closeAfter } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { NO_STEM_RELU, tinyAPNet, tinyRGA } from './tiny.js';

closeAfter(test);

/** An array as the reader of `.pth` files makes it. */
function pth(shape: readonly number[], data: Float32Array): PthArray {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const storage = { key: '0', dtype: 'float32', byteLength: bytes.length, bytes } as const;
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, m) => n * m, 1));
  return new PthArray({ storage, dtype: 'float32', offset: 0, shape, strides, requiresGrad: false });
}

/** Arrays with other numbers than any model begins with, by name. */
const stored = (shapes: Iterable<readonly [string, readonly number[]]>): Map<string, PthArray> =>
  new Map(
    [...shapes].map(([name, shape]) => [
      name,
      pth(shape, fill(`stored/${name}`, shape, { kind: 'range', lo: 1, hi: 2 })),
    ]),
  );

/** Names and shapes of what PyTorch before 0.4.1 saves of a model: all but counters. */
const oldNames = (model: Module): [string, readonly number[]][] =>
  [...model.entries()].flatMap(([name, entry]): [string, readonly number[]][] =>
    entry instanceof Tensor ? [[name, entry.shape]] : [],
  );

const rowOf = (rows: readonly ImportRow[], name: string) => rows.find((row) => row.name === name);
const actions = (rows: readonly ImportRow[]) => {
  const counts: Record<string, number> = {};
  for (const { action } of rows) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
};

/** Whether a model's entry holds what `stored` gave it. */
async function holds(model: Module, name: string, from = name): Promise<boolean> {
  const entry = new Map(model.entries()).get(name) as Tensor;
  const want = fill(`stored/${from}`, entry.shape, { kind: 'range', lo: 1, hi: 2 });
  return (await entry.read()).every((value, i) => value === want[i]);
}

/** The original RGA's file: a dict around the state dict, made by DataParallel or not. */
const rgaFile = (weights: Map<string, PthArray>, prefix = ''): Map<string, unknown> =>
  new Map<string, unknown>([
    ['state_dict', new Map([...weights].map(([name, array]) => [prefix + name, array]))],
    ['epoch', 600],
    ['best_top1', 0],
    [
      'optimizer',
      new Map<string, unknown>([['state', new Map([[0, new Map([['exp_avg', pth([1], new Float32Array(1))]])]])]]),
    ],
  ]);

test('a file of the original RGA loads whole, with and without the prefix of DataParallel, and without counters', async () => {
  for (const prefix of ['', 'module.', 'module.module.']) {
    const model = tinyRGA();
    const rows = importRGA(model, rgaFile(stored(oldNames(model)), prefix));
    assert.equal(actions(rows), { loaded: oldNames(model).length });
    assert.ok(await holds(model, 'backbone.rga_att2.W_channel.4.running_var'));
    assert.ok(await holds(model, 'cls.weight'));
    assert.match(importTable(rows), /^\d+ of \d+ names loaded\.$/);
  }
});

test('a classifier of another number of identities keeps its start, and the table says so', async () => {
  const model = tinyRGA();
  const before = await model.cls.weight.read();
  const other = new RGA(
    { height: 32, width: 16, backbone: { ...NO_STEM_RELU }, ratios: { channel: 2, spatial: 4, down: 2 } },
    9,
  );
  const weights = stored(oldNames(other));
  weights.set('extra.weight', pth([2], new Float32Array(2)));
  weights.delete('feat_bn.weight');
  const rows = importRGA(model, rgaFile(weights));
  assert.equal(rowOf(rows, 'cls.weight'), {
    name: 'cls.weight',
    expected: [4, 64],
    found: [9, 64],
    action: 'other shape',
  });
  assert.equal(rowOf(rows, 'extra.weight'), {
    name: 'extra.weight',
    expected: undefined,
    found: [2],
    action: 'unknown',
  });
  assert.equal(rowOf(rows, 'feat_bn.weight')!.action, 'missing');
  assert.equal(await model.cls.weight.read(), before);
  assert.ok(await holds(model, 'backbone.conv1.weight'));
  const table = importTable(rows);
  assert.match(table, /\d+ of \d+ names loaded; the others:\n {2}name +in the model +in the file +action\n/);
  assert.match(table, /cls\.weight +\[4, ?64\] +\[9, ?64\] +other shape/);
  assert.match(table, /feat_bn\.weight +\[64\] +– +missing/);
});

test('a file of another model is refused by what it begins with', () => {
  const weights = new Map([['encoder.weight', pth([2], new Float32Array(2))]]);
  assert.throws(
    () => importRGA(tinyRGA(), rgaFile(weights)),
    (error: Error) =>
      error instanceof FormatError && /encoder\.weight; the model with backbone\.conv1\.weight/.test(error.message),
  );
  assert.throws(() => importRGA(tinyRGA(), new Map([['epoch', 3]])), /no state dict in it/);
});

/** The original APNet's file, with the backbone under both of its names. */
const apnetFile = (model: APNet, change: (all: Map<string, PthArray>) => void = () => {}): Map<string, unknown> => {
  const first = stored(oldNames(model));
  const all = new Map(
    apnetNames(model).flatMap(({ name, of }) => (first.has(of) ? [[name, first.get(of)!] as const] : [])),
  );
  change(all);
  return new Map<string, unknown>([
    ['model', all],
    ['optimizer', new Map()],
  ]);
};

test('a file of the original APNet loads under its first names; the second ones are left out', async () => {
  const model = tinyAPNet();
  const rows = importAPNet(model, apnetFile(model));
  const aliases = apnetNames(model).filter(({ name, of }) => name !== of && !name.endsWith('tracked')).length;
  assert.equal(actions(rows), { loaded: oldNames(model).length, 'left out': aliases });
  assert.equal(rowOf(rows, 'base_3.0.1.bn2.weight')!.action, 'left out');
  assert.ok(await holds(model, 'base.layer2.1.bn2.weight'));
  assert.ok(await holds(model, 'att_s3.fc2.bias'));
});

test('where the second name differs it wins, as in PyTorch, and the row says so; it alone is enough', async () => {
  const model = tinyAPNet();
  const value = new Float32Array(model.base.bn1.weight!.size).fill(7);
  const rows = importAPNet(
    model,
    apnetFile(model, (all) => all.set('base_1.1.weight', pth([value.length], value))),
  );
  assert.equal(rowOf(rows, 'base.bn1.weight')!.action, 'loaded from alias');
  assert.ok((await model.base.bn1.weight!.read()).every((v) => v === 7));
  const again = tinyAPNet();
  const alone = importAPNet(
    again,
    apnetFile(again, (all) => void all.delete('base.layer4.1.conv2.weight')),
  );
  assert.equal(rowOf(alone, 'base.layer4.1.conv2.weight')!.action, 'loaded');
  assert.ok(await holds(again, 'base.layer4.1.conv2.weight'));
});

test('what is written has both names in the original order, counters too, and loads again to the same numbers', async () => {
  const model = tinyAPNet();
  importAPNet(model, apnetFile(model));
  const arrays = await exportAPNet(model);
  const names = [...arrays.keys()];
  assert.equal(
    names,
    apnetNames(model).map(({ name }) => name),
  );
  assert.is(names.length, new Set(names).size);
  assert.equal(arrays.get('base_1.1.num_batches_tracked')!.dtype, 'int64');
  assert.equal(arrays.get('base_2.0.0.conv1.weight'), arrays.get('base.layer1.0.conv1.weight'));
  const copy = new APNet({ level: 2, backbone: NO_STEM_RELU }, 4);
  const rows = importAPNet(copy, arrays);
  assert.not(rows.some(({ action }) => action !== 'loaded' && action !== 'left out'));
  const [a, b] = [await model.stateArrays(), await copy.stateArrays()];
  for (const [name, { data }] of a) assert.equal(b.get(name)!.data, data, name);
});

test('ImageNet’s ResNet goes into the backbones of all models, its classifier is left out', async () => {
  const torchvision = stored([
    ...oldNames(new ResNet({ depth: 18, width: 8, stem: 'small', stemStride: 1 })),
    ['fc.weight', [1000, 64]],
    ['fc.bias', [1000]],
  ]);
  const rga = tinyRGA();
  const apnet = tinyAPNet({ parts: true });
  for (const backbone of [rga.backbone, apnet.base]) {
    const rows = importImageNet(backbone, torchvision);
    assert.equal(
      [rowOf(rows, 'fc.weight')!.action, rowOf(rows, 'layer1.0.conv1.weight')!.action],
      ['left out', 'loaded'],
    );
    assert.ok(
      rows.every(({ name, action }) => action !== 'missing' || name.startsWith('rga_att')),
      'attention alone begins anew',
    );
    assert.not(rows.some(({ action }) => action === 'unknown' || action === 'other shape'));
    assert.ok(await holds(backbone, 'layer4.1.bn2.running_var'));
  }
  apnet.copyLastStage();
  assert.ok(await holds(apnet, 'part_layer4.1.bn2.running_var', 'layer4.1.bn2.running_var'));
});

test('names that DenseNet’s public files write with dots are understood', async () => {
  const model = new DenseNet({ depth: 121, narrower: 8 });
  const dotted = stored(
    oldNames(model).map(
      ([name, shape]) => [name.replace(/(denselayer\d+\.(?:norm|conv))([12])\./, '$1.$2.'), shape] as const,
    ),
  );
  assert.ok(dotted.has('features.denseblock1.denselayer1.norm.1.weight'));
  assert.equal(actions(importImageNet(model, dotted)), { loaded: oldNames(model).length });
});

test('arrays of other element types are converted', async () => {
  manualSeed(1);
  const model = tinyRGA();
  const weights = new Map<string, NamedArray>(stored(oldNames(model)));
  const double = Float64Array.from({ length: 64 }, (_, i) => i / 8);
  weights.set('feat_bn.weight', { dtype: 'float64', shape: [64], data: double });
  importRGA(model, weights);
  assert.equal(await model.feat_bn.weight!.read(), toFloat32(weights.get('feat_bn.weight')!, 'feat_bn.weight'));
  assert.ok(model.feat_bn.weight instanceof Parameter);
});

const TINY_TRUNK = { depth: 50, width: 4, lastStride: 1 } as const;
const tinyFGReID = (identities: number) => new FGReID({ backbone: TINY_TRUNK, channels: 8, inner: 4 }, identities);

test('FGReID: a checkpoint loads; of a warm start the classifier is left out, of an old file its centres', async () => {
  const model = tinyFGReID(5);
  const file = new Map([['state_dict', stored(oldNames(model))]]);
  assert.equal(actions(importFGReID(model, file)), { loaded: 330 + 2 * (106 + 2) });
  assert.ok(await holds(model, 'base_mars.7.2.bn3.running_var'));
  const weights = stored([...oldNames(model), ['centers.centers', [5, 16]]]);
  const rows = importFGReID(tinyFGReID(9), weights, { warmStart: true });
  assert.is(rowOf(rows, 'classifier.weight')?.action, 'left out');
  assert.is(rowOf(rows, 'centers.centers')?.action, 'left out');
});

test('FGReID: a trunk is taken from torchvision, from the predecessor, and from a model of two trunks by name', async () => {
  const model = tinyFGReID(5);
  const net = new ResNet({ depth: 50, width: 4 });
  const imagenet = stored([...oldNames(net), ['fc.weight', [1000, 128]]]);
  assert.is(actions(importTrunk(model.base, imagenet)).loaded, 159 + 2 * 53);
  assert.ok(await holds(model, 'base.7.0.downsample.0.weight', 'layer4.0.downsample.0.weight'));
  const before = new ClipAttention({ backbone: TINY_TRUNK, map: [2, 1], inner: 4 }, 3);
  importTrunk(model.base_mars, stored(oldNames(before)));
  assert.ok(await holds(model, 'base_mars.4.0.conv1.weight', 'base.4.0.conv1.weight'));
  const two = stored(oldNames(model));
  assert.throws(() => importTrunk(model.base_mars, two), /two trunks, base and base_mars/);
  importTrunk(model.base_mars, two, { from: 'base_mars' });
  assert.ok(await holds(model, 'base_mars.1.weight'));
});

test("ClipAttention: names are the original's; frames of another size are refused", () => {
  const model = new ClipAttention({ backbone: TINY_TRUNK, map: [2, 1], inner: 4 }, 3);
  const heads = [...model.stateDict().keys()].filter((name) => !name.startsWith('base.'));
  assert.equal(heads, [
    'attention_conv.weight',
    'attention_conv.bias',
    'attention_tconv.weight',
    'attention_tconv.bias',
    'classifier.bn.weight',
    'classifier.bn.bias',
    'classifier.bn.running_mean',
    'classifier.bn.running_var',
    'classifier.bn.num_batches_tracked',
    'classifier.classifier.weight',
  ]);
  const clips = (height: number) => tensor(new Float32Array(2 * 3 * 3 * height * 16), [2, 3, 3, height, 16]);
  assert.equal(model.losses(clips(32)).logits[0]!.shape, [2, 3]);
  assert.throws(() => model.forward(clips(64)), /maps of 2×1, it was given frames whose maps are 4×1/);
});

test.run();

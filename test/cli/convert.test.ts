import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConvertReport } from '../../cli/convert-report.js';
import { manualSeed, openGpu } from '../../engine/index.js';
import type { NamedArray } from '../../engine/io/arrays.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import { readPth, readSafetensors, stateDictOf, writePth, writeSafetensors } from '../../engine/io/index.js';
import { overrideRecipe, recipeCalled } from '../../reid/recipes/index.js';
import { buildModel } from '../../reid/training/model.js';
import { readOnnx } from '../engine/io/onnx/read-onnx.js';
import { differing } from '../reid/training/differing.js';
import { fail, folderFor, run, succeed } from './command-line.js';

const folder = folderFor(test);
const at = (...names: string[]): string => join(folder, ...names);

/** A baseline that is small, for 7 identities, and what `--recipe` and `--set` have to say to mean it. */
const CHANGES = ['model.width=4', 'input.height=32', 'input.width=16'];
const ASKED = ['--recipe', 'baseline', ...CHANGES.flatMap((change) => ['--set', change])];
const IDENTITIES = 7;

let weights: Map<string, NamedArray>;

test.before(async () => {
  const recipe = overrideRecipe(recipeCalled('baseline'), CHANGES);
  const gpu = await openGpu();
  manualSeed(1);
  weights = await buildModel(recipe, IDENTITIES).stateArrays();
  gpu.close();
  const facts = { recipe, data: 'synthetic', seed: 1, identities: IDENTITIES, rawPixels: {}, untrained: {} };
  const position = { epoch: 3, batch: 0, step: 9 };
  const meta = { facts, position, random: { seed: 1, draws: 0 }, seconds: 1, optimiser: { kind: 'adam', step: 9 } };
  const half: NamedArray = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
  const tensors = [
    ...[...weights].map(([name, array]) => [`model.${name}`, array] as const),
    ['optimiser.x.m', half] as const,
  ];
  mkdirSync(at('run'));
  await writeFileAtomically(
    at('run', 'checkpoint.safetensors'),
    writeSafetensors(tensors, { format: 'reid-webgpu checkpoint 1', run: JSON.stringify(meta) }),
  );
  await writeFileAtomically(at('plain.pth'), writePth([...weights].map(([name, array]) => [`module.${name}`, array])));
});

const report = async (...args: string[]): Promise<ConvertReport> =>
  JSON.parse((await succeed('convert', ...args, '--json')).stdout) as ConvertReport;

test("convert: a run's weights to safetensors and to PyTorch, to the bit", async () => {
  const text = await succeed('convert', at('run'), at('new', 'weights.safetensors'));
  assert.match(text.stdout, /base\.conv1\.weight +\[4, 3, 3, 3\] +float32/);
  assert.match(text.stdout, 'left out: the optimiser (1 arrays), how far training went (epoch 3)');
  assert.match(text.stdout.trimEnd().split('\n').at(-1)!, /^next: node cli\/evaluate\.js /);
  const { tensors, metadata } = await readSafetensors(readFileSync(at('new', 'weights.safetensors')));
  assert.equal(differing(tensors, weights), []);
  assert.is(metadata.format, 'pt');
  const made = await report(at('new', 'weights.safetensors'), at('new', 'weights.pth'));
  assert.equal([made.from.kind, made.to?.written, made.arrays.length], ['safetensors', true, weights.size]);
  const read = stateDictOf((await readPth(readFileSync(at('new', 'weights.pth')))).value);
  assert.equal(differing(read, weights), []);
  assert.equal([...read.keys()], [...weights.keys()]);
});

test('convert: a whole model to ONNX, from a run, from its weights, and from a file of PyTorch with a recipe', async () => {
  const { onnx, model } = await report(at('run'), at('run.onnx'));
  assert.equal(onnx!.input, { name: 'images', shape: ['batch', 3, 32, 16] });
  assert.equal(onnx!.output, { name: 'features', shape: ['batch', 32] });
  assert.equal(model, { recipe: 'baseline', identities: IDENTITIES, counts: { loaded: weights.size } });
  await succeed('convert', at('run'), at('run.safetensors'));
  await succeed('convert', at('run.safetensors'), at('weights.onnx'));
  await succeed('convert', at('plain.pth'), at('plain.onnx'), ...ASKED);
  const file = readFileSync(at('run.onnx'));
  for (const other of ['weights.onnx', 'plain.onnx']) assert.ok(file.equals(readFileSync(at(other))), other);
  const { producer, version, metadata, initialisers, opset } = readOnnx(file);
  assert.equal([producer, opset], ['reid-webgpu', 17]);
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.equal(
    ['recipe', 'height', 'width', 'features', 'distance'].map((key) => metadata.get(key)),
    ['baseline', '32', '16', '32', 'cosine'],
  );
  assert.equal(JSON.parse(metadata.get('mean')!), [0.485, 0.456, 0.406]);
  assert.equal(initialisers.get('base.conv1.weight')!.data, weights.get('base.conv1.weight')!.data);
  assert.not.ok(initialisers.has('classifier.weight'), 'the classifier, on which features do not depend');
  const fixed = await report(at('run'), at('fixed.onnx'), '--batch', '2', '--opset', '18', '--dry-run');
  assert.equal([fixed.onnx!.input.shape[0], fixed.onnx!.opset, fixed.to!.written], [2, 18, false]);
  assert.not.ok(existsSync(at('fixed.onnx')));
});

test('convert: the table says what fits a recipe', async () => {
  const cut = new Map(weights);
  cut.delete('base.bn1.bias');
  cut.set('base.bn1.weight', { dtype: 'float32', shape: [5], data: new Float32Array(5) });
  cut.set('extra', { dtype: 'int64', shape: [], data: BigInt64Array.of(4n) });
  await writeFileAtomically(at('cut.safetensors'), writeSafetensors(cut));
  const { arrays, model, to } = await report(at('cut.safetensors'), '--dry-run', ...ASKED);
  const rows = new Map(arrays.map((row) => [row.name, row]));
  assert.equal(
    ['base.conv1.weight', 'base.bn1.weight', 'base.bn1.bias', 'extra'].map((name) => rows.get(name)!.match),
    ['loaded', 'other shape', 'missing', 'unknown'],
  );
  assert.equal(rows.get('base.bn1.weight')!.expected, [4]);
  assert.equal([model!.identities, to], [IDENTITIES, undefined]);
  const words = ['no weights for base.bn1.weight and 1 more of baseline', 'random numbers'];
  await fail(1, words, 'convert', at('cut.safetensors'), at('cut.onnx'), ...ASKED);
  await fail(1, ['none of the', 'rga-small'], 'convert', at('plain.pth'), at('cut.onnx'), '--recipe', 'rga-small');
  assert.not.ok(existsSync(at('cut.onnx')));
});

test('convert: nothing is overwritten unasked, and nothing is left behind', async () => {
  writeFileSync(at('there.pth'), 'precious');
  await fail(2, ['is there already', '--force'], 'convert', at('run'), at('there.pth'));
  assert.is(readFileSync(at('there.pth'), 'utf8'), 'precious');
  await succeed('convert', at('run'), at('there.pth'), '--dry-run');
  assert.is(readFileSync(at('there.pth'), 'utf8'), 'precious');
  await succeed('convert', at('run'), at('there.pth'), '--force');
  assert.is(stateDictOf((await readPth(readFileSync(at('there.pth')))).value).size, weights.size);
  const own = at('run', 'checkpoint.safetensors');
  await fail(2, ['is what is to be converted'], 'convert', at('run'), own, '--force');
  assert.equal(
    [...readdirSync(at('run')), ...readdirSync(folder)].filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('convert: wrong use', async () => {
  writeFileSync(at('text.pth'), 'no weights at all');
  await fail(2, ['IN OUT', '--help'], 'convert', at('run'));
  await fail(2, ['told by its ending', '.onnx'], 'convert', at('run'), at('x.bin'));
  await fail(2, ['is not there'], 'convert', at('nowhere'), at('x.pth'));
  await fail(1, ['text.pth', 'no file of torch.save'], 'convert', at('text.pth'), at('x.safetensors'));
  await fail(2, ['does not say which model', '--recipe'], 'convert', at('plain.pth'), at('x.onnx'));
  await fail(2, ['Did you mean baseline?'], 'convert', at('plain.pth'), at('x.onnx'), '--recipe', 'baselin');
  await fail(2, ['--opset must be', '17 to 21'], 'convert', at('run'), at('x.onnx'), '--opset', '12');
  await fail(2, ['--batch is for .onnx'], 'convert', at('run'), at('x.pth'), '--batch', '2');
  await fail(1, ["no 'ema'", '--path'], 'convert', at('plain.pth'), at('x.pth'), '--path', 'ema/net');
  const help = await run('convert', '--help');
  assert.equal([help.code, help.stderr], [0, '']);
  assert.match(help.stdout, '--dry-run');
});

test.run();

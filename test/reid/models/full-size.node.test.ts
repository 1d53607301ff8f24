import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Module, Parameter } from '../../../engine/nn/index.js';
import { Tensor } from '../../../engine/tensor.js';
import { APNet } from '../../../reid/models/apnet.js';
import { DenseNet } from '../../../reid/models/backbones/densenet.js';
import { InceptionV3 } from '../../../reid/models/backbones/inception.js';
import { ResNeSt } from '../../../reid/models/backbones/resnest.js';
import { SEResNet } from '../../../reid/models/backbones/se-resnet.js';
import { apnetNames } from '../../../reid/models/checkpoints/apnet.js';
import { RGA } from '../../../reid/models/rga.js';
import { closeAfter } from '../../engine/device.js';
import { loadJson } from '../../fixture.js';
import { fnv1a32 } from '../../golden/fill.js';
import { entryNames } from '../../parity/systems/names.js';

// In Node alone: nothing is computed, and some hundred megabytes of weights are drawn.

closeAfter(test);

interface Names {
  readonly entries: number;
  /** FNV-1a of the names, shapes and types as JSON. */
  readonly hash: number;
  readonly classes: number;
  readonly parameters: number | null;
  readonly trained: number | null;
}

const names = (await loadJson('model-names.json')) as Readonly<Record<string, Names>>;

/** Gives a model's memory back to the pool. */
function release(model: Module): void {
  for (const [, entry] of model.entries()) if (entry instanceof Tensor) entry.storage.release();
}

/** Numbers in all parameters, and in those that are trained. */
function countOf(model: Module): { readonly all: number; readonly trained: number } {
  const parameters = [...model.entries()].map(([, entry]) => entry).filter((entry) => entry instanceof Parameter);
  const count = (list: readonly Parameter[]) => list.reduce((sum, { size }) => sum + size, 0);
  return { all: count(parameters), trained: count(parameters.filter(({ requiresGrad }) => requiresGrad)) };
}

for (const branch of ['sc', 's', 'c'] as const) {
  test(`RGA-${branch.toUpperCase()} at the paper's size has the original's names, order, shapes and numbers`, () => {
    const want = names[`rga-${branch}`]!;
    const model = new RGA({ height: 256, width: 128, branch }, want.classes);
    assert.is(model.stateDict().size, want.entries);
    assert.is(fnv1a32(JSON.stringify(entryNames(model))), want.hash);
    const { all, trained } = countOf(model);
    assert.equal([all, trained], [want.parameters, want.trained]);
    const published = { sc: 31_397_040, s: 28_306_744, c: 28_173_240 };
    assert.is(all + 2048 * (767 - want.classes), published[branch], 'with the 767 identities of CUHK03');
    assert.is(all - trained, 2048, 'the shift of the last norm is frozen');
    release(model);
  });
}

for (const level of [0, 1, 2, 3] as const) {
  test(`APNet-C${level} has the original's names, order, shapes and numbers, second names included`, () => {
    const want = names[`apnet-level${level}`]!;
    const model = new APNet({ level, radix: 'level' }, want.classes);
    const listed = apnetNames(model).map(({ name, shape }) => [
      name,
      shape,
      name.endsWith('num_batches_tracked') ? 'int64' : 'float32',
    ]);
    assert.is(listed.length, want.entries);
    assert.is(fnv1a32(JSON.stringify(listed)), want.hash);
    const { all, trained } = countOf(model);
    if (want.parameters !== null) assert.equal([all, trained], [want.parameters, want.trained]);
    const published = [25_050_176, 25_112_640, 29_311_200][level];
    if (published) assert.is(all + 2048 * (751 - want.classes), published, 'with the 751 identities of Market-1501');
    release(model);
  });
}

test('the other backbones have as many parameters as the public ones', () => {
  const counts: [() => Module, number][] = [
    [() => new SEResNet(), 26_022_976],
    [() => new ResNeSt(), 25_434_240],
    [() => new ResNeSt({ classes: 1000 }), 27_483_240],
    [() => new DenseNet({ depth: 121 }), 6_953_856],
    [() => new DenseNet({ depth: 169 }), 12_484_480],
    [() => new DenseNet({ depth: 201 }), 18_092_928],
    [() => new DenseNet({ depth: 161 }), 26_472_000],
    [() => new InceptionV3({ classes: 1000 }), 27_161_264],
  ];
  for (const [make, want] of counts) {
    const model = make();
    assert.is(countOf(model).all, want, model.constructor.name);
    release(model);
  }
});

test.run();

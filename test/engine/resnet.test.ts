import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { randn } from '../../engine/random.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor, write } from '../../engine/tensor.js';
import { ResNet, type ResNetDepth, type ResNetOptions } from '../../reid/models/backbones/resnet.js';
import { loadJson } from '../fixture.js';
import { type FillRule, fill } from '../golden/fill.js';
import type { GoldenValue } from '../parity/case.js';
import { compare } from '../parity/compare.js';
import { closeAfter } from './device.js';

const test = suite('ResNet');
closeAfter(test);

const names = (await loadJson('state-dicts.json')) as Record<string, [string, number[]][]>;

for (const depth of [18, 50] as const) {
  test(`ResNet-${depth} has torchvision's names, order and shapes`, () => {
    // A sixteenth of the width, to be quick: all channels but the image's three are a sixteenth too.
    const narrow = (shape: readonly number[]) => shape.map((n, i) => (i < 2 && n !== 3 ? n / 16 : n));
    const listed = [...new ResNet({ depth, width: 4 }).stateDict()].map(([name, { shape }]) => [name, shape]);
    assert.equal(
      listed,
      names[`resnet${depth}`]!.map(([name, shape]) => [name, narrow(shape)]),
    );
  });
}

test('ResNet-34, 101 and 152 have as many entries as torchvision, less the two of the classifier', () => {
  for (const [depth, entries] of [
    [34, 216],
    [101, 624],
    [152, 930],
  ] as const) {
    assert.is(new ResNet({ depth, width: 1 }).stateDict().size, entries);
  }
});

test('width, last stride and stem shape the features', () => {
  const shapes = (options: ResNetOptions, height: number, width: number) => {
    const model = new ResNet({ width: 32, ...options });
    const y = noGrad(() => model.eval().forward(randn([1, 3, height, width])));
    assert.is(y.shape[1], model.outputs);
    return y.shape;
  };
  assert.equal(shapes({ depth: 18 }, 128, 64), [1, 256, 4, 2]);
  assert.equal(shapes({ depth: 50, lastStride: 1 }, 128, 64), [1, 1024, 8, 4]);
  assert.equal(shapes({ depth: 18, stem: 'small' }, 32, 16), [1, 256, 4, 2]);
  assert.equal(shapes({ depth: 18, stem: 'small', stemStride: 2, lastStride: 1 }, 64, 32), [1, 256, 8, 4]);
});

interface Golden {
  readonly depth: ResNetDepth;
  readonly width: number;
  /** The last norm. */
  readonly last: string;
  readonly eval: GoldenValue;
  readonly train: GoldenValue;
  readonly running_var: GoldenValue;
  readonly grads: Readonly<Record<string, GoldenValue>>;
}

const { cases } = (await loadJson('resnet.json')) as { cases: readonly Golden[] };

function ruleOf(name: string, shape: readonly number[]): FillRule {
  if (name.endsWith('bn3.weight')) return { kind: 'range', lo: 0.1, hi: 0.3 };
  if (name.endsWith('weight') && shape.length > 1) return { kind: 'weight', g: 1 };
  if (/weight|running_var$/.test(name)) return { kind: 'range', lo: 0.75, hi: 1.25 };
  return { kind: 'signed', scale: 0.1 };
}

for (const golden of cases) {
  test(`ResNet-${golden.depth} computes what torchvision does, forward and back`, async () => {
    const model = new ResNet(golden);
    for (const [name, t] of model.stateDict()) {
      if (t.dtype === 'float32') write(t, fill(`7/${name}`, t.shape, ruleOf(name, t.shape)));
    }
    const signed = (name: string, shape: readonly number[]) =>
      tensor(fill(name, shape, { kind: 'signed', scale: 1.5 }), shape);
    const agree = async (t: Tensor, want: GoldenValue, l2: number, what: string) => {
      const { reason } = compare(await t.read(), t.shape, want, { l2 });
      assert.is(reason, undefined, `${what}: ${reason}`);
    };
    const x = signed('7/input', [1, 3, 128, 64]);
    const y = model.eval().forward(x);
    await agree(y, golden.eval, 1e-4, 'features');
    const inferred = noGrad(() => model.forward(x));
    await agree(inferred, golden.eval, 1e-4, 'features without gradients');
    backward(y, { gradient: signed('7/upstream', y.shape) });
    const parameters = new Map(model.namedParameters());
    for (const [name, want] of Object.entries(golden.grads)) await agree(parameters.get(name)!.grad!, want, 1e-3, name);
    model.zeroGrad();
    await agree(
      noGrad(() => model.train().forward(x)),
      golden.train,
      1e-3,
      'features in training',
    );
    await agree(model.stateDict().get(`${golden.last}.running_var`)!, golden.running_var, 1e-3, 'running variance');
  });
}

test.run();

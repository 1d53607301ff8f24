import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import type { NamedArray } from '../../engine/io/arrays.js';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Identity,
  Linear,
  loadTable,
  Module,
  ModuleList,
  Parameter,
  ReLU,
  Sequential,
  StateDictError,
} from '../../engine/nn/index.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import { exp, relu } from '../../engine/ops/unary.js';
import { slice } from '../../engine/ops/view.js';
import { manualSeed, randn } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

const test = suite('modules');
closeAfter(test);

class Block extends Module {
  readonly fc1 = new Linear(4, 4, { bias: false });
  readonly bn1 = new BatchNorm1d(4);
  readonly scale = new Parameter(tensor([2]));
  readonly seen = tensor([0, 0]).keep();
  readonly heads = [new Linear(4, 2), new Linear(4, 3)];
  readonly #hidden = new Linear(4, 4);
  readonly note = 'not a member';

  forward(x: Tensor): Tensor {
    return mul(add(relu(this.bn1.forward(this.fc1.forward(x))), x), this.scale);
  }

  get hidden(): Linear {
    return this.#hidden;
  }
}

const BLOCK = [
  'scale',
  'seen',
  'fc1.weight',
  'bn1.weight',
  'bn1.bias',
  'bn1.running_mean',
  'bn1.running_var',
  'bn1.num_batches_tracked',
  'heads.0.weight',
  'heads.0.bias',
  'heads.1.weight',
  'heads.1.bias',
];

test('members are found by property, in order: parameters, buffers, children', () => {
  const block = new Block();
  assert.equal([...block.stateDict().keys()], BLOCK);
  assert.equal(
    [...block.namedBuffers()].map(([name]) => name),
    BLOCK.filter((name) => /seen|running|num_/.test(name)),
  );
  assert.is(block.parameters().length, 8);
  assert.equal(
    [...block.namedModules('a')].map(([name]) => name),
    ['a', 'a.fc1', 'a.bn1', 'a.heads.0', 'a.heads.1'],
  );
  assert.ok(block.parameters().every((p) => p.requiresGrad && p.storage.kept));
  assert.ok(block.hidden instanceof Linear);
});

test('containers name their children as PyTorch does', () => {
  const layers = [new Linear(1, 1, { bias: false }), new ReLU(), new Linear(1, 1, { bias: false })];
  assert.equal([...new Sequential(...layers).stateDict().keys()], ['0.weight', '2.weight']);
  assert.equal([...new Sequential({ first: layers[0]!, relu: layers[1]! }).stateDict().keys()], ['first.weight']);
  const list = new ModuleList(layers);
  assert.equal([...list.stateDict().keys()], ['0.weight', '2.weight']);
  assert.is([...list].length, 3);
  assert.throws(() => list.forward(), /no forward/);
});

test('a module reached twice is saved twice and trained once', () => {
  class Twice extends Module {
    readonly base = new Linear(2, 2);
    readonly view = new Sequential(this.base);
    forward(x: Tensor): Tensor {
      return this.view.forward(x);
    }
  }
  const model = new Twice();
  assert.equal([...model.stateDict().keys()], ['base.weight', 'base.bias', 'view.0.weight', 'view.0.bias']);
  assert.equal(
    [...model.namedParameters()].map(([name]) => name),
    ['base.weight', 'base.bias'],
  );
});

test('train, eval, freezing and apply reach every module', () => {
  const model = new Sequential(new Sequential(new Dropout(0.5), new Identity()), new Block());
  model.eval();
  assert.ok([...model.namedModules()].every(([, module]) => !module.training));
  model.train().requiresGrad_(false);
  assert.ok([...model.namedModules()].every(([, module]) => module.training));
  assert.ok(model.parameters().every((p) => !p.requiresGrad));
  const order: string[] = [];
  model.apply((module) => order.push(module.constructor.name));
  assert.equal(order, [
    'Dropout',
    'Identity',
    'Sequential',
    'Linear',
    'BatchNorm1d',
    'Linear',
    'Linear',
    'Block',
    'Sequential',
  ]);
});

test('a state dict travels as tensors and as arrays', async () => {
  const [from, to, last] = [new Block(), new Block(), new Block()];
  from.bn1.num_batches_tracked!.value = 7;
  to.loadStateDict(from.stateDict());
  const arrays = await to.stateArrays();
  assert.equal(arrays.get('bn1.num_batches_tracked'), { dtype: 'int64', shape: [], data: new BigInt64Array([7n]) });
  const half: NamedArray = { dtype: 'float16', shape: [1], data: new Uint16Array([0x3e00]) };
  const report = last.loadStateDict(new Map([...arrays, ['scale', half]]));
  assert.equal(report.loaded, BLOCK);
  assert.equal(await last.scale.read(), new Float32Array([1.5]));
  assert.is(last.bn1.num_batches_tracked!.value, 7);
  assert.equal(await last.fc1.weight.read(), await from.fc1.weight.read());
  assert.ok(
    from.stateDict().get('fc1.weight')!.storage === from.fc1.weight.storage,
    'the state dict shares the memory',
  );
  assert.not.equal(await new Block().fc1.weight.read(), await from.fc1.weight.read());
});

test('loading names what does not fit, and changes nothing when strict', async () => {
  const [from, model] = [new Block(), new Block()];
  const before = await model.fc1.weight.read();
  const state = new Map<string, Tensor>(from.stateDict());
  state.delete('bn1.bias');
  state.delete('bn1.num_batches_tracked');
  state.set('fc.weight', tensor([1]));
  state.set('heads.1.weight', tensor([[1, 2]]));
  try {
    model.loadStateDict(state);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, StateDictError);
    assert.match((error as Error).message, '0 loaded, 1 missing, 1 unexpected, 1 of another shape');
    assert.match((error as Error).message, /missing +bn1\.bias/);
    assert.match((error as Error).message, /unexpected +fc\.weight/);
    assert.match((error as Error).message, /shape +heads\.1\.weight +\[3, 4\] in the model, \[1, 2\] given/);
  }
  assert.equal(await model.fc1.weight.read(), before);
  const report = model.loadStateDict(state, { strict: false });
  assert.is(report.loaded.length, BLOCK.length - 3);
  assert.match(loadTable(report), '9 loaded, 1 missing, 1 unexpected, 1 of another shape');
  assert.equal(await model.fc1.weight.read(), await from.fc1.weight.read());
});

test('without recording, a module gives back all but its result', async () => {
  class Glue extends Module {
    readonly fc = new Linear(64, 64);
    forward(x: Tensor): readonly [Tensor, { y: Tensor }] {
      const y = exp(relu(this.fc.forward(x)));
      return [mul(y, 2), { y }];
    }
  }
  const model = new Glue();
  const x = randn([64, 64]);
  const start = gpu.memory().live;
  const [z, { y }] = noGrad(() => model.forward(x));
  assert.is(gpu.memory().live - start, 2 * 64 * 64 * 4);
  const want = (await y.read()).map((v) => 2 * v);
  assert.equal(await z.read(), want);
  const deep = new Sequential(...Array.from({ length: 9 }, () => new Linear(64, 64, { bias: false })), new Identity());
  const parameters = gpu.memory().live;
  gpu.pool.resetPeak();
  const out = noGrad(() => deep.forward(x));
  assert.is(gpu.memory().live - parameters, 64 * 64 * 4, 'one result stays');
  assert.ok(gpu.memory().peak - parameters <= 10 * 64 * 64 * 4);
  assert.equal(out.shape, [64, 64]);
  assert.is(
    noGrad(() => new Identity().forward(x)),
    x,
  );
});

test('gradients reach the parameters, and zeroGrad gives their memory back', async () => {
  const model = new Block();
  const x = randn([8, 4]);
  const live = gpu.memory().live;
  scope(() => backward(sum(mul(model.forward(x), model.forward(x)))));
  const [scale, , , , head] = model.parameters();
  assert.ok(scale!.grad && !head!.grad);
  assert.ok(gpu.memory().live > live);
  model.zeroGrad();
  assert.is(gpu.memory().live, live);
  assert.is(scale!.grad, undefined);
  assert.is(model.bn1.num_batches_tracked!.value, 2);
});

test('batch norm counts, averages with momentum null, and does without statistics', async () => {
  const norm = new BatchNorm2d(2, { momentum: null });
  const batches = [tensor([[[[1, 3]], [[0, 2]]]]), tensor([[[[5, 7]], [[4, 4]]]])];
  for (const x of batches) norm.forward(x);
  assert.equal(await norm.running_mean!.read(), new Float32Array([4, 2.5]));
  assert.is(norm.num_batches_tracked!.value, 2);
  norm.eval().forward(batches[0]!);
  assert.is(norm.num_batches_tracked!.value, 2);
  const free = new BatchNorm2d(2, { affine: false, trackRunningStats: false });
  assert.is(free.stateDict().size, 0);
  const y = await free.eval().forward(batches[0]!).read();
  assert.ok(Math.abs(y[0]! + 1) < 1e-4 && Math.abs(y[1]! - 1) < 1e-4);
  norm.train().trackRunningStats = false;
  const seen = await norm.running_mean!.read();
  const own = await norm.forward(batches[1]!).read();
  assert.ok(Math.abs(own[0]! + 1) < 1e-4, 'normalised by its own statistics');
  assert.equal([await norm.running_mean!.read(), norm.num_batches_tracked!.value], [seen, 2]);
  assert.throws(() => norm.forward(tensor([[1, 2]])), /BatchNorm2d: .* must have 4 dimensions/);
});

test('the same seed gives the same weights', async () => {
  const weights = async (seed: number) => {
    manualSeed(seed);
    return [...(await new Sequential(new Conv2d(3, 4, 3), new Linear(5, 6)).stateArrays()).values()];
  };
  const [a, b, c] = [await weights(3), await weights(3), await weights(4)];
  assert.equal(a, b);
  assert.not.equal(a, c);
});

test('a parameter takes over memory, but no view', () => {
  const t = tensor([[1, 2]]);
  assert.is(new Parameter(t).storage, t.storage);
  assert.throws(() => new Parameter(slice(t, 1, 1)), /is a view/);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpu } from '../../engine/gpu.js';
import { Parameter } from '../../engine/nn/parameter.js';
import { Adam, AdamW, clipGradNorm, type Optimiser, RMSprop, SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { adam, updateWidth } from '../../shaders/optim.js';
import { loadJson } from '../fixture.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';

const test = suite('optimisers');
closeAfter(test);

interface Golden {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly after_each_step: readonly (readonly number[])[];
}

const { optimisers } = (await loadJson('schedules.json')) as {
  optimisers: readonly Golden[];
};

const signed = (name: string, shape: readonly number[], scale: number) => fill(name, shape, { kind: 'signed', scale });

function make(
  id: string,
  parameters: readonly Tensor[],
  { weight_decay, ...config }: Golden['config'],
): Optimiser<never> {
  const Kind = { adam: Adam, adamw: AdamW, sgd: SGD, rmsprop: RMSprop }[id.split('-')[0]!]!;
  const options: object = weight_decay === undefined ? config : { ...config, weightDecay: weight_decay };
  return new Kind(parameters, options) as unknown as Optimiser<never>;
}

/** Gives a parameter a gradient as backward() leaves it. */
function setGrad(parameter: Tensor, data: Float32Array): void {
  parameter.grad = tensor(data, parameter.shape).keep();
}

function near(got: ArrayLike<number>, want: ArrayLike<number>, relative: number, absolute: number, what: string): void {
  assert.is(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!);
    assert.ok(off <= relative * Math.abs(want[i]!) + absolute, `${what}: element ${i} is ${got[i]}, not ${want[i]}`);
  }
}

for (const { id, config, after_each_step } of optimisers) {
  test(`${id} makes PyTorch's steps`, async () => {
    const parameter = new Parameter(tensor(signed('7/optim/p', [24], 1.5)));
    const optimiser = make(id, [parameter], config);
    for (const [step, want] of after_each_step.entries()) {
      setGrad(parameter, signed(`7/optim/g${step}`, [24], step === 2 ? 1e-4 : 0.5));
      optimiser.step();
      optimiser.zeroGrad();
      near(await parameter.read(), want, 1e-6, 2e-7, `step ${step}`);
    }
  });
}

/** Sizes that leave every remainder of four. */
const SHAPES = [[5], [3, 3], [64], [1], [7, 2], [130], [2, 2, 2], [33], [1, 1]];

const parametersOf = (key: string, count = SHAPES.length) =>
  SHAPES.slice(0, count).map((shape, i) => new Parameter(tensor(signed(`${key}/${i}`, shape, 1), shape)));

const setGrads = (parameters: readonly Tensor[], key: string) => {
  for (const [i, p] of parameters.entries()) setGrad(p, signed(`${key}/${i}`, p.shape, 0.5));
};

test('many parameters move as each would alone, in few dispatches', async () => {
  const together = parametersOf('many');
  const alone = parametersOf('many');
  const options = { lr: 0.01, weightDecay: 0.1 };
  const one = new Adam(together, options);
  const each = alone.map((p) => new Adam([p], options));
  for (const step of [0, 1, 2]) {
    for (const list of [together, alone]) setGrads(list, `many/${step}`);
    // The first two steps pass the fourth parameter over: its own count of steps is behind the others'.
    if (step < 2) for (const list of [together, alone]) list[3]!.grad = undefined;
    const before = gpu.queue.counts.dispatches;
    one.step();
    const dispatches = gpu.queue.counts.dispatches - before;
    const width = updateWidth(adam, gpu.limits.maxStorageBuffersPerShaderStage, false);
    if (step === 2)
      assert.is(dispatches, 2 + Math.ceil(8 / width) + 1, 'new arena (2 fills), and an update for each bundle');
    if (step === 1) assert.is(dispatches, Math.ceil(8 / width));
    for (const optimiser of each) optimiser.step();
  }
  for (const [i, p] of together.entries()) assert.equal(await p.read(), await alone[i]!.read(), `parameter ${i}`);
});

test("WebGPU's default limit of 8 buffers gives the same result", async () => {
  const small = await openGpu({ limits: 'default' });
  try {
    const results: Float32Array[][] = [];
    for (const device of [gpu, small]) {
      const parameters = SHAPES.map((shape, i) => {
        const parameter = new Parameter(tensor(signed(`small/${i}`, shape, 1), shape, { gpu: device }));
        parameter.grad = tensor(signed(`small/g/${i}`, shape, 1), shape, { gpu: device }).keep();
        return parameter;
      });
      clipGradNorm(parameters, 1);
      new Adam(parameters).step();
      results.push((await Promise.all(parameters.map((p) => p.read()))) as Float32Array[]);
    }
    assert.is(small.limits.maxStorageBuffersPerShaderStage, 8);
    for (const [i, want] of results[0]!.entries()) near(results[1]![i]!, want, 1e-6, 1e-7, `parameter ${i}`);
  } finally {
    await small.finish();
    small.close();
  }
});

test('groups have numbers of their own, which can change', async () => {
  const [a, b, c] = parametersOf('groups', 3) as [Parameter, Parameter, Parameter];
  const start = await Promise.all([a, b, c].map((p) => p.read()));
  const optimiser = new SGD(
    [
      { parameters: [a], lr: 0.5 },
      { parameters: [b, c], weightDecay: 0.1 },
    ],
    { lr: 0.1 },
  );
  optimiser.groups[1]!.lr = 0.2;
  setGrads([a, b], 'groups/g');
  const grads = await Promise.all([a, b].map((p) => p.grad!.read()));
  optimiser.step();
  near(
    await a.read(),
    start[0]!.map((x, i) => x - 0.5 * grads[0]![i]!),
    1e-6,
    1e-7,
    'a',
  );
  near(
    await b.read(),
    start[1]!.map((x, i) => x - 0.2 * (grads[1]![i]! + 0.1 * x)),
    1e-6,
    1e-7,
    'b',
  );
  assert.equal(await c.read(), start[2], 'c has no gradient');
  assert.throws(() => optimiser.addGroup({ parameters: [b] }), /given twice/);
  optimiser.addGroup({ parameters: [new Parameter(tensor([1]))] });
  assert.is(optimiser.groups[2]!.lr, 0.1);
  assert.throws(() => new SGD([]), /empty/);
});

test('a momentum in one group alone leaves the others as plain descent', async () => {
  const [a, b] = parametersOf('mixed', 2) as [Parameter, Parameter];
  const plain = new Parameter(tensor(await b.read(), b.shape));
  const mixed = new SGD([{ parameters: [a], momentum: 0.9, nesterov: true }, { parameters: [b] }], { lr: 0.1 });
  const reference = new SGD([plain], { lr: 0.1 });
  for (const step of [0, 1, 2]) {
    setGrads([a, b], `mixed/${step}`);
    setGrad(plain, (await b.grad!.read()) as Float32Array);
    mixed.step();
    reference.step();
  }
  near(await b.read(), await plain.read(), 1e-6, 1e-7, 'b');
});

for (const [name, options] of [
  ['sgd', { momentum: 0.9, nesterov: true }],
  ['adam', { weightDecay: 1e-3 }],
  ['adam', { amsgrad: true }],
  ['adamw', { weightDecay: 1e-2 }],
  ['rmsprop', {}],
] as const) {
  test(`${name} ${JSON.stringify(options)} goes on from a saved state to the same bits`, async () => {
    const [first, second] = [parametersOf('resume', 3), parametersOf('resume', 3)];
    const run = (optimiser: Optimiser<never>, parameters: readonly Tensor[], steps: readonly number[]) => {
      for (const step of steps) {
        setGrads(parameters, `resume/${step}`);
        if (step === 1) parameters[2]!.grad = undefined;
        optimiser.step();
        optimiser.zeroGrad();
      }
    };
    const whole = make(name, first, { lr: 0.01, ...options });
    run(whole, first, [0, 1, 2]);
    const state = await whole.stateDict();
    for (const [i, p] of second.entries()) {
      gpu.queue.copy(first[i]!.storage.buffer, 0, p.storage.buffer, 0, 4 * p.size);
    }
    const resumed = make(name, second, { lr: 0.5, ...options });
    setGrads(second, 'resume/other');
    resumed.loadStateDict(state);
    run(whole, first, [3, 4]);
    run(resumed, second, [3, 4]);
    for (const [i, p] of first.entries()) assert.equal(await second[i]!.read(), await p.read(), `parameter ${i}`);
    const [a, b] = [await whole.stateDict(), await resumed.stateDict()];
    assert.equal(b.steps, a.steps);
    assert.equal(b.groups, a.groups);
    assert.equal([...b.arrays].sort(), [...a.arrays].sort());
    JSON.stringify({ ...a, arrays: undefined });
  });
}

test('a state that does not fit is refused', async () => {
  const parameters = parametersOf('refuse', 2);
  setGrads(parameters, 'refuse/g');
  const optimiser = new Adam(parameters);
  optimiser.step();
  const state = await optimiser.stateDict();
  assert.equal([...state.arrays.keys()], ['0.exp_avg', '0.exp_avg_sq', '1.exp_avg', '1.exp_avg_sq']);
  assert.throws(() => new SGD(parameters).loadStateDict(state), /that of adam, not of sgd/);
  assert.throws(() => new Adam([parameters[0]!]).loadStateDict(state), /2 parameters in 1 groups, not 1 in 1/);
  assert.throws(
    () => new Adam([...parameters].reverse()).loadStateDict(state),
    /0\.exp_avg has shape \[5\]; expected \[3, 3\]/,
  );
});

test('clipping scales all gradients together and tells their norm', async () => {
  const shapes = [...SHAPES, ...SHAPES.slice(0, 5), [4000], [70, 80]];
  const parameters = shapes.map(
    (shape) => new Parameter(tensor(new Float32Array(shape.reduce((n, m) => n * m, 1)), shape)),
  );
  setGrads(parameters, 'clip');
  const before = await Promise.all(parameters.map((p) => p.grad!.read()));
  const norm = Math.sqrt(before.flatMap((g) => [...g]).reduce((sum, x) => sum + x * x, 0));
  await scope(async () => {
    near([await clipGradNorm(parameters, 1.5)!.item()], [norm], 1e-5, 0, 'norm');
  });
  const scale = 1.5 / (norm + 1e-6);
  for (const [i, p] of parameters.entries()) {
    near(
      await p.grad!.read(),
      before[i]!.map((x) => x * scale),
      1e-5,
      1e-8,
      `gradient ${i}`,
    );
  }
  const clipped = await Promise.all(parameters.map((p) => p.grad!.read()));
  near([await clipGradNorm(parameters, 2)!.item()], [1.5], 1e-5, 0, 'norm of the clipped');
  for (const [i, p] of parameters.entries())
    assert.equal(await p.grad!.read(), clipped[i], 'below the limit nothing changes');
  assert.is(clipGradNorm([new Parameter(tensor([1]))], 1), undefined);
});

test.run();

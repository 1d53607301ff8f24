import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { BatchNorm2d, type BatchNormOptions, Conv2d, convNorm } from '../../engine/nn/index.js';
import { add } from '../../engine/ops/arithmetic.js';
import type { NormEpilogue } from '../../engine/ops/norm.js';
import { leakyRelu } from '../../engine/ops/unary.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor, write } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { withEachSharing } from './sharing.js';

closeAfter(test);

const random = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape);

/** A convolution and a norm with running statistics, weights and biases like those of a trained model. */
function pair(
  [inputs, outputs, kernel]: readonly [number, number, number],
  options: ConstructorParameters<typeof Conv2d>[3] = {},
  normOptions: BatchNormOptions = {},
) {
  const conv = new Conv2d(inputs, outputs, kernel, { padding: kernel >> 1, ...options });
  const norm = new BatchNorm2d(outputs, normOptions);
  for (const [name, t] of [...norm.stateDict()]) {
    if (t.dtype !== 'float32') continue;
    const [lo, hi] = /weight|var/.test(name) ? [0.5, 1.5] : [-0.5, 0.5];
    write(t, fill(name, t.shape, { kind: 'range', lo, hi }));
  }
  return { conv, norm };
}

/** Operator by operator. */
function apart(conv: Conv2d, norm: BatchNorm2d, x: Tensor, { residual, relu }: NormEpilogue): Tensor {
  const y = norm.forward(conv.forward(x));
  const total = residual ? add(y, residual) : y;
  return relu === undefined || relu === false ? total : leakyRelu(total, relu === true ? 0 : relu);
}

function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  assert.is(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!);
    assert.ok(off <= 2e-5 * Math.max(1, Math.abs(want[i]!)), `${what}: element ${i} is ${got[i]}, not ${want[i]}`);
  }
}

/** Sizes for each way in which a kernel reads its pixels, odd ones among them; with few rows, which compile quickly. */
const PAIRS = [
  { name: '3×3 along rows', x: [2, 5, 6, 8], layers: () => pair([5, 7, 3]), both: true },
  { name: '3×3, odd', x: [2, 4, 7, 9], layers: () => pair([4, 8, 3], { bias: false }), both: true },
  { name: '1×1, several tiles', x: [3, 7, 4, 6], layers: () => pair([7, 17, 1], { bias: false }) },
  { name: '1×1, odd, stride 2', x: [2, 6, 9, 5], layers: () => pair([6, 5, 1], { stride: 2 }) },
  { name: '7×7 of an image', x: [2, 3, 18, 16], layers: () => pair([3, 6, 7], { stride: 2, bias: false }) },
  { name: 'groups', x: [2, 6, 5, 8], layers: () => pair([6, 9, 3], { groups: 3 }) },
  { name: 'depthwise', x: [2, 6, 5, 8], layers: () => pair([6, 6, 3], { groups: 6, bias: false }) },
  { name: 'depthwise, odd', x: [2, 6, 5, 7], layers: () => pair([6, 12, 3], { groups: 6 }) },
  { name: 'a norm without weights', x: [2, 4, 4, 4], layers: () => pair([4, 4, 3], {}, { affine: false }) },
];

for (const { name, x: shape, layers, both } of PAIRS) {
  test(`convolution and norm are the same in one kernel and in several: ${name}`, async () => {
    const { conv, norm } = layers();
    norm.eval();
    const x = random('x', shape);
    const like = noGrad(() => conv.forward(x)).shape;
    const residual = random('residual', like);
    const check = async (epilogue: NormEpilogue, what: string) => {
      const want = await noGrad(() => apart(conv, norm, x, epilogue)).read();
      assertClose(await noGrad(() => convNorm(conv, norm, x, epilogue)).read(), want, `${what}, no gradient`);
      assertClose(await convNorm(conv, norm, x, epilogue).read(), want, `${what}, with gradients`);
    };
    for (const epilogue of [{}, { relu: true }]) await check(epilogue, JSON.stringify(epilogue));
    const own = gpu.sharing.kind;
    await withEachSharing(async ({ kind }) => {
      // Barriers compile slowly on the CPU.
      if (both || kind === own) await check({ residual, relu: 0.2 }, kind);
    });
  });
}

test('in training, and where a gradient is wanted, all of them flow', async () => {
  for (const training of [true, false]) {
    const { conv, norm } = pair([3, 6, 3]);
    norm.train(training);
    const x = random('x', [2, 3, 5, 4]);
    const residual = random('residual', [2, 6, 5, 4]);
    const inputs = [x, residual, conv.weight, norm.weight!, norm.bias!, ...(training ? [] : [conv.bias!])];
    for (const t of inputs) t.requiresGrad = true;
    const epilogue = { residual, relu: true };
    const [fused, plain] = [convNorm(conv, norm, x, epilogue), apart(conv, norm, x, epilogue)];
    assertClose(await fused.read(), await plain.read(), 'y');
    const dy = random('dy', fused.shape);
    const [got, want] = [fused, plain].map((y) => grad([y], inputs, { gradients: [dy] }));
    for (const [i, t] of got!.entries()) assertClose(await t!.read(), await want![i]!.read(), `gradient ${i}`);
  }
});

test('a frozen pair whose input wants no gradient runs as in inference; a thawed weight ends that', async () => {
  const { conv, norm } = pair([3, 6, 3], { bias: false });
  norm.eval();
  for (const t of [...conv.parameters(), ...norm.parameters()]) t.requiresGrad = false;
  const x = random('x', [2, 3, 5, 4]);
  const dispatches = (work: () => unknown) => {
    const before = gpu.queue.counts.dispatches;
    work();
    return gpu.queue.counts.dispatches - before;
  };
  const run = () => convNorm(conv, norm, x, { relu: true });
  assert.is(dispatches(run), 3, 'the folded norm, the packed weights, the convolution');
  norm.weight!.requiresGrad = true;
  assert.ok(run().requiresGrad);
  assert.is(
    dispatches(() => noGrad(run)),
    3,
  );
  norm.train();
  assert.ok(dispatches(() => noGrad(run)) > 3, 'statistics of the batch');
});

test('the batch moves running statistics as it does apart', async () => {
  const [a, b] = [pair([3, 4, 3]), pair([3, 4, 3])];
  b.conv.loadStateDict(a.conv.stateDict());
  const x = random('x', [3, 3, 4, 5]);
  noGrad(() => convNorm(a.conv, a.norm, x, { relu: true }));
  noGrad(() => apart(b.conv, b.norm, x, { relu: true }));
  for (const name of ['running_mean', 'running_var'] as const) {
    assert.equal(await a.norm[name]!.read(), await b.norm[name]!.read());
  }
  assert.is(a.norm.num_batches_tracked!.value, 1);
});

test('nothing but the result stays in memory', () => {
  const { conv, norm } = pair([4, 8, 3]);
  norm.eval();
  const x = random('x', [2, 4, 6, 8]);
  const before = gpu.memory().live;
  const y = noGrad(() => convNorm(conv, norm, x, { relu: true }));
  assert.is(gpu.memory().live - before, y.storage.buffer.size);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { BatchNorm2d, GroupNorm, InstanceNorm2d, normAddRelu, normRelu } from '../../engine/nn/index.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { type BatchNormOptions, batchNorm, groupNorm, instanceNorm, type NormEpilogue } from '../../engine/ops/norm.js';
import { sum } from '../../engine/ops/sum.js';
import { leakyRelu, relu } from '../../engine/ops/unary.js';
import { permute } from '../../engine/ops/view.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const leaf = (name: string, shape: readonly number[], lo = -1.5, hi = 1.5) =>
  tensor(fill(name, shape, { kind: 'range', lo, hi }), shape, { requiresGrad: true });

function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  assert.is(got.length, want.length, `${what}: length`);
  const largest = want.length ? Math.max(...Array.from(want, Math.abs), 1) : 1;
  for (let i = 0; i < got.length; i++) {
    assert.ok(
      Math.abs(got[i]! - want[i]!) <= tolerance * largest,
      `${what}: element ${i} is ${got[i]}, not ${want[i]}`,
    );
  }
}

/** What an epilogue means, operator by operator. */
function behind(y: Tensor, { residual, relu: slope }: NormEpilogue): Tensor {
  const total = residual ? add(y, residual) : y;
  if (typeof slope === 'number') return leakyRelu(total, slope);
  return slope ? relu(total) : total;
}

/** Output and all gradients of a norm with an epilogue, against those of the norm and the operators behind it. */
async function sameAsApart(
  norm: (epilogue: NormEpilogue) => Tensor,
  epilogue: NormEpilogue,
  inputs: readonly Tensor[],
  what: string,
): Promise<void> {
  const [fused, apart] = [norm(epilogue), behind(norm({}), epilogue)];
  const dy = tensor(fill('dy', fused.shape, { kind: 'signed', scale: 1 }), fused.shape);
  assertClose(await fused.read(), await apart.read(), 1e-6, `${what}: y`);
  const [got, want] = [fused, apart].map((y) => grad([y], inputs, { gradients: [dy] }));
  for (const [i, gradient] of got!.entries()) {
    assertClose(await gradient!.read(), await want![i]!.read(), 1e-5, `${what}: gradient ${i}`);
  }
}

/** No activation, ReLU, a leaky one; each with a residual and without. */
const EPILOGUES = [false, true, 0.2].flatMap((slope) => [
  { slope, residual: false },
  { slope, residual: true },
]);

// Whole quads, single elements, planes of few positions with few and with many channels, and runs that are split.
for (const shape of [
  [3, 5, 6, 4],
  [4, 3, 7, 5],
  [6, 7],
  [2, 2100, 2, 2],
  [3, 2, 60, 48],
]) {
  test(`batch norm of [${shape}] with what follows equals the operators apart`, async () => {
    const c = shape[1]!;
    const x = leaf('x', shape);
    const residual = leaf('residual', shape);
    const [weight, bias] = [leaf('weight', [c], 0.5, 1.5), leaf('bias', [c], -0.5, 0.5)];
    const runningMean = leaf('mean', [c], -0.3, 0.3).detach();
    const runningVar = leaf('variance', [c], 0.5, 1.5).detach();
    for (const training of [true, false]) {
      for (const { slope, residual: added } of EPILOGUES) {
        const options: BatchNormOptions = training
          ? { weight, bias, training }
          : { weight, bias, runningMean, runningVar, training };
        const epilogue = { relu: slope, residual: added ? residual : undefined };
        const inputs = [x, weight, bias, ...(added ? [residual] : [])];
        const what = `training ${training}, relu ${slope}, residual ${added}`;
        await sameAsApart((more) => batchNorm(x, { ...options, ...more }), epilogue, inputs, what);
      }
    }
  });
}

test('with running statistics and no gradient of weight or bias there is one pass back', async () => {
  const shape = [3, 4, 5, 4];
  const [x, residual] = [leaf('x', shape), leaf('residual', shape)];
  const weight = leaf('weight', [4], 0.5, 1.5).detach();
  const stats = { runningMean: leaf('m', [4], -0.3, 0.3).detach(), runningVar: leaf('v', [4], 0.5, 1.5).detach() };
  for (const { slope, residual: added } of EPILOGUES) {
    const epilogue = { relu: slope, residual: added ? residual : undefined };
    const norm = (more: NormEpilogue) => batchNorm(x, { weight, ...stats, training: false, ...more });
    await sameAsApart(norm, epilogue, added ? [x, residual] : [x], `relu ${slope}, residual ${added}`);
  }
});

test('an input that wants no gradient gets none, and the others theirs', async () => {
  const shape = [3, 4, 5, 5];
  const [x, residual, weight] = [leaf('x', shape), leaf('residual', shape), leaf('weight', [4], 0.5, 1.5)];
  const dy = tensor(fill('dy', shape, { kind: 'signed', scale: 1 }), shape);
  const gradients = async (given: readonly Tensor[], wanted: readonly Tensor[]) => {
    const [a, w, r] = given as [Tensor, Tensor, Tensor];
    const y = batchNorm(a, { weight: w, residual: r, relu: true, training: true });
    return Promise.all(grad([y], wanted, { gradients: [dy] }).map((t) => t!.read()));
  };
  const [dx, dweight, dresidual] = await gradients([x, weight, residual], [x, weight, residual]);
  assert.equal(await gradients([x, weight.detach(), residual.detach()], [x]), [dx]);
  assert.equal(await gradients([x.detach(), weight, residual.detach()], [weight]), [dweight]);
  assert.equal(await gradients([x.detach(), weight.detach(), residual], [residual]), [dresidual]);
});

test('norms within samples with what follows equal the operators apart', async () => {
  const shape = [2, 6, 5, 7];
  const [x, residual] = [leaf('x', shape), leaf('residual', shape)];
  const [weight, bias] = [leaf('weight', [6], 0.5, 1.5), leaf('bias', [6], -0.5, 0.5)];
  const epilogue = { relu: 0.1, residual };
  const inputs = [x, weight, bias, residual];
  await sameAsApart((more) => groupNorm(x, 3, weight, bias, 1e-5, more), epilogue, inputs, 'groupNorm');
  await sameAsApart((more) => instanceNorm(x, { weight, bias, ...more }), epilogue, inputs, 'instanceNorm');
});

test('gradients agree with differences', async () => {
  // Away from the kink, where differences mean nothing: the shift keeps all of one sign, each channel its own.
  const bias = tensor([9, -9, 9]);
  const f = (x: Tensor, weight: Tensor, residual: Tensor) =>
    batchNorm(x, { weight, bias, residual, relu: 0.3, training: true });
  await gradcheck(f, [[4, 3, 3, 2], [3], [4, 3, 3, 2]]);
  await gradcheck((x, weight) => batchNorm(x, { weight, bias, relu: 0.3, training: true }), [[4, 3, 5], [3]]);
});

test('views are read where they lie in the order of their shape, and every run gives the same bits', async () => {
  const [x, residual] = [leaf('x', [4, 6, 5, 3]), leaf('residual', [5, 3, 4, 6])];
  const once = async () => {
    const y = batchNorm(permute(x, [0, 3, 1, 2]), {
      residual: permute(residual, [2, 1, 3, 0]),
      relu: true,
      training: true,
    });
    return Promise.all([y, ...grad([sum(mul(y, y))], [x, residual])].map((t) => t!.read()));
  };
  const first = await once();
  assert.equal(await once(), first);
  const apart = behind(batchNorm(permute(x, [0, 3, 1, 2]), { training: true }), {
    residual: permute(residual, [2, 1, 3, 0]),
    relu: true,
  });
  assertClose(first[0]!, await apart.read(), 1e-6, 'y');
});

test('of a norm, a sum and a ReLU only the result is kept, and one gradient a branch comes back', () => {
  const shape = [8, 16, 12, 8];
  const [x, residual] = [leaf('x', shape), leaf('residual', shape)];
  const bytes = x.storage.buffer.size;
  const start = gpu.memory().live;
  const y = batchNorm(x, { residual, relu: true, training: true });
  assert.ok(gpu.memory().live - start < 1.1 * bytes, 'the result and a small table');
  const dy = tensor(new Float32Array(y.size), shape);
  gpu.pool.resetPeak();
  const before = gpu.memory().live;
  scope(() => grad([y], [x, residual], { gradients: [dy] }).length);
  assert.ok(gpu.memory().peak - before < 2.1 * bytes, 'the two gradients and small tables');
});

test('modules take what follows them', async () => {
  const shape = [2, 6, 4, 3];
  const [x, residual] = [leaf('x', shape), leaf('residual', shape)];
  for (const norm of [new BatchNorm2d(6), new GroupNorm(2, 6), new InstanceNorm2d(6, { affine: true })]) {
    for (const training of [true, false]) {
      norm.train(training);
      const y = norm.forward(x);
      assertClose(await normRelu(norm, x).read(), await relu(y).read(), 1e-6, 'normRelu');
      assertClose(await normRelu(norm, x, 0.2).read(), await leakyRelu(y, 0.2).read(), 1e-6, 'normRelu, leaky');
      const sums = await relu(add(norm.forward(x), residual)).read();
      assertClose(await normAddRelu(norm, x, residual).read(), sums, 1e-6, 'normAddRelu');
    }
  }
});

test('there is no second derivative, and misfits are named before anything moves', async () => {
  const shape = [2, 3, 4];
  const x = leaf('x', shape);
  const y = batchNorm(x, { relu: true, training: true });
  assert.throws(() => grad([sum(y)], [x], { createGraph: true }), /batchNorm has no second derivative/);
  const [runningMean, runningVar] = [tensor([0, 0, 0]), tensor([1, 1, 1])];
  const options = { runningMean, runningVar, training: true };
  assert.throws(
    () => batchNorm(x, { ...options, residual: leaf('r', [2, 3, 1]) }),
    /residual has shape \[2, 3, 1\].*\[2, 3, 4\] needs \[2, 3, 4\]/,
  );
  assert.throws(
    () => batchNorm(x, { ...options, residual: tensor(new Int32Array(24), shape) }),
    /batchNorm: .*int32.* is no float32 tensor/,
  );
  for (const slope of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => batchNorm(x, { ...options, relu: slope }), /relu must be true, false or a finite slope/);
  }
  assert.equal(await runningMean.read(), new Float32Array(3));
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpoint, grad } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { batchNorm, groupNorm, instanceNorm, layerNorm } from '../../engine/ops/norm.js';
import { sum } from '../../engine/ops/sum.js';
import { permute } from '../../engine/ops/view.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, type TensorData, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const values = (name: string, shape: readonly number[], lo: number, hi: number) =>
  fill(name, shape, { kind: 'range', lo, hi });
const leaf = (name: string, shape: readonly number[], lo = -1.5, hi = 1.5) =>
  tensor(values(name, shape, lo, hi), shape, { requiresGrad: true });

function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  assert.is(got.length, want.length, `${what}: length`);
  let off = 0;
  let norm = 0;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < got.length; i++) {
    const d = Math.abs(got[i]! - want[i]!);
    off += d * d;
    norm += want[i]! ** 2;
    worst = Math.max(worst, d);
    largest = Math.max(largest, Math.abs(want[i]!));
  }
  const l2 = Math.sqrt(off / Math.max(norm, 1e-30));
  assert.ok(l2 <= tolerance, `${what}: relative l2 ${l2}`);
  assert.ok(worst <= 20 * tolerance * largest, `${what}: an element is ${worst} off`);
}

interface Reference {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dweight: Float64Array;
  readonly dbias: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Plain loops in double: element i belongs to statistics set(i) and to weight index(i). */
function reference(
  x: TensorData,
  dy: TensorData,
  weight: TensorData,
  bias: TensorData,
  set: (i: number) => number,
  index: (i: number) => number,
  { eps = 1e-5, unbiased = false } = {},
): Reference {
  const sets = set(x.length - 1) + 1;
  const zeros = () => new Float64Array(Math.max(sets, weight.length));
  const [count, mean, variance, sg, sgx] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  for (let i = 0; i < x.length; i++) count[set(i)]! += 1;
  for (let i = 0; i < x.length; i++) mean[set(i)]! += x[i]! / count[set(i)]!;
  for (let i = 0; i < x.length; i++) variance[set(i)]! += (x[i]! - mean[set(i)]!) ** 2 / count[set(i)]!;
  const sigma = variance.map((v, s) =>
    unbiased ? Math.sqrt((v * count[s]!) / (count[s]! - 1)) + eps : Math.sqrt(v + eps),
  );
  const normal = (i: number) => (x[i]! - mean[set(i)]!) / sigma[set(i)]!;
  const y = new Float64Array(x.length);
  const dx = new Float64Array(x.length);
  const dweight = new Float64Array(weight.length);
  const dbias = new Float64Array(weight.length);
  for (let i = 0; i < x.length; i++) {
    y[i] = normal(i) * weight[index(i)]! + bias[index(i)]!;
    dweight[index(i)]! += dy[i]! * normal(i);
    dbias[index(i)]! += dy[i]!;
    sg[set(i)]! += dy[i]! * weight[index(i)]!;
    sgx[set(i)]! += dy[i]! * weight[index(i)]! * normal(i);
  }
  for (let i = 0; i < x.length; i++) {
    const s = set(i);
    const spread = unbiased ? ((count[s]! - 1) * (sigma[s]! - eps)) / sigma[s]! : count[s]!;
    dx[i] = (dy[i]! * weight[index(i)]! - sg[s]! / count[s]! - (normal(i) * sgx[s]!) / spread) / sigma[s]!;
  }
  return { y, dx, dweight, dbias, mean, variance };
}

/** Forward and every gradient of y = f(x, weight, bias) against the loops. */
async function against(
  want: (x: TensorData, dy: TensorData, weight: TensorData, bias: TensorData) => Reference,
  f: (x: Tensor, weight: Tensor, bias: Tensor) => Tensor,
  shape: readonly number[],
  weightShape: readonly number[],
  what: string,
  [lo, hi] = [-1, 2],
): Promise<Reference> {
  const x = leaf('x', shape, lo, hi);
  const weight = leaf('weight', weightShape, 0.5, 1.5);
  const bias = leaf('bias', weightShape, -0.5, 0.5);
  const dy = tensor(values('dy', shape, -1, 1), shape);
  const y = f(x, weight, bias);
  const gradients = grad([y], [x, weight, bias], { gradients: [dy] });
  const r = want(...((await Promise.all([x, dy, weight, bias].map((t) => t.read()))) as Parameters<typeof want>));
  assertClose(await y.read(), r.y, 2e-6, `${what}: y`);
  assertClose(await gradients[0]!.read(), r.dx, 1e-5, `${what}: dx`);
  assertClose(await gradients[1]!.read(), r.dweight, 1e-5, `${what}: dweight`);
  assertClose(await gradients[2]!.read(), r.dbias, 1e-5, `${what}: dbias`);
  return r;
}

const innerOf = (shape: readonly number[], from: number) => shape.slice(from).reduce((n, m) => n * m, 1);

for (const shape of [
  [16, 7, 33, 19],
  [2, 3, 400, 376],
  [5, 2500, 2, 2],
  [9, 20, 16, 8],
  [700, 33],
  [6, 5, 3],
  [3, 2100, 5, 5],
]) {
  test(`batch norm of [${shape}] agrees with plain loops`, async () => {
    const [n, c] = shape as [number, number];
    const inner = innerOf(shape, 2);
    const channel = (i: number) => Math.floor(i / inner) % c;
    const total = n * inner;
    const mean = tensor(new Float32Array(c).fill(0.25));
    const variance = tensor(new Float32Array(c).fill(2));
    const r = await against(
      (x, dy, w, b) => reference(x, dy, w, b, channel, channel),
      (x, weight, bias) =>
        batchNorm(x, { weight, bias, runningMean: mean, runningVar: variance, training: true, momentum: 0.3 }),
      shape,
      [c],
      `batchNorm [${shape}]`,
    );
    const moved = (from: number, to: Float64Array, factor: number) =>
      to.slice(0, c).map((v) => 0.7 * from + 0.3 * v * factor);
    assertClose(await mean.read(), moved(0.25, r.mean, 1), 2e-6, 'running mean');
    assertClose(await variance.read(), moved(2, r.variance, total / (total - 1)), 2e-6, 'running variance');
  });
}

test('statistics stay exact far from zero', async () => {
  const shape = [4, 2, 64, 64];
  const x = values('far', shape, 3000, 3001);
  const y = await batchNorm(tensor(x, shape), { training: true }).read();
  const channel = (i: number) => Math.floor(i / 4096) % 2;
  const [ones, zeros] = [new Float32Array(2).fill(1), new Float32Array(2)];
  assertClose(y, reference(x, x, ones, zeros, channel, channel).y, 2e-4, 'y');
});

test('batch norm with running statistics', async () => {
  const stats = (c: number) => ({
    runningMean: tensor(values('mean', [c], -1, 1)),
    runningVar: tensor(values('variance', [c], 0.5, 1.5)),
  });
  const evaluate = (x: Tensor, weight?: Tensor, bias?: Tensor) =>
    batchNorm(x, { weight, bias, ...stats(x.shape[1]!), training: false, eps: 1e-3 });
  await gradcheck(evaluate, [[3, 5, 3, 3], [5], [5]]);
  await gradcheck(evaluate, [[3, 5, 4], [5], [5]], { inputs: [0] });
  await gradcheck(evaluate, [[7, 3], [3], [3]], { inputs: [2] });
  const x = tensor(values('x', [2, 3, 2], -1, 1), [2, 3, 2]);
  const { runningMean, runningVar } = stats(3);
  const before = await runningMean.read();
  const y = await batchNorm(x, { runningMean, runningVar, training: false }).read();
  assert.equal(await runningMean.read(), before, 'evaluation moves nothing');
  const [mean, variance, xs] = [before, await runningVar.read(), await x.read()];
  const want = xs.map(
    (v, i) => (v - mean[Math.floor(i / 2) % 3]!) / Math.sqrt(variance[Math.floor(i / 2) % 3]! + 1e-5),
  );
  assertClose(y, want, 1e-6, 'y');
});

test('gradients of the norms agree with differences', async () => {
  const training = true;
  await gradcheck((x, weight, bias) => batchNorm(x, { weight, bias, training }), [[3, 5, 3, 3], [5], [5]]);
  await gradcheck((x, weight) => batchNorm(x, { weight, training }), [[6, 3], [3]]);
  await gradcheck((x, bias) => batchNorm(x, { bias, training }), [[3, 4, 8], [4]]);
  await gradcheck((x) => batchNorm(x, { training }), [[2, 3, 4, 4]]);
  await gradcheck((x, w, b) => groupNorm(x, 3, w, b), [[2, 6, 3, 5], [6], [6]]);
  await gradcheck((x, w, b) => groupNorm(x, 1, w, b, 1e-5, { unbiased: true }), [[2, 3, 3, 3], [3], [3]]);
  await gradcheck((x, weight, bias) => instanceNorm(x, { weight, bias }), [[2, 3, 3, 5], [3], [3]]);
  await gradcheck(
    (x, weight, bias) => instanceNorm(x, { weight, bias }),
    [
      [2, 3, 4],
      [2, 3],
      [2, 3],
    ],
  );
  await gradcheck(
    (x, w, b) => layerNorm(x, [3, 5], w, b),
    [
      [2, 3, 3, 5],
      [3, 5],
      [3, 5],
    ],
  );
  await gradcheck((x, b) => layerNorm(x, 8, undefined, b), [[5, 8], [8]]);
});

test('norms within samples agree with plain loops', async () => {
  const shape = [3, 12, 40, 30];
  const whole = (i: number) => Math.floor(i / 1200);
  const channel = (i: number) => whole(i) % 12;
  await against(
    (x, dy, w, b) => reference(x, dy, w, b, (i) => Math.floor(whole(i) / 4), channel),
    (x, w, b) => groupNorm(x, 3, w, b),
    shape,
    [12],
    'groupNorm',
  );
  await against(
    (x, dy, w, b) => reference(x, dy, w, b, (i) => Math.floor(i / (12 * 1200)), channel, { unbiased: true, eps: 1e-2 }),
    (x, w, b) => groupNorm(x, 1, w, b, 1e-2, { unbiased: true }),
    shape,
    [12],
    'unbiased groupNorm',
  );
  await against(
    (x, dy, w, b) => reference(x, dy, w, b, whole, whole),
    (x, weight, bias) => instanceNorm(x, { weight, bias }),
    shape,
    [3, 12],
    'adaptive instanceNorm',
  );
  const plane = (i: number) => Math.floor(i / (180 * 184));
  await against(
    (x, dy, w, b) => reference(x, dy, w, b, plane, (i) => plane(i) % 4),
    (x, weight, bias) => instanceNorm(x, { weight, bias }),
    [2, 4, 180, 184],
    [4],
    'large instanceNorm',
  );
});

for (const [rows, columns] of [
  [300, 52],
  [70, 301],
  [5, 18001],
] as const) {
  test(`layer norm of ${rows} rows of ${columns} agrees with plain loops`, () =>
    against(
      (x, dy, w, b) =>
        reference(
          x,
          dy,
          w,
          b,
          (i) => Math.floor(i / columns),
          (i) => i % columns,
        ),
      (x, w, b) => layerNorm(x, [columns], w, b),
      [rows, columns],
      [columns],
      `layerNorm [${rows}, ${columns}]`,
    ).then(() => undefined));
}

test('a view is normalised like its copy, and every run gives the same bits', async () => {
  const x = leaf('x', [6, 40, 30, 5]);
  const weight = leaf('w', [5]);
  const once = async () => {
    const y = batchNorm(permute(x, [0, 3, 1, 2]), { weight, training: true });
    const gradients = grad([sum(mul(y, y))], [x, weight]);
    return Promise.all([y, ...gradients].map((t) => t!.read()));
  };
  const first = await once();
  const second = await once();
  assert.equal(first, second);
  const data = await x.read();
  const moved = Float32Array.from({ length: data.length }, (_, i) => {
    const [n, c, p] = [Math.floor(i / 6000), Math.floor(i / 1200) % 5, i % 1200];
    return data[(n * 1200 + p) * 5 + c]!;
  });
  const copy = batchNorm(tensor(moved, [6, 5, 40, 30]), { weight, training: true });
  assert.equal(await copy.read(), first[0]);
});

test('a checkpoint moves running statistics once', async () => {
  const runningMean = tensor([0, 0, 0]);
  const runningVar = tensor([1, 1, 1]);
  const x = leaf('x', [4, 3, 5]);
  const layer = (t: Tensor) => sum(mul(batchNorm(t, { runningMean, runningVar, training: true }), t));
  noGrad(() => layer(x));
  const [mean, variance] = [await runningMean.read(), await runningVar.read()];
  const again = [tensor([0, 0, 0]), tensor([1, 1, 1])] as const;
  const loss = checkpoint(
    (t) => sum(mul(batchNorm(t, { runningMean: again[0], runningVar: again[1], training: true }), t)),
    x,
  );
  grad([loss], [x]);
  assert.equal(await again[0].read(), mean);
  assert.equal(await again[1].read(), variance);
});

test('without gradients a norm keeps its result only', () => {
  const x = tensor(values('x', [8, 64, 40], -1, 1), [8, 64, 40]);
  const before = gpu.memory().live;
  const y = batchNorm(x, { training: true });
  assert.is(gpu.memory().live - before, y.storage.buffer.size);
  const z = layerNorm(x, [40]);
  assert.is(gpu.memory().live - before, y.storage.buffer.size + z.storage.buffer.size);
});

test('an empty batch', async () => {
  const stats = { runningMean: tensor([0, 0, 0]), runningVar: tensor([1, 1, 1]) };
  const x = tensor(new Float32Array(0), [0, 3, 4, 4], { requiresGrad: true });
  assert.equal(batchNorm(x, { ...stats, training: false }).shape, [0, 3, 4, 4]);
  const weight = leaf('w', [3]);
  const [dx, dw] = grad([sum(add(instanceNorm(x, { weight }), 1))], [x, weight]);
  assert.equal(dx!.shape, [0, 3, 4, 4]);
  assert.equal(await dw!.read(), new Float32Array(3));
  assert.equal((await layerNorm(x, [4]).read()).length, 0);
});

test('misfits are named', () => {
  const x = tensor(new Float32Array(6), [1, 6, 1]);
  const three = tensor([1, 2, 3]);
  assert.throws(() => batchNorm(x, { training: true }), /more than 1 value per channel when training.*\[1, 6, 1\]/);
  assert.throws(() => batchNorm(x, { training: false }), /without training both are needed/);
  assert.throws(
    () => batchNorm(x, { training: true, weight: three }),
    /weight has shape \[3\].*\[1, 6, 1\] needs \[6\]/,
  );
  assert.throws(() => batchNorm(three, { training: true }), /must be \[N, C\]/);
  assert.throws(() => groupNorm(x, 4), /do not divide into 4 groups/);
  assert.throws(() => instanceNorm(x), /more than 1 position/);
  assert.throws(() => layerNorm(x, [6]), /does not end in the dimensions \[6\]/);
  assert.throws(() => batchNorm(tensor(new Float32Array(0), [0, 3]), { training: true }), /more than 1 value/);
});

test.run();

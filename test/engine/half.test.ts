import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { scaledDotProductAttention } from '../../engine/ops/attention.js';
import { toFloat, toHalf } from '../../engine/ops/cast.js';
import { conv2d } from '../../engine/ops/conv.js';
import { euclidean } from '../../engine/ops/distance.js';
import { indexSelect } from '../../engine/ops/indexing.js';
import { cat } from '../../engine/ops/join.js';
import { matmul } from '../../engine/ops/matmul.js';
import { batchNorm, layerNorm } from '../../engine/ops/norm.js';
import { avgPool2d, maxPool2d } from '../../engine/ops/pool.js';
import { mean } from '../../engine/ops/reduce.js';
import { softmax } from '../../engine/ops/softmax.js';
import { sum } from '../../engine/ops/sum.js';
import { gelu, relu, sigmoid } from '../../engine/ops/unary.js';
import { permute, reshape, slice } from '../../engine/ops/view.js';
import { Adam, GradScaler, SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { inHalf } from '../../shaders/half.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

/** Tests of float16 run where the adapter has it. */
const halfTest = (name: string, run: () => Promise<void>) =>
  test(name, async () => {
    if (gpu.has('shader-f16')) return run();
    assert.throws(() => toHalf(tensor([1])), /this adapter has no half precision \(feature shader-f16\)/);
  });

const fill = (n: number, seed = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(0.7 * i + seed));
const of = (shape: readonly number[], seed = 0) =>
  tensor(
    fill(
      shape.reduce((n, m) => n * m, 1),
      seed,
    ),
    shape,
    { requiresGrad: true },
  );

function assertNear(got: ArrayLike<number>, want: ArrayLike<number>, relative: number, what: string): void {
  let error = 0;
  let size = 0;
  for (let i = 0; i < want.length; i++) {
    error += (got[i]! - want[i]!) ** 2;
    size += want[i]! ** 2;
  }
  assert.is(got.length, want.length);
  assert.ok(Math.sqrt(error) <= relative * Math.sqrt(size) + 1e-12, `${what}: ${Math.sqrt(error / size)} off`);
}

halfTest('numbers survive as float16 has them: to nearest even, and at odd sizes', async () => {
  for (const n of [1, 2, 3, 4, 5, 127, 258]) {
    const x = Float32Array.from({ length: n }, (_, i) => (i - n / 2) / 8);
    const half = toHalf(tensor(x));
    assert.is(half.dtype, 'float16');
    assert.equal(await half.read(), x);
    assert.equal(await toFloat(half).read(), x);
  }
  const rounded = await toHalf(tensor([0.1, 1 / 3, 2049, 65504, 6e-8])).read();
  assert.equal(Array.from(rounded.slice(0, 4)), [0.0999755859375, 0.333251953125, 2048, Math.fround(1e15)]);
});

halfTest('what overflows is seen in everything that is computed from it', async () => {
  const x = toHalf(tensor([1e6, -1e6, 3, 65503]));
  const read = await toFloat(x).read();
  assert.ok(read[0]! > 9e14 && read[1]! < -9e14);
  assert.is(read[2], 3);
  assert.ok((await sum(mul(x, 0.5)).item()) !== 1.5);
  assert.ok((await sum(mul(x, x)).item()) > 1e14);
});

halfTest('elementwise functions keep float16, with gradients; mixed with float32 they give float32', async () => {
  const x = of([3, 5]);
  const y = relu(toHalf(x));
  assert.is(y.dtype, 'float16');
  const z = add(y, toHalf(of([5], 2)));
  assert.is(z.dtype, 'float16');
  assert.is(add(y, of([5])).dtype, 'float32');
  const g = gelu(sigmoid(z));
  backward(sum(g));
  const plain = of([3, 5]);
  backward(sum(gelu(sigmoid(add(relu(plain), of([5], 2))))));
  assertNear(await x.grad!.read(), await plain.grad!.read(), 3e-3, 'dx');
  assert.is(x.grad!.dtype, 'float32');
});

halfTest('views and copies of float16 tensors move the right elements', async () => {
  const x = tensor(
    Float32Array.from({ length: 60 }, (_, i) => i),
    [3, 4, 5],
  );
  const h = toHalf(x);
  const views: ((t: Tensor) => Tensor)[] = [
    (t) => permute(t, [2, 0, 1]),
    (t) => slice(t, 1, 1, 3),
    (t) => reshape(slice(t, 2, 1, 4), [9, 4]),
    (t) => cat([t, t], 1),
    (t) => indexSelect(t, 0, tensor(Int32Array.from([2, 0]))),
  ];
  for (const view of views) assert.equal(await view(h).read(), await view(x).read());
});

/** Every family computes in float32 from float16 inputs; the tolerance is that of rounding the inputs. */
const FAMILIES: Readonly<
  Record<string, readonly [shapes: readonly (readonly number[])[], f: (...t: Tensor[]) => Tensor]>
> = {
  matmul: [
    [
      [5, 7],
      [7, 6],
    ],
    (a, b) => matmul(a!, b!),
  ],
  'matmul in quads': [
    [
      [16, 32],
      [32, 24],
    ],
    (a, b) => matmul(a!, b!),
  ],
  conv: [
    [
      [2, 3, 7, 5],
      [4, 3, 3, 3],
    ],
    (x, w) => conv2d(x!, w!, undefined, { padding: 1 }),
  ],
  'conv along rows': [
    [
      [2, 3, 8, 8],
      [4, 3, 3, 3],
    ],
    (x, w) => conv2d(x!, w!, undefined, { padding: 1 }),
  ],
  'conv with a stride': [
    [
      [2, 3, 9, 7],
      [4, 3, 3, 3],
    ],
    (x, w) => conv2d(x!, w!, undefined, { padding: 1, stride: 2 }),
  ],
  conv1x1: [
    [
      [2, 5, 4, 6],
      [4, 5, 1, 1],
    ],
    (x, w) => conv2d(x!, w!),
  ],
  'grouped conv': [
    [
      [2, 4, 6, 5],
      [4, 2, 3, 3],
    ],
    (x, w) => conv2d(x!, w!, undefined, { padding: 1, groups: 2 }),
  ],
  'depthwise conv': [
    [
      [2, 4, 6, 8],
      [4, 1, 3, 3],
    ],
    (x, w) => conv2d(x!, w!, undefined, { padding: 1, groups: 4 }),
  ],
  batchNorm: [[[4, 3, 5, 5], [3], [3]], (x, weight, bias) => batchNorm(x!, { weight, bias, training: true })],
  layerNorm: [[[6, 9], [9], [9]], (x, weight, bias) => layerNorm(x!, [9], weight, bias)],
  softmax: [[[5, 11]], (x) => softmax(x!)],
  mean: [[[3, 4, 6, 5]], (x) => mean(x!, [2, 3])],
  maxPool: [[[2, 3, 7, 6]], (x) => maxPool2d(x!, { kernelSize: 3, stride: 2, padding: 1 })],
  avgPool: [[[2, 3, 6, 6]], (x) => avgPool2d(x!, { kernelSize: 2 })],
  attention: [
    [
      [2, 5, 8],
      [2, 6, 8],
      [2, 6, 8],
    ],
    (q, k, v) => scaledDotProductAttention(q!, k!, v!),
  ],
  euclidean: [
    [
      [5, 9],
      [4, 9],
    ],
    (a, b) => euclidean(a!, b!),
  ],
};

for (const [name, [shapes, f]] of Object.entries(FAMILIES)) {
  halfTest(`${name}: value and gradients from float16 inputs`, async () => {
    // Rounded inputs in both: what differs is what is stored in between.
    const rounded = await Promise.all(shapes.map(async (shape, i) => toHalf(of(shape, i)).read()));
    const leaves = () => shapes.map((shape, i) => tensor(rounded[i]!, shape, { requiresGrad: true }));
    const [plain, half] = [leaves(), leaves()];
    const want = f(...plain);
    const got = f(...half.map(toHalf));
    const weight = () => of(want.shape, 9).detach();
    assertNear(await got.read(), await want.read(), 1e-3, 'value');
    backward(sum(mul(want, weight())));
    backward(sum(mul(toFloat(got), weight())));
    for (const [i, leaf] of half.entries()) {
      assert.is(leaf.grad!.dtype, 'float32');
      assertNear(await leaf.grad!.read(), await plain[i]!.grad!.read(), 4e-3, `gradient ${i}`);
    }
  });
}

/** A step on one weight whose gradient is `gradient`, with a scaler that starts at `scale`. */
async function scaledSteps(gradients: readonly number[], scale: number, interval: number) {
  const w = tensor([1, 1, 1, 1, 1], undefined, { requiresGrad: true }).keep();
  const scaler = new GradScaler({ initialScale: scale, interval });
  const optimiser = new SGD([w], { lr: 0.5 });
  const seen: number[][] = [];
  for (const gradient of gradients) {
    scope(() => {
      const loss = sum(mul(toFloat(toHalf(mul(w, gradient))), 1));
      backward(scaler.scale(loss));
      scaler.step(optimiser);
      optimiser.zeroGrad();
    });
    seen.push([(await w.read())[4]!, ...(await scaler.stateDict())]);
  }
  return seen;
}

halfTest('GradScaler: divides, passes over a step that overflows and halves, grows after good steps', async () => {
  assert.equal(await scaledSteps([0.5, 0.5, 0.5, 0.5], 4, 3), [
    [0.75, 4, 0.25, 0, 1],
    [0.5, 4, 0.25, 0, 2],
    [0.25, 8, 0.25, 0, 0],
    [0, 8, 0.125, 0, 1],
  ]);
  // 65536 as the gradient of a float16 tensor is too large; 32768 is not.
  assert.equal(await scaledSteps([0.5, 0.5], 65536, 100), [
    [1, 32768, 2 ** -16, 1, 0],
    [0.75, 32768, 2 ** -15, 0, 1],
  ]);
});

test('GradScaler: gradients that are no numbers are seen too, and the state can be taken over', async () => {
  const w = tensor([1, 2, 3], undefined, { requiresGrad: true }).keep();
  const scaler = new GradScaler({ initialScale: 1024 });
  const optimiser = new Adam([w], { lr: 0.1 });
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e11]) {
    w.grad = tensor([1, bad, 1]).keep();
    scaler.step(optimiser);
    optimiser.zeroGrad();
  }
  assert.equal(await w.read(), Float32Array.of(1, 2, 3));
  assert.is((await scaler.stateDict())[0], 64);
  const other = new GradScaler();
  other.loadStateDict(await scaler.stateDict());
  assert.equal(await other.stateDict(), await scaler.stateDict());
});

test('a kernel that can not hold float16 says so by name', () => {
  const shader = (code: string) => ({
    name: 'own',
    variant: '',
    grid: [1, 1, 1] as const,
    flops: 0,
    bytes: 8,
    code: () => code,
  });
  const head =
    '@group(0) @binding(0) var<storage, read_write> ys: array<TYPE>;\n@compute @workgroup_size(1) fn main() { BODY }';
  const text = (type: string, body: string) =>
    inHalf(shader(head.replace('TYPE', type).replace('BODY', body)), [true], 4).code();
  assert.match(
    text('f32', 'ys[0] += ys[1] * 2.0;'),
    /ys\[0\] = store_half\(load_half\(ys\[0\]\) \+ \(load_half\(ys\[1\]\) \* 2\.0\)\);/,
  );
  assert.match(
    text('f32', 'let a = ys[u32(ys[2])] == 1.0;'),
    /let a = load_half\(ys\[u32\(load_half\(ys\[2\]\)\)\]\) == 1\.0;/,
  );
  assert.throws(() => text('i32', 'ys[0] = 1;'), /own: its array<i32> ys can not hold float16; use toFloat\(\)/);
  assert.throws(() => text('vec4f', 'ys[0].x = 1.0;'), /own can not run on float16: a part of ys\[…\] is written/);
  assert.throws(() => text('f32', 'let p = &ys;'), /own can not run on float16: ys is used without an index/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { mul } from '../../engine/ops/arithmetic.js';
import {
  type AvgPoolOptions,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool2d,
} from '../../engine/ops/pool.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute } from '../../engine/ops/view.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, type TensorData, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

/** Small whole numbers, so that windows have ties and sums are exact. */
const ties = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'quant', levels: 5, offset: -7 }), shape, { requiresGrad: true });

/** Where the windows of one axis begin and end, padding included, by PyTorch's rules. */
function windowsOf(n: number, k: number, s: number, p: number, d: number, ceil: boolean): number[][] {
  let count = Math[ceil ? 'ceil' : 'floor']((n + 2 * p - d * (k - 1) - 1) / s) + 1;
  if (ceil && (count - 1) * s >= n + p) count--;
  return Array.from({ length: count }, (_, o) => Array.from({ length: k }, (_, j) => o * s - p + j * d));
}

interface Pooled {
  readonly y: number[];
  readonly dx: Float64Array;
}

/** Plain loops over every window; `dy` of output k is k + 1. */
function reference(
  data: TensorData,
  shape: readonly number[],
  rows: readonly (readonly number[])[],
  columns: readonly (readonly number[])[],
  reduce: 'max' | 'mean',
  divisor: (r: readonly number[], c: readonly number[], inside: number) => number,
): Pooled {
  const [n, c, h, w] = shape as [number, number, number, number];
  const y: number[] = [];
  const dx = new Float64Array(data.length);
  for (let plane = 0; plane < n * c; plane++)
    for (const r of rows)
      for (const q of columns) {
        const places = r
          .flatMap((i) => q.map((j) => [i, j] as const))
          .filter(([i, j]) => i >= 0 && i < h && j >= 0 && j < w)
          .map(([i, j]) => (plane * h + i) * w + j);
        const dy = y.length + 1;
        if (reduce === 'max') {
          const best = places.reduce((a, b) => (data[b]! > data[a]! ? b : a));
          y.push(data[best]!);
          dx[best]! += dy;
        } else {
          const by = divisor(r, q, places.length);
          y.push(places.reduce((total, at) => total + data[at]!, 0) / by);
          for (const at of places) dx[at]! += dy / by;
        }
      }
  return { y, dx };
}

async function check(f: (x: Tensor) => Tensor, x: Tensor, want: Pooled, what: string): Promise<void> {
  const y = f(x);
  const dy = tensor(
    Float32Array.from({ length: y.size }, (_, i) => i + 1),
    y.shape,
  );
  const dx = await grad([y], [x], { gradients: [dy] })[0]!.read();
  const near = (got: TensorData, wanted: ArrayLike<number>) =>
    got.length === wanted.length && got.every((v, i) => Math.abs(v - wanted[i]!) <= 2e-6 * Math.abs(wanted[i]!) + 1e-6);
  assert.ok(near(await y.read(), want.y), `${what}: y`);
  assert.ok(near(dx, want.dx), `${what}: dx`);
  assert.ok(near(await noGrad(() => f(x)).read(), want.y), `${what}: y without gradient`);
}

const MAX: readonly (MaxPoolOptions & { shape: readonly number[] })[] = [
  { shape: [2, 3, 9, 7], kernelSize: 3, stride: 2, padding: 1 },
  { shape: [1, 5, 8, 11], kernelSize: [2, 5], stride: [3, 2], padding: [1, 2], dilation: [3, 1], ceilMode: true },
  { shape: [2, 1, 10, 10], kernelSize: 3, stride: 2, padding: 1, ceilMode: true },
  { shape: [1, 2, 7, 7], kernelSize: 2, stride: 1, dilation: [1, 3] },
  { shape: [3, 700, 5, 4], kernelSize: 2 },
  { shape: [3, 2, 6, 5], kernelSize: [6, 5] },
];

test('max pooling agrees with plain loops', async () => {
  for (const { shape, ...options } of MAX) {
    const two = (v: number | readonly [number, number] | undefined, or: number | readonly [number, number]) => {
      const p = v ?? or;
      return typeof p === 'number' ? [p, p] : p;
    };
    const kernel = two(options.kernelSize, 1);
    const [stride, padding] = [two(options.stride, options.kernelSize), two(options.padding, 0)];
    const dilation = two(options.dilation, 1);
    const [rows, columns] = [0, 1].map((i) =>
      windowsOf(shape[2 + i]!, kernel[i]!, stride[i]!, padding[i]!, dilation[i]!, options.ceilMode ?? false),
    ) as [number[][], number[][]];
    const x = ties('max', shape);
    const want = reference(await x.read(), shape, rows, columns, 'max', () => 1);
    await check((t) => maxPool2d(t, options), x, want, JSON.stringify(options));
  }
});

const AVG: readonly (AvgPoolOptions & { shape: readonly number[]; kernelSize: number })[] = [
  { shape: [2, 3, 9, 7], kernelSize: 3, stride: 2, padding: 1 },
  { shape: [2, 3, 9, 7], kernelSize: 3, stride: 2, padding: 1, countIncludePad: false },
  { shape: [1, 4, 10, 8], kernelSize: 3, stride: 2, padding: 1, ceilMode: true },
  { shape: [1, 2, 7, 9], kernelSize: 2, ceilMode: true, countIncludePad: false },
  { shape: [1, 2, 8, 8], kernelSize: 3, stride: 1, padding: 1 },
  { shape: [2, 3, 4, 4], kernelSize: 4 },
];

test('average pooling agrees with plain loops', async () => {
  for (const { shape, ...options } of AVG) {
    const { kernelSize: k, stride = k, padding = 0, ceilMode = false, countIncludePad = true } = options;
    const [s, p] = [stride as number, padding as number];
    const [rows, columns] = [2, 3].map((i) => windowsOf(shape[i]!, k, s, p, 1, ceilMode)) as [number[][], number[][]];
    const size = (window: readonly number[], n: number) => window.filter((i) => i < n + p).length;
    const x = ties('avg', shape);
    const want = reference(await x.read(), shape, rows, columns, 'mean', (r, c, inside) =>
      countIncludePad ? size(r, shape[2]!) * size(c, shape[3]!) : inside,
    );
    await check((t) => avgPool2d(t, options), x, want, JSON.stringify(options));
  }
});

test('adaptive pooling agrees with plain loops', async () => {
  const parts = (n: number, m: number) =>
    Array.from({ length: m }, (_, i) => {
      const first = Math.floor((i * n) / m);
      return Array.from({ length: Math.ceil(((i + 1) * n) / m) - first }, (_, j) => first + j);
    });
  const cases: readonly (readonly [readonly number[], readonly [number, number]])[] = [
    [
      [2, 3, 11, 7],
      [4, 3],
    ],
    [
      [2, 5, 3, 4],
      [7, 4],
    ],
    [
      [1, 3, 16, 8],
      [1, 4],
    ],
    [
      [3, 5, 7, 9],
      [1, 1],
    ],
    [
      [2, 3, 16, 8],
      [1, 1],
    ],
    [
      [2, 2, 64, 33],
      [1, 1],
    ],
    [
      [1, 2, 51, 43],
      [1, 1],
    ],
  ];
  for (const [shape, output] of cases) {
    const x = ties('adaptive', shape);
    const [rows, columns] = [0, 1].map((i) => parts(shape[2 + i]!, output[i]!)) as [number[][], number[][]];
    const data = await x.read();
    for (const reduce of ['max', 'mean'] as const) {
      const want = reference(data, shape, rows, columns, reduce, (_r, _c, inside) => inside);
      const f = reduce === 'max' ? adaptiveMaxPool2d : adaptiveAvgPool2d;
      await check((t) => f(t, output), x, want, `${reduce} [${shape}] to [${output}]`);
    }
  }
});

test('gradients of pools agree with differences', async () => {
  await gradcheck((x) => maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }), [[1, 2, 7, 5]], { step: 1e-3 });
  await gradcheck((x) => adaptiveMaxPool2d(x, [2, 3]), [[1, 2, 7, 5]], { step: 1e-3 });
  await gradcheck((x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true }), [[2, 2, 6, 5]]);
  await gradcheck((x) => adaptiveAvgPool2d(x, [3, 2]), [[2, 3, 7, 5]]);
  await gradcheck((x) => adaptiveAvgPool2d(x, 1), [[2, 3, 7, 5]]);
});

test('averages have second derivatives', async () => {
  // The gradient of Σ pool(x)³ by x, squared: differentiated once more by x.
  const penalty = (f: (x: Tensor) => Tensor) => (x: Tensor) => {
    const y = f(x);
    const [g] = grad([sum(mul(square(y), y))], [x], { createGraph: true });
    return square(g!);
  };
  const pools: readonly ((x: Tensor) => Tensor)[] = [
    (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
    (x) => adaptiveAvgPool2d(x, [3, 2]),
    (x) => adaptiveAvgPool2d(x, 1),
  ];
  const shape = [1, 2, 5, 7];
  for (const f of pools) {
    const x = tensor(fill('second', shape, { kind: 'signed', scale: 1.5 }), shape, { requiresGrad: true });
    const [gradient] = grad([sum(penalty(f)(x))], [x]);
    const got = await gradient!.read();
    const data = (await x.read()) as Float32Array;
    for (const at of [0, 31, 69]) {
      const value = async (h: number) => {
        const moved = tensor(
          data.map((v, i) => (i === at ? v + h : v)),
          shape,
          { requiresGrad: true },
        );
        return sum(penalty(f)(moved)).item();
      };
      const want = ((await value(1e-2)) - (await value(-1e-2))) / 2e-2;
      assert.ok(Math.abs(got[at]! - want) <= 2e-2 * Math.max(...got.map(Math.abs)), `${got[at]} and ${want}`);
    }
  }
});

test('a view is pooled like its copy', async () => {
  const x = ties('view', [2, 8, 6, 3]);
  const view = permute(x, [0, 3, 1, 2]);
  const copy = tensor(await view.read(), view.shape);
  assert.equal(await maxPool2d(view, { kernelSize: 2 }).read(), await maxPool2d(copy, { kernelSize: 2 }).read());
});

test('without gradients a maximum keeps its result only', () => {
  const x = tensor(new Float32Array(2 * 8 * 40 * 40), [2, 8, 40, 40]);
  const before = gpu.memory().live;
  const results = [maxPool2d(x, { kernelSize: 2 }), adaptiveMaxPool2d(x, 1)];
  const bytes = results.reduce((total, y) => total + y.storage.buffer.size, 0);
  assert.is(gpu.memory().live - before, bytes);
});

test('an empty batch', () => {
  const x = tensor(new Float32Array(0), [0, 3, 4, 4]);
  assert.equal(maxPool2d(x, { kernelSize: 2 }).shape, [0, 3, 2, 2]);
  assert.equal(adaptiveAvgPool2d(x, 1).shape, [0, 3, 1, 1]);
});

test('misfits are named', () => {
  const x = tensor(new Float32Array(16), [1, 1, 4, 4]);
  assert.throws(() => maxPool2d(x, { kernelSize: 5 }), /kernel of \[5,5\].*does not fit \[1, 1, 4, 4\]/);
  assert.throws(() => avgPool2d(x, { kernelSize: 2, padding: 2 }), /at most half of the kernel/);
  assert.throws(() => avgPool2d(x, { kernelSize: 2, stride: 0 }), /whole numbers above 0/);
  assert.throws(() => adaptiveAvgPool2d(x, [0, 1]), /output size \[0,1\]/);
  assert.throws(() => adaptiveMaxPool2d(tensor([1, 2]), 1), /must be \[N, C, H, W\]/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { type GridSampleOptions, gridSample, type InterpolateOptions, interpolate } from '../../engine/ops/resample.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute } from '../../engine/ops/view.js';
import { type Tensor, type TensorData, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const leaf = (name: string, shape: readonly number[], scale = 1) =>
  tensor(fill(name, shape, { kind: 'signed', scale }), shape, { requiresGrad: true });

function assertClose(got: TensorData, want: ArrayLike<number>, what: string): void {
  const largest = Math.max(...Array.from(want, Math.abs));
  assert.is(got.length, want.length);
  got.forEach((v, i) => {
    assert.ok(Math.abs(v - want[i]!) <= 1e-5 * largest, `${what}: element ${i} is ${v}, not ${want[i]}`);
  });
}

/** For each output of one axis, the inputs it reads and their shares. */
function taps(n: number, m: number, mode: string, corners: boolean, scale: number): [number, number][][] {
  return Array.from({ length: m }, (_, o): [number, number][] => {
    if (mode === 'nearest') return [[Math.min(Math.floor(Math.fround(o * Math.fround(scale))), n - 1), 1]];
    const at = Math.min(Math.max(corners ? o * scale : (o + 0.5) * scale - 0.5, 0), n - 1);
    const i = Math.floor(at);
    return [
      [i, 1 - (at - i)],
      [Math.min(i + 1, n - 1), at - i],
    ];
  });
}

const SIZES: readonly (readonly [readonly number[], InterpolateOptions])[] = [
  [[2, 3, 4, 7], { scaleFactor: 2 }],
  [[1, 2, 5, 7], { size: [13, 3] }],
  [[1, 2, 9, 9], { size: [9, 4] }],
  [[1, 2, 5, 7], { scaleFactor: [1.7, 0.6] }],
  [[2, 2, 4, 5], { scaleFactor: 2, mode: 'bilinear' }],
  [[1, 2, 4, 5], { scaleFactor: [2.6, 0.7], mode: 'bilinear' }],
  [[1, 2, 17, 11], { size: [4, 3], mode: 'bilinear' }],
  [[1, 2, 3, 4], { size: [17, 31], mode: 'bilinear' }],
  [[1, 2, 3, 4], { size: [17, 31], mode: 'bilinear', alignCorners: true }],
  [[1, 2, 17, 11], { size: [4, 3], mode: 'bilinear', alignCorners: true }],
  [[2, 1, 1, 6], { size: [5, 1], mode: 'bilinear', alignCorners: true }],
];

for (const [shape, options] of SIZES) {
  test(`interpolation of [${shape}] with ${JSON.stringify(options)} agrees with plain loops`, async () => {
    const { mode = 'nearest', alignCorners = false, size, scaleFactor } = options;
    const x = leaf('x', shape);
    const y = interpolate(x, options);
    const [h, w] = shape.slice(-2) as [number, number];
    const [oh, ow] = y.shape.slice(-2) as [number, number];
    const scale = (n: number, m: number, i: number) => {
      if (alignCorners) return m > 1 ? (n - 1) / (m - 1) : 0;
      const factor = typeof scaleFactor === 'number' ? scaleFactor : scaleFactor?.[i];
      return size ? n / m : 1 / factor!;
    };
    const rows = taps(h, oh, mode, alignCorners, scale(h, oh, 0));
    const columns = taps(w, ow, mode, alignCorners, scale(w, ow, 1));
    const dy = leaf('dy', y.shape);
    const [dx] = grad([y], [x], { gradients: [dy] });
    const [xs, gs] = [await x.read(), await dy.read()];
    const want = new Float64Array(y.size);
    const wantDx = new Float64Array(x.size);
    for (let plane = 0; plane < shape[0]! * shape[1]!; plane++)
      rows.forEach((r, o) => {
        columns.forEach((c, q) => {
          const to = (plane * oh + o) * ow + q;
          for (const [i, a] of r)
            for (const [j, b] of c) {
              want[to]! += a * b * xs[(plane * h + i) * w + j]!;
              wantDx[(plane * h + i) * w + j]! += a * b * gs[to]!;
            }
        });
      });
    assertClose(await y.read(), want, 'y');
    assertClose(await dx!.read(), wantDx, 'dx');
  });
}

test('gradients of interpolation agree with differences, also twice', async () => {
  await gradcheck((x) => interpolate(x, { size: [7, 4], mode: 'bilinear' }), [[1, 2, 5, 5]]);
  await gradcheck((x) => interpolate(x, { scaleFactor: 2 }), [[1, 2, 3, 5]]);
  const x = leaf('x', [1, 2, 3, 5]);
  const [g] = grad([sum(square(interpolate(x, { scaleFactor: 2 })))], [x], { createGraph: true });
  const [second] = grad([sum(g!)], [x]);
  assert.equal(await second!.read(), new Float32Array(30).fill(8));
});

/** The samples, and the gradients by picture and grid, in double. */
function sampled(
  x: TensorData,
  grid: TensorData,
  dy: TensorData,
  [n, c, h, w]: readonly [number, number, number, number],
  outputs: number,
  { mode, paddingMode, alignCorners }: Required<GridSampleOptions>,
) {
  const y = new Float64Array(n * c * outputs);
  const dx = new Float64Array(x.length);
  const dgrid = new Float64Array(grid.length);
  const place = (g: number, size: number) => {
    const raw = alignCorners ? ((g + 1) / 2) * (size - 1) : ((g + 1) * size - 1) / 2;
    const slope = alignCorners ? (size - 1) / 2 : size / 2;
    if (paddingMode === 'zeros') return [raw, slope] as const;
    return raw <= 0 ? ([0, 0] as const) : raw >= size - 1 ? ([size - 1, 0] as const) : ([raw, slope] as const);
  };
  for (let b = 0; b < n; b++)
    for (let o = 0; o < outputs; o++) {
      const entry = 2 * (b * outputs + o);
      const [u, du] = place(grid[entry]!, w);
      const [v, dv] = place(grid[entry + 1]!, h);
      const corners: [number, number, number, number, number][] = [];
      if (mode === 'nearest') corners.push([Math.round(v), Math.round(u), 1, 0, 0]);
      else
        for (const i of [0, 1])
          for (const j of [0, 1]) {
            const [a, e] = [v - Math.floor(v), u - Math.floor(u)];
            const [sa, se] = [i ? a : 1 - a, j ? e : 1 - e];
            corners.push([Math.floor(v) + i, Math.floor(u) + j, sa * se, (2 * i - 1) * se, (2 * j - 1) * sa]);
          }
      for (const [i, j, share, byV, byU] of corners) {
        if (i < 0 || j < 0 || i >= h || j >= w) continue;
        for (let k = 0; k < c; k++) {
          const from = ((b * c + k) * h + i) * w + j;
          const to = (b * c + k) * outputs + o;
          y[to]! += share * x[from]!;
          dx[from]! += share * dy[to]!;
          dgrid[entry]! += byU * x[from]! * dy[to]! * du;
          dgrid[entry + 1]! += byV * x[from]! * dy[to]! * dv;
        }
      }
    }
  return { y, dx, dgrid };
}

test('grid samples agree with plain loops', async () => {
  const shape = [3, 13, 7, 5] as const;
  for (const mode of ['bilinear', 'nearest'] as const)
    for (const paddingMode of ['zeros', 'border'] as const)
      for (const alignCorners of [true, false]) {
        const options = { mode, paddingMode, alignCorners };
        const x = leaf('x', shape);
        const grid = leaf('grid', [3, 9, 11, 2], 1.4);
        const dy = leaf('dy', [3, 13, 9, 11]);
        const y = gridSample(x, grid, options);
        const [dx, dgrid] = grad([y], [x, grid], { gradients: [dy] });
        const want = sampled(await x.read(), await grid.read(), await dy.read(), shape, 99, options);
        assertClose(await y.read(), want.y, `y ${JSON.stringify(options)}`);
        assertClose(await dx!.read(), want.dx, `dx ${JSON.stringify(options)}`);
        assertClose(await dgrid!.read(), want.dgrid, `dgrid ${JSON.stringify(options)}`);
        const again = grad([gridSample(x, grid, options)], [x], { gradients: [dy] });
        assert.equal(await again[0]!.read(), await dx!.read(), 'the same bits');
      }
});

test('gradients of grid samples agree with differences', async () => {
  const border = { paddingMode: 'border', alignCorners: true } as const;
  await gradcheck(
    (x, grid) => gridSample(x, grid),
    [
      [2, 3, 5, 4],
      [2, 3, 3, 2],
    ],
    { step: 1e-3 },
  );
  await gradcheck(
    (x, grid) => gridSample(x, grid, border),
    [
      [1, 3, 5, 4],
      [1, 3, 3, 2],
    ],
    { step: 1e-3 },
  );
});

test('entries far outside read the padding', async () => {
  const x = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
  const grid = tensor([-1e30, 0, 1e30, 1e30], [1, 1, 2, 2]);
  assert.equal(await gridSample(x, grid).read(), new Float32Array(2));
  assert.equal(await gridSample(x, grid, { paddingMode: 'border', alignCorners: true }).read(), Float32Array.of(2, 4));
});

test('views and empty batches', async () => {
  const x = leaf('x', [2, 5, 4, 3]);
  const grid = leaf('grid', [2, 2, 3, 4]);
  const [turned, places] = [permute(x, [0, 3, 1, 2]), permute(grid, [0, 2, 3, 1])];
  const copyOf = async (t: Tensor) => tensor(await t.read(), t.shape);
  const want = await gridSample(await copyOf(turned), await copyOf(places)).read();
  assert.equal(await gridSample(turned, places).read(), want);
  assert.equal(
    await interpolate(turned, { size: 3 }).read(),
    await interpolate(await copyOf(turned), { size: 3 }).read(),
  );
  const none = tensor(new Float32Array(0), [0, 2, 3, 3]);
  assert.equal(interpolate(none, { scaleFactor: 2 }).shape, [0, 2, 6, 6]);
  assert.equal(gridSample(none, tensor(new Float32Array(0), [0, 4, 4, 2])).shape, [0, 2, 4, 4]);
});

test('misfits are named', () => {
  const x = tensor(new Float32Array(16), [1, 1, 4, 4]);
  assert.throws(() => interpolate(x, {}), /either size or scaleFactor/);
  assert.throws(() => interpolate(x, { size: [0, 3] }), /size \[0,3\]/);
  assert.throws(() => interpolate(x, { size: 3, alignCorners: true }), /bilinear mode only/);
  assert.throws(() => interpolate(tensor([1]), { size: 3 }), /must be \[N, C, H, W\]/);
  assert.throws(
    () => gridSample(x, tensor(new Float32Array(8), [2, 1, 2, 2])),
    /got \[1, 1, 4, 4\] and \[2, 1, 2, 2\]/,
  );
});

test.run();

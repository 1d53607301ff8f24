import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { mul } from '../../engine/ops/arithmetic.js';
import { type ConvEpilogue, type ConvOptions, conv1d, conv2d, convTranspose2d } from '../../engine/ops/conv.js';
import { sum } from '../../engine/ops/sum.js';
import { tanh } from '../../engine/ops/unary.js';
import { noGrad, withGrad } from '../../engine/tape.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';
import { withEachSharing } from './sharing.js';

closeAfter(test);

const random = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape, { requiresGrad: true });

interface Case extends ConvOptions {
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
}

const CASES: readonly Case[] = [
  { x: [2, 5, 7, 9], w: [6, 5, 3, 3], padding: 1 },
  { x: [3, 6, 6, 8], w: [9, 6, 3, 3], padding: 1 },
  { x: [2, 33, 4, 8], w: [35, 33, 3, 3], padding: 1 },
  { x: [2, 3, 8, 12], w: [10, 3, 5, 3], padding: [2, 1], dilation: [1, 1] },
  { x: [1, 4, 9, 7], w: [18, 4, 3, 3], stride: 2, padding: 1 },
  { x: [2, 4, 10, 6], w: [5, 4, 3, 2], stride: [2, 3], padding: [2, 1], dilation: [2, 1] },
  { x: [3, 7, 5, 5], w: [11, 7, 1, 1] },
  { x: [2, 12, 6, 6], w: [40, 12, 1, 1] },
  { x: [2, 8, 6, 6], w: [8, 8, 1, 1], stride: 2 },
  { x: [2, 12, 5, 8], w: [18, 4, 3, 3], padding: 1, groups: 3 },
  { x: [1, 16, 6, 4], w: [16, 8, 3, 3], padding: 1, groups: 2 },
  { x: [2, 6, 7, 5], w: [6, 1, 3, 3], padding: 1, groups: 6 },
  { x: [2, 3, 5, 12], w: [6, 1, 3, 3], padding: 1, groups: 3 },
  { x: [2, 4, 8, 9], w: [8, 1, 5, 3], stride: 2, padding: 2, groups: 4 },
  { x: [2, 1, 9, 12], w: [7, 1, 5, 5], padding: 2 },
  { x: [2, 3, 11, 16], w: [10, 3, 7, 7], stride: 2, padding: 3 },
  { x: [1, 6, 8, 8], w: [4, 3, 2, 8], stride: [3, 1], padding: [0, 4], groups: 2, dilation: [2, 1] },
  { x: [2, 5, 8, 8], w: [3, 5, 7, 7], padding: 3 },
  { x: [5, 2, 17, 20], w: [2, 1, 3, 3], padding: 1, groups: 2 },
  { x: [7, 3, 2, 4], w: [9, 1, 3, 3], padding: 1, groups: 3 },
  { x: [3, 2, 5, 300], w: [2, 1, 3, 2], stride: [1, 3], padding: [1, 0], groups: 2 },
];

/** Plain loops: the output, and the gradients of Σ out · dy. */
function reference(
  { x, w, stride = 1, padding = 0, dilation = 1, groups = 1 }: Case,
  xs: Float32Array,
  ws: Float32Array,
  dys?: Float32Array,
) {
  const [n, c, h, wide] = x;
  const [o, per, r, s] = w;
  const two = (v: number | readonly [number, number]) =>
    (typeof v === 'number' ? [v, v] : v) as readonly [number, number];
  const [st, pd, dl] = [two(stride), two(padding), two(dilation)];
  const oh = Math.floor((h + 2 * pd[0] - dl[0] * (r - 1) - 1) / st[0]) + 1;
  const ow = Math.floor((wide + 2 * pd[1] - dl[1] * (s - 1) - 1) / st[1]) + 1;
  const out = new Float64Array(n * o * oh * ow);
  const dx = new Float64Array(xs.length);
  const dw = new Float64Array(ws.length);
  for (let b = 0; b < n; b++)
    for (let k = 0; k < o; k++)
      for (let y = 0; y < oh; y++)
        for (let z = 0; z < ow; z++) {
          const at = ((b * o + k) * oh + y) * ow + z;
          const group = Math.floor(k / (o / groups));
          for (let q = 0; q < per; q++)
            for (let i = 0; i < r; i++)
              for (let j = 0; j < s; j++) {
                const iy = y * st[0] - pd[0] + i * dl[0];
                const ix = z * st[1] - pd[1] + j * dl[1];
                if (iy < 0 || iy >= h || ix < 0 || ix >= wide) continue;
                const xAt = ((b * c + group * per + q) * h + iy) * wide + ix;
                const wAt = ((k * per + q) * r + i) * s + j;
                out[at]! += xs[xAt]! * ws[wAt]!;
                if (!dys) continue;
                dx[xAt]! += dys[at]! * ws[wAt]!;
                dw[wAt]! += dys[at]! * xs[xAt]!;
              }
        }
  return { shape: [n, o, oh, ow], out, dx, dw };
}

function close(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  assert.is(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) {
    assert.ok(
      Math.abs(got[i]! - want[i]!) < 2e-4 + 1e-4 * Math.abs(want[i]!),
      `${what}: element ${i} is ${got[i]}, not ${want[i]}`,
    );
  }
}

test('conv2d and its gradients equal plain loops', async () => {
  await withEachSharing(async ({ kind }) => {
    for (const [i, one] of CASES.entries()) {
      if (kind === 'workgroup' && i % 4 !== 0) continue; // Barriers compile slowly on the CPU.
      const x = random('x', one.x);
      const w = random('w', one.w);
      const y = conv2d(x, w, undefined, one);
      const dy = fill('dy', y.shape, { kind: 'signed', scale: 1 });
      const want = reference(one, (await x.read()) as Float32Array, (await w.read()) as Float32Array, dy);
      assert.equal(y.shape, want.shape);
      const [dx, dw] = grad([y], [x, w], { gradients: [tensor(dy, y.shape)] });
      close(await y.read(), want.out, `${kind} case ${i}, forward`);
      close(await dx!.read(), want.dx, `${kind} case ${i}, dx`);
      close(await dw!.read(), want.dw, `${kind} case ${i}, dw`);
    }
  });
});

test('what a convolution does at its end equals the same by plain loops', async () => {
  const leaky = (v: number) => (v > 0 ? v : 0.25 * v);
  for (const [i, one] of CASES.entries()) {
    const [x, w] = [random('x', one.x).detach(), random('w', one.w).detach()];
    const { shape, out } = reference(one, (await x.read()) as Float32Array, (await w.read()) as Float32Array);
    const [, o, h, wide] = shape as [number, number, number, number];
    const y = conv2d(x, w, undefined, { ...one, epilogue: { relu: true } });
    close(
      await y.read(),
      out.map((v) => Math.max(v, 0)),
      `case ${i}, ReLU`,
    );
    // Every other number is a text of its own, which takes its time to compile.
    if (i % 4 !== 0) continue;
    const numbers = [[o], [o], shape].map((size, k) => random(`epilogue/${k}`, size).detach());
    const [scale, bias, residual] = numbers as [Tensor, Tensor, Tensor];
    const [s, b, r] = await Promise.all(numbers.map((t) => t.read()));
    const channel = (at: number) => Math.floor(at / (h * wide)) % o;
    const want = out.map((v, at) => leaky(s![channel(at)]! * v + b![channel(at)]! + r![at]!));
    const all = conv2d(x, w, bias, { ...one, epilogue: { scale, residual, relu: 0.25 } });
    close(await all.read(), want, `case ${i}, all`);
  }
});

test('a weight gradient over many pixels is split and still right', async () => {
  const one: Case = { x: [5, 3, 33, 31], w: [4, 3, 3, 3], padding: 1 };
  const x = random('x', one.x);
  const w = random('w', one.w);
  const y = conv2d(x, w, undefined, one);
  const dy = fill('dy', y.shape, { kind: 'signed', scale: 1 });
  const want = reference(one, (await x.read()) as Float32Array, (await w.read()) as Float32Array, dy);
  const [dw] = grad([y], [w], { gradients: [tensor(dy, y.shape)] });
  const got = await dw!.read();
  for (let i = 0; i < got.length; i++) assert.ok(Math.abs(got[i]! - want.dw[i]!) < 5e-4, `element ${i}`);
});

test('convolutions large enough for the largest tile are right where looked at', async () => {
  for (const [h, wide] of [
    [43, 41],
    [44, 40],
  ] as const) {
    const [c, o] = [64, 72];
    const x = random('x', [1, c, h, wide]);
    const w = random('w', [o, c, 3, 3]);
    const y = conv2d(x, w, undefined, { padding: 1 });
    const dys = fill('dy', y.shape, { kind: 'signed', scale: 1 });
    const [dx, dw] = grad([y], [x, w], { gradients: [tensor(dys, y.shape)] });
    const [xs, ws, ys, dxs, dws] = await Promise.all([x, w, y, dx!, dw!].map((t) => t.read()));
    const inside = (i: number, j: number) => i >= 0 && i < h && j >= 0 && j < wide;
    for (let n = 0; n < 60; n++) {
      const [k, q, i, j] = [(n * 7) % o, (n * 11) % c, (n * 13) % h, (n * 17) % wide];
      const [r, s] = [n % 3, Math.floor(n / 3) % 3];
      let forward = 0;
      let back = 0;
      let weight = 0;
      for (let u = 0; u < 3; u++) {
        for (let v = 0; v < 3; v++) {
          const [a, b] = [i + u - 1, j + v - 1];
          if (!inside(a, b)) continue;
          for (let m = 0; m < c; m++) forward += xs![(m * h + a) * wide + b]! * ws![((k * c + m) * 3 + u) * 3 + v]!;
          for (let m = 0; m < o; m++)
            back += dys[(m * h + a) * wide + b]! * ws![((m * c + q) * 3 + 2 - u) * 3 + 2 - v]!;
        }
      }
      for (let a = 0; a < h; a++) {
        for (let b = 0; b < wide; b++) {
          if (inside(a + r - 1, b + s - 1))
            weight += dys[(k * h + a) * wide + b]! * xs![(q * h + a + r - 1) * wide + b + s - 1]!;
        }
      }
      close([ys![(k * h + i) * wide + j]!], [forward], `y of ${h} × ${wide}, ${n}`);
      close([dxs![(q * h + i) * wide + j]!], [back], `dx of ${h} × ${wide}, ${n}`);
      close([dws![((k * c + q) * 3 + r) * 3 + s]!], [weight], `dw of ${h} × ${wide}, ${n}`);
    }
  }
});

test('an empty batch gives weights a gradient of zeros', async () => {
  for (const groups of [1, 4]) {
    const w = random('w', [4, 4 / groups, 3, 3]);
    const y = conv2d(tensor(new Float32Array(0), [0, 4, 5, 8]), w, undefined, { padding: 1, groups });
    assert.equal(y.shape, [0, 4, 5, 8]);
    const [dw] = grad([y], [w], { gradients: [tensor(new Float32Array(0), y.shape)] });
    assert.equal(await dw!.read(), new Float32Array(w.size));
  }
});

test('finite differences of conv1d and convTranspose2d', async () => {
  await gradcheck((x, w, b) => conv1d(x, w, b, { stride: 2, padding: 1 }), [[2, 3, 11], [5, 3, 3], [5]]);
  await gradcheck(
    (x, w, b) => convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
    [[2, 3, 5, 3], [3, 4, 3, 3], [4]],
  );
  await gradcheck(
    (x, w) => convTranspose2d(x, w, undefined, { stride: [1, 2], groups: 3 }),
    [
      [1, 6, 3, 4],
      [6, 1, 3, 2],
    ],
  );
});

test('the gradient of a gradient', async () => {
  await gradcheck(
    (x, w) =>
      withGrad(true, () => {
        const leaf = x.requiresGrad ? x : x.detach();
        leaf.requiresGrad = true;
        const y = tanh(conv2d(leaf, w, undefined, { padding: 1, stride: 2 }));
        const [dx] = grad([sum(y)], [leaf], { createGraph: true });
        return sum(mul(dx!, dx!), [1, 2, 3]);
      }),
    [
      [2, 3, 5, 6],
      [4, 3, 3, 3],
    ],
    { step: 3e-3, tolerance: 4e-2 },
  );
});

test('errors name what does not fit', () => {
  const x = random('x', [1, 3, 5, 5]);
  assert.throws(
    () => conv2d(x, random('w', [4, 2, 3, 3])),
    /conv2d: x \[1, 3, 5, 5\] has 3 channels; weight \[4, 2, 3, 3\] in 1 groups expects 2/,
  );
  assert.throws(() => conv2d(x, random('w', [4, 3, 7, 7])), /a kernel of 7 × 7 does not fit into x \[1, 3, 5, 5\]/);
  assert.throws(
    () => conv2d(x, random('w', [4, 3, 3, 3]), undefined, { stride: 0 }),
    /stride must be whole numbers of at least 1/,
  );
  assert.throws(() => conv2d(x, random('w', [4, 3, 3, 3]), random('b', [3])), /bias must have shape \[4\]/);
  const [plain, w] = [x.detach(), random('w', [4, 3, 3, 3]).detach()];
  const finish = (source: Tensor, epilogue: ConvEpilogue) => conv2d(source, w, undefined, { epilogue });
  assert.throws(() => finish(x, { relu: true }), /an epilogue has no gradient; run it within noGrad\(\)/);
  assert.equal(noGrad(() => finish(x, { relu: true })).shape, [1, 4, 3, 3]);
  assert.throws(() => finish(plain, { scale: tensor([1, 2, 3]) }), /scale must have shape \[4\], got \[3\]/);
  assert.throws(() => finish(plain, { residual: plain }), /residual must have the output's shape \[1, 4, 3, 3\]/);
  assert.throws(() => finish(plain, { relu: -1 }), /conv2d: relu must be true, false or a finite slope/);
});

test.run();

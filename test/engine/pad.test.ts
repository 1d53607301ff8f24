import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { type PadOptions, pad } from '../../engine/ops/pad.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { permute } from '../../engine/ops/view.js';
import { tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

/** Small whole numbers: sums are exact. */
const whole = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'quant', levels: 100, offset: -50 }), shape, { requiresGrad: true });

/** For each place along one axis after padding, the input it shows, or −1. */
function origins(n: number, before: number, after: number, mode: string): number[] {
  return Array.from({ length: n + before + after }, (_, at) => {
    const i = at - before;
    if (mode === 'replicate') return Math.min(Math.max(i, 0), n - 1);
    if (mode === 'reflect') return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    return i < 0 || i >= n ? -1 : i;
  });
}

type Case = readonly [shape: readonly number[], pads: readonly number[], options: PadOptions];
const CASES: readonly Case[] = [
  [[7], [3, 2], { value: 1 }],
  [[3, 5], [0, 0, 2, 1], {}],
  [[2, 3, 4, 5], [1, -2, 0, 3, -1, 2, 2, 0], { value: -4 }],
  [[2, 3, 4, 5], [0, 0, 1, 1], { value: 2 }],
  [[2, 3, 4, 5], [0, 0, 0, 0, 2, 1], {}],
  [[2, 3, 4, 5], [-1, -2, -3, 0], {}],
  [[2, 2, 2, 2, 3], [1, 0, 0, 0, 1, 1], { value: 7 }],
  [[6], [5, 4], { mode: 'reflect' }],
  [[2, 3, 5, 7], [6, 6, 4, 4], { mode: 'reflect' }],
  [[2, 3, 5, 7], [2, 1], { mode: 'reflect' }],
  [[2, 5, 7], [3, 0, 1, 4], { mode: 'reflect' }],
  [[1, 2, 6, 5], [-1, 2, 3, -2], { mode: 'reflect' }],
  [[3, 40, 17, 19], [1, 1, 1, 1], { mode: 'reflect' }],
  [[2, 3, 1, 4], [9, 2, 3, 5], { mode: 'replicate' }],
  [[1, 2, 5, 6], [-2, 3, 4, -1], { mode: 'replicate' }],
  [[1, 2, 5, 6], [-2, -3, -1, -4 + 2], { mode: 'replicate' }],
];

for (const [shape, pads, options] of CASES) {
  test(`[${shape}] padded by [${pads}] with ${JSON.stringify(options)} agrees with plain loops`, async () => {
    const { mode = 'constant', value = 0 } = options;
    const x = whole('x', shape);
    const y = pad(x, pads, options);
    const dy = whole('dy', y.shape);
    const [dx] = grad([y], [x], { gradients: [dy] });
    const [xs, gs] = [await x.read(), await dy.read()];
    const axes = shape.map((n, i) => {
      const k = 2 * (shape.length - 1 - i);
      return origins(n, pads[k] ?? 0, pads[k + 1] ?? 0, mode);
    });
    assert.equal(
      y.shape,
      axes.map((places) => places.length),
    );
    const want = new Float32Array(y.size);
    const wantDx = new Float32Array(x.size);
    for (let to = 0; to < y.size; to++) {
      let rest = to;
      let from = 0;
      let stride = 1;
      for (let i = shape.length - 1; i >= 0; i--) {
        const at = axes[i]![rest % axes[i]!.length]!;
        rest = Math.floor(rest / axes[i]!.length);
        from = at < 0 || from < 0 ? -1 : from + at * stride;
        stride *= shape[i]!;
      }
      want[to] = from < 0 ? value : xs[from]!;
      if (from >= 0) wantDx[from]! += gs[to]!;
    }
    assert.equal(await y.read(), want);
    assert.equal(await dx!.read(), wantDx);
  });
}

test('gradients agree with differences, also twice', async () => {
  const shape = [1, 2, 3, 5];
  for (const mode of ['constant', 'reflect', 'replicate'] as const) {
    await gradcheck((x) => pad(x, [2, 1, 1, 2], { mode }), [shape]);
    const x = whole('x', shape);
    const [g] = grad([sum(square(pad(x, [2, 1, 1, 2], { mode })))], [x], { createGraph: true });
    const [second] = grad([sum(g!)], [x]);
    // Σ pad(x)² counts every input as often as it is shown, twice.
    const [shown] = grad([sum(pad(x, [2, 1, 1, 2], { mode }))], [x]);
    const counts = await shown!.read();
    assert.equal(
      await second!.read(),
      counts.map((n) => 2 * n),
    );
  }
});

test('views, nothing to do, and empty batches', async () => {
  const x = whole('x', [2, 5, 4, 3]);
  const view = permute(x, [0, 3, 1, 2]);
  const copy = tensor(await view.read(), view.shape);
  for (const mode of ['constant', 'reflect'] as const) {
    assert.equal(await pad(view, [1, 2], { mode }).read(), await pad(copy, [1, 2], { mode }).read());
  }
  assert.is(pad(x, [0, 0]), x);
  assert.equal(pad(tensor(new Float32Array(0), [0, 2, 3]), [1, 1], { mode: 'reflect' }).shape, [0, 2, 5]);
  assert.equal(
    await pad(tensor(new Float32Array(0), [0, 2]), [1, 1, 1, 0], { value: 3 }).read(),
    new Float32Array(4).fill(3),
  );
});

test('misfits are named', () => {
  const x = tensor(new Float32Array(12), [1, 3, 4]);
  assert.throws(() => pad(x, [1]), /two whole numbers for each/);
  assert.throws(() => pad(x, [4, 0], { mode: 'reflect' }), /\[4,0\] does not fit \[1, 3, 4\]: reflect/);
  assert.throws(() => pad(x, [1, 1, 1, 1, 1, 1], { mode: 'replicate' }), /one or two dimensions/);
  assert.throws(() => pad(x, [-3, -2]), /the shape \[1, 3, -1\]/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linear, matmul } from '../../engine/ops/matmul.js';
import { expand, permute, slice, transpose } from '../../engine/ops/view.js';
import { type Tensor, type TensorData, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter, gpu } from './device.js';
import { gradcheck } from './gradcheck.js';
import { withEachSharing } from './sharing.js';

closeAfter(test);

const random = (name: string, shape: readonly number[]) =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1 }), shape);

/** Plain loops over row-major matrices. */
function reference(a: TensorData, b: TensorData, m: number, k: number, n: number): Float32Array {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let q = 0; q < k; q++) sum += a[i * k + q]! * b[q * n + j]!;
      c[i * n + j] = sum;
    }
  }
  return c;
}

async function checkProduct(a: Tensor, b: Tensor, what: string): Promise<void> {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1]!;
  const want = reference(await a.read(), await b.read(), m, k, n);
  const got = await matmul(a, b).read();
  for (let i = 0; i < want.length; i++) {
    assert.ok(Math.abs(got[i]! - want[i]!) < 1e-4, `${what}: element ${i} is ${got[i]}, not ${want[i]}`);
  }
}

const EVERY = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** Sizes, and the transposes tried at each: one of eight rows or fewer, one of whole quads, larger ones of several tiles. */
const SIZES: readonly (readonly [
  size: readonly [number, number, number],
  transposes: readonly (readonly [boolean, boolean])[],
])[] = [
  [[1, 1, 1], EVERY.slice(0, 1)],
  [[3, 5, 7], EVERY],
  [[8, 4, 32], EVERY.slice(0, 1)],
  [[13, 33, 9], EVERY.slice(0, 1)],
  [[36, 20, 44], EVERY],
  [[65, 66, 67], EVERY.slice(0, 1)],
  [[40, 130, 260], EVERY.slice(2, 3)],
];

test('matmul equals plain loops at odd sizes, for every transpose', async () => {
  await withEachSharing(async ({ kind }) => {
    for (const [[m, k, n], transposes] of SIZES) {
      if (kind === 'workgroup' && m > 16 && m < 65) continue; // Barriers compile slowly on the CPU.
      for (const [ta, tb] of transposes) {
        const a = ta ? transpose(random('a', [k, m])) : random('a', [m, k]);
        const b = tb ? transpose(random('b', [n, k])) : random('b', [k, n]);
        await checkProduct(a, b, `${kind} ${m}×${k}×${n} ${ta} ${tb}`);
      }
    }
  });
});

test('a product large enough for the largest tile is right where looked at', async () => {
  await withEachSharing(async () => {
    const [m, k, n] = [517, 259, 519];
    const [a, b] = [random('a', [m, k]), random('b', [k, n])];
    const [x, y, z] = [await a.read(), await b.read(), await matmul(a, b).read()];
    for (let i = 0; i < 400; i++) {
      const [row, column] = [(i * 131) % m, (i * 197) % n];
      let sum = 0;
      for (let q = 0; q < k; q++) sum += x[row * k + q]! * y[q * n + column]!;
      assert.ok(Math.abs(z[row * n + column]! - sum) < 1e-4, `[${row}, ${column}]`);
    }
  });
});

test('matmul reads slices and steps where they lie', async () => {
  const a = slice(slice(random('a', [11, 30]), 0, 2, 9), 1, 1, 29, 3);
  const b = slice(transpose(random('b', [13, 17])), 0, 5, 15);
  await checkProduct(a, b, 'slices');
});

test('matmul broadcasts batches without a copy', async () => {
  const a = random('a', [2, 1, 5, 6]);
  const b = random('b', [3, 6, 4]);
  const c = matmul(a, b);
  assert.equal(c.shape, [2, 3, 5, 4]);
  const before = gpu.queue.counts.dispatches;
  const again = matmul(expand(a, [2, 3, 5, 6]), b);
  assert.is(gpu.queue.counts.dispatches - before, 1);
  assert.equal(await again.read(), await c.read());
});

test('gradients of matmul and linear', async () => {
  await withEachSharing(async () => {
    await gradcheck(matmul, [
      [5, 7],
      [7, 3],
    ]);
    await gradcheck(matmul, [
      [2, 5, 9],
      [9, 6],
    ]);
    await gradcheck(
      (a, b) => matmul(transpose(a), permute(b, [1, 0])),
      [
        [9, 5],
        [3, 9],
      ],
    );
    await gradcheck(linear, [[3, 5, 7], [9, 7], [9]]);
  });
});

test('errors name the shapes', () => {
  assert.throws(
    () => matmul(random('a', [2, 3]), random('b', [4, 5])),
    /matmul: \[2, 3\] and \[4, 5\] do not fit: 3 columns against 4 rows/,
  );
  assert.throws(() => linear(random('a', [2, 3]), random('b', [4, 5])), /linear: x \[2, 3\], weight \[4, 5\]/);
});

test.run();

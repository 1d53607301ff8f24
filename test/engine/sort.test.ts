import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { argsort, sort, topk } from '../../engine/ops/sort.js';
import { transpose } from '../../engine/ops/view.js';
import { tensor } from '../../engine/tensor.js';
import { assertSameBits, gradients, leaf, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

/** The stable order of one row. */
function orderOf(row: ArrayLike<number>, descending: boolean): number[] {
  return Array.from({ length: row.length }, (_, i) => i).sort(
    (a, b) => (descending ? row[b]! - row[a]! : row[a]! - row[b]!) || a - b,
  );
}

const rowsOf = (data: Float32Array | Int32Array, n: number) =>
  Array.from({ length: data.length / n }, (_, r) => data.subarray(r * n, (r + 1) * n));

test('gradients agree with differences', async () => {
  await gradcheck((x) => sort(x, 1).values, [[3, 7, 5]], { step: 1e-3 });
  await gradcheck((x) => sort(x, -1, { descending: true }).values, [[5, 9]], { step: 1e-3 });
  await gradcheck((x) => topk(x, 3, { dim: 0, largest: false }).values, [[7, 4]], { step: 1e-3 });
});

test('rows of many lengths sort as on the CPU, ties in their order', async () => {
  for (const [rows, n] of [
    [1, 1],
    [7, 2],
    [301, 5],
    [40, 33],
    [3, 1024],
    [3, 1025],
    [2, 5000],
    [1, 70001],
  ] as const) {
    // Few different values make many ties; zeros of both signs are equal.
    const data = numbers('sort', [rows, n], -20, 20).map((v) => Math.round(v) / 2);
    for (const descending of [false, true]) {
      const { values, indices } = sort(tensor(data, [rows, n]), 1, { descending });
      const want = rowsOf(data, n).map((row) => orderOf(row, descending));
      assert.equal(Array.from(await indices.read()), want.flat(), `order of ${rows} × ${n}, descending ${descending}`);
      const sorted = rowsOf(data, n).flatMap((row, r) => want[r]!.map((i) => row[i]!));
      assert.equal(Array.from(await values.read()), sorted, `values of ${rows} × ${n}`);
    }
  }
});

test('a row of 2^20 and integers of both signs', async () => {
  const n = 2 ** 20;
  const got = (await sort(random('million', [n]))).indices;
  const data = numbers('million', [n]);
  const order = (await got.read()) as Int32Array;
  const seen = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    seen[order[i]!] = 1;
    if (
      i > 0 &&
      !(
        data[order[i - 1]!]! < data[order[i]!]! ||
        (data[order[i - 1]!] === data[order[i]!] && order[i - 1]! < order[i]!)
      )
    )
      assert.unreachable(`element ${i} is out of order`);
  }
  assert.ok(
    seen.every((s) => s === 1),
    'every index appears',
  );
  const whole = Int32Array.of(5, -7, 2147483647, 0, -2147483648, -7);
  assert.equal(Array.from(await sort(tensor(whole)).values.read()), [-2147483648, -7, -7, 0, 5, 2147483647]);
  assert.equal(Array.from(await argsort(tensor(whole), 0, { descending: true }).read()), [2, 0, 3, 1, 5, 4]);
});

test('topk takes the same as sorting the whole row', async () => {
  for (const [rows, n, k] of [
    [5, 9, 9],
    [40, 700, 3],
    [3, 5000, 50],
    [2, 3000, 256],
    [2, 3000, 700],
    [1, 100003, 20],
  ] as const) {
    const data = numbers('topk', [rows, n], -300, 300).map(Math.round);
    for (const largest of [true, false]) {
      const { values, indices } = topk(tensor(data, [rows, n]), k, { largest });
      const want = rowsOf(data, n).map((row) => orderOf(row, largest).slice(0, k));
      assert.equal(Array.from(await indices.read()), want.flat(), `topk ${k} of ${rows} × ${n}`);
      assert.equal(
        Array.from(await values.read()),
        rowsOf(data, n).flatMap((row, r) => want[r]!.map((i) => row[i]!)),
      );
    }
  }
});

test('other dimensions and views', async () => {
  const x = random('columns', [1500, 3]);
  const want = orderOf(
    Array.from({ length: 1500 }, (_, i) => numbers('columns', [1500, 3])[3 * i + 1]!),
    false,
  );
  const { indices } = sort(x, 0);
  assert.equal(indices.shape, [1500, 3]);
  const got = await indices.read();
  assert.equal(
    want,
    Array.from({ length: 1500 }, (_, i) => got[3 * i + 1]!),
  );
  const across = topk(transpose(x), 5, { dim: 1, largest: false }).indices;
  assert.equal(Array.from(await across.read()).slice(5, 10), want.slice(0, 5));
});

test('gradients go to where long rows came from, and each run gives the same bits', async () => {
  const x = leaf('long', [2, 3001]);
  const dy = random('long/dy', [2, 3001]);
  const [dx] = await gradients((t) => sort(t, 1).values, [x], dy);
  const order = await sort(x, 1).indices.read();
  const given = await dy.read();
  for (const i of [0, 1, 1500, 3000, 3001, 6001]) assert.is(dx![(i < 3001 ? 0 : 3001) + order[i]!], given[i]);
  await assertSameBits(() => sort(x, 1).indices);
});

test('errors name k and the shape', () => {
  assert.throws(() => topk(random('few', [2, 3]), 4), /topk: k must be .* 1 to 3, .*\[2, 3\], got 4/);
  assert.throws(() => sort(random('few', [2, 3]), 2), /sort: dimension 2/);
});

test.run();

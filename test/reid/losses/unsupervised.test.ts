import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, type Tensor, tensor } from '../../../engine/index.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { clusteringLoss, updateClusterTable } from '../../../reid/losses/acl.js';
import { clusterContrastLoss, updateCentres } from '../../../reid/losses/cluster-contrast.js';
import { instanceLoss, publishedInstanceLoss } from '../../../reid/losses/idl.js';
import { updateMemoryTable } from '../../../reid/losses/memory-table.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';
import type { GoldenCase } from '../../parity/case.js';
import { runLossCase } from '../../parity/system-losses.js';

closeAfter(test);

const { cases } = (await loadJson('losses-unsupervised.json')) as { readonly cases: readonly GoldenCase[] };

test(`${cases.length} losses and memories of the originals, with their gradients`, async () => {
  for (const golden of cases) assert.is((await runLossCase(golden.id, golden)).reason, undefined, golden.id);
});

const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 1e-5 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);

const whole = (...numbers: number[]) => tensor(Int32Array.from(numbers), [numbers.length]);

/** The rows of the vectors of float64: sin(0.7a + 1.3j + 0.1aj), of length 1. */
function vectors(first: number, count: number, requiresGrad = false): Tensor {
  const rows = Array.from({ length: count }, (_, i) => {
    const a = first + i;
    const row = [0, 1, 2, 3].map((j) => Math.sin(0.7 * a + 1.3 * j + 0.1 * a * j));
    return row.map((x) => x / Math.hypot(...row));
  });
  return tensor(Float32Array.from(rows.flat()), [count, 4], { requiresGrad });
}

test('the instance loss agrees with the vectors of float64, and no gradient reaches a row as a key', async () => {
  const rows = vectors(0, 6, true);
  const loss = instanceLoss(rows);
  near(await loss.item(), 18.0022973966, 'the symmetric form');
  const data = await grad([loss], [rows])[0]!.read();
  const length = 7.8497201285;
  assert.ok(Math.abs(Math.hypot(...data) - length) < 1e-4 * length, `its gradient: ${Math.hypot(...data)}`);
  const first = [-0.6966672346, 2.2692407093, 1.26877725, -2.4327823327];
  // Where a row finds its pair almost surely, float32 holds few digits of 1 − p: 1e-4 of the gradient's length.
  assertClose(data.subarray(0, 4), first, 1e-4 * length, 'the gradient of the first row');
  near(await publishedInstanceLoss(vectors(0, 3), vectors(3, 3)).item(), 23.2541826496, 'the published form');
});

test('the clustering loss begins at ln C and agrees with the vectors, as does the table behind each update', async () => {
  const table = tensor(new Float32Array(12), [3, 4]);
  const [rows, labels] = [vectors(0, 3), whole(0, 1, 0)];
  near(await clusteringLoss(rows, labels, table).item(), Math.log(3), 'with an empty table');
  updateClusterTable(table, rows, labels);
  const after = [
    [0.4842674127, 0.6456575567, -0.1851091922, -0.5606656575],
    [0.4296303977, 0.5756765002, -0.2339382178, -0.6552001211],
    [0, 0, 0, 0],
  ];
  assertClose(await table.read(), after.flat(), 1e-6, 'the table');
  near(await clusteringLoss(rows, labels, table).item(), 0.657367384, 'the second loss');
});

test('gradients agree with differences', async () => {
  const labels = whole(2, 0, 2, 1, 0);
  const table = l2Normalize(tensor(fill('table', [3, 7], { kind: 'signed', scale: 1 }), [3, 7]));
  await gradcheck((x: Tensor) => clusteringLoss(x, labels, table, 3), [[5, 7]]);
  await gradcheck((x: Tensor) => clusterContrastLoss(x, labels, table, { temperature: 0.5 }), [[5, 7]]);
  const pair = (x: Tensor, y: Tensor) => publishedInstanceLoss(x, y, { temperature: 0.7 });
  const shapes = [
    [3, 5],
    [3, 5],
  ];
  await gradcheck(pair, shapes, { range: [-0.7, 0.7] });
});

/** The symmetric instance loss in plain loops, with keys that do not move. */
function plainInstanceLoss(rows: readonly number[][], keys: readonly number[][], tau: number): number {
  const n = rows.length;
  let total = 0;
  for (let a = 0; a < n; a++) {
    const s = keys.map((key, b) =>
      a === b ? 0 : Math.exp(key.reduce((sum, x, k) => sum + x * rows[a]![k]!, 0) / tau),
    );
    const d = s.reduce((sum, x) => sum + x, 0);
    const other = (a + n / 2) % n;
    total += Math.log(s[other]! / d);
    for (let b = 0; b < n; b++) if (b !== a && b !== other) total += Math.log1p(-s[b]! / d);
  }
  return -total / n;
}

test('the gradient of the instance loss agrees with differences in which the keys stand still', async () => {
  const [n, width, tau] = [6, 5, 0.4];
  const data = fill('instance', [n, width], { kind: 'signed', scale: 0.6 });
  const x = tensor(data, [n, width], { requiresGrad: true });
  const loss = instanceLoss(x, { temperature: tau });
  const got = await grad([loss], [x])[0]!.read();
  const rowsOf = (values: ArrayLike<number>) =>
    Array.from({ length: n }, (_, a) => Array.from({ length: width }, (_, k) => values[a * width + k]!));
  const keys = rowsOf(data);
  near(await loss.item(), plainInstanceLoss(keys, keys, tau), 'the loss');
  for (const at of [0, 7, 13, 29]) {
    const moved = (h: number) => rowsOf(Float64Array.from(data, (v, i) => (i === at ? v + h : v)));
    const want = (plainInstanceLoss(moved(1e-5), keys, tau) - plainInstanceLoss(moved(-1e-5), keys, tau)) / 2e-5;
    assert.ok(Math.abs(got[at]! - want) < 1e-4, `element ${at}: ${got[at]}, differences say ${want}`);
  }
});

/** Updates of a table in plain loops. */
function plainUpdates(
  memory: number[][],
  features: number[][],
  labels: readonly number[],
  momentum: number,
): number[][] {
  const table = memory.map((row) => [...row]);
  for (const [i, label] of labels.entries()) {
    if (!table[label]) continue;
    const row = table[label].map((v, k) => momentum * v + (1 - momentum) * features[i]![k]!);
    table[label] = row.map((v) => v / Math.hypot(...row));
  }
  return table;
}

test('a table is moved row by row in the order of the batch; labels that are none change nothing', async () => {
  const [classes, width] = [5, 131];
  const labels = [3, 0, 3, -1, 3, 4, 0, 9];
  const random = (name: string, rows: number) => fill(name, [rows, width], { kind: 'signed', scale: 1 });
  const [memory, features] = [random('memory', classes), random('features', labels.length)];
  const table = tensor(memory, [classes, width]);
  updateMemoryTable(table, tensor(features, [labels.length, width]), whole(...labels), { momentum: 0.3 });
  const rowsOf = (values: Float32Array, rows: number) =>
    Array.from({ length: rows }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
  const want = plainUpdates(rowsOf(memory, classes), rowsOf(features, labels.length), labels, 0.3);
  assertClose(await table.read(), want.flat(), 1e-6, 'the table');
});

test('the hardest feature of a class moves its centre, once', async () => {
  const centres = tensor([
    [1, 0],
    [0, 1],
  ]);
  const features = tensor([
    [2, 0],
    [0, 3],
    [1, 1],
  ]);
  updateCentres(centres, features, whole(0, 0, 0), { momentum: 0.5, hard: true });
  assertClose(await centres.read(), [Math.SQRT1_2, Math.SQRT1_2, 0, 1], 1e-6, 'centres');
});

test('features and labels that do not fit the table are refused', () => {
  const table = tensor(new Float32Array(6), [2, 3]);
  assert.throws(() => updateMemoryTable(table, vectors(0, 2), whole(0, 1), { momentum: 0 }), /do not fit the memory/);
  assert.throws(() => instanceLoss(vectors(0, 3)), /two views/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DistanceCounts } from '../../../reid/metrics/distance-counts.js';
import { fill } from '../../golden/fill.js';

function entries(a: DistanceCounts, b = new DistanceCounts()): [number, number, number][] {
  const out: [number, number, number][] = [];
  DistanceCounts.ascending(a, b, (value, inA, inB) => out.push([value, inA, inB]));
  return out;
}

test('every kind of float comes back in order, with its count', () => {
  const values = Float32Array.from([0.5, -1, 3, 0.5, -0, 0, Infinity, -Infinity, 1e-42, -1e-42, 3.4e38, -2, 0.5]);
  const counts = new DistanceCounts();
  counts.add(values);
  assert.is(counts.total, 13);
  const want = new Map<number, number>();
  for (const value of [...values].sort((a, b) => a - b)) want.set(value + 0, (want.get(value + 0) ?? 0) + 1);
  assert.equal(
    entries(counts),
    [...want].map(([value, count]) => [value, count, 0]),
  );
});

test('rows add what has the role', () => {
  const [genuine, impostor] = [new DistanceCounts(), new DistanceCounts()];
  const row = Float32Array.of(9, 0.25, 0.5, 0.25, 0.75).subarray(1);
  const roles = Uint8Array.of(2, 1, 1, 0);
  genuine.addRow(row, roles, 2);
  impostor.addRow(row, roles, 1);
  assert.equal(entries(genuine, impostor), [
    [0.25, 1, 1],
    [0.5, 0, 1],
  ]);
});

test('many values of one page are counted, and still exact', () => {
  // [1, 1 + 2^-7) is one page of 65,536 values.
  const values = fill('page', [150_000], { kind: 'range', lo: 1, hi: 1 + 2 ** -7 });
  const counts = new DistanceCounts();
  counts.add(values);
  const sorted = values.slice().sort();
  let at = 0;
  for (const [value, count] of entries(counts)) {
    for (let i = 0; i < count; i++) assert.is(sorted[at++], value);
  }
  assert.is(at, values.length);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { featurePoints } from '../../../../reid/metrics/reranking/feature-points.js';
import { JaccardDistances, sparseJaccard } from '../../../../reid/metrics/reranking/jaccard.js';
import { reciprocalVectors } from '../../../../reid/metrics/reranking/rerank.js';
import type { SparseRows } from '../../../../reid/metrics/reranking/sparse-rows.js';
import { loadJson } from '../../../fixture.js';
import { fill } from '../../../golden/fill.js';
import type { GoldenValue } from '../../../parity/case.js';
import { nearRecord } from '../../../parity/evaluation-checks.js';
import { unitFeatures } from '../../../parity/evaluation-golden.js';
import { denseReranking } from './dense.js';

const clustered = (name: string, n: number, dimension: number) => {
  const data = fill(name, [n, dimension], { kind: 'signed', scale: 0.6 });
  for (let i = 0; i < n; i++) data[i * dimension + (i % 4)] += 1;
  return featurePoints({ data, dimension }, { unit: true });
};

function dense({ rows, columns, offsets, indices, values }: SparseRows, missing = 0): Float32Array {
  const out = new Float32Array(rows * columns).fill(missing);
  for (let r = 0; r < rows; r++) {
    for (let k = offsets[r]; k < offsets[r + 1]; k++) out[r * columns + indices[k]] = values[k];
  }
  return out;
}

const matrixOf = (vectors: SparseRows): Float32Array => {
  const distances = new JaccardDistances(vectors);
  const out = new Float32Array(vectors.rows ** 2);
  for (let i = 0; i < vectors.rows; i++) distances.row(i, out.subarray(i * vectors.rows, (i + 1) * vectors.rows));
  return out;
};

test('invariants of V and J', async () => {
  for (const [k1, k2] of [
    [8, 4],
    [3, 1],
    [20, 6],
  ]) {
    const n = 60;
    const vectors = await reciprocalVectors(clustered('invariants', n, 6), { k1, k2 });
    const v = dense(vectors);
    const j = matrixOf(vectors);
    for (let a = 0; a < n; a++) {
      const sum = v.subarray(a * n, (a + 1) * n).reduce((total, x) => total + x, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6, `row ${a} of V sums to ${sum}`);
      assert.ok(j[a * n + a] < 1e-6);
      for (let b = 0; b < n; b++) {
        assert.ok(j[a * n + b] >= 0 && j[a * n + b] <= 1);
        assert.ok(Math.abs(j[a * n + b] - j[b * n + a]) < 1e-6);
      }
    }
  }
});

test('lists of all points make V dense; a point without mutual neighbours is its own unit vector', async () => {
  const all = await reciprocalVectors(clustered('dense', 12, 4), { k1: 11, k2: 1 });
  assert.is(all.indices.length, 144);
  // 0 is nearest to 10, but 10 has nearer ones.
  const line = featurePoints({ data: Float32Array.of(0, 10, 10.5, 9.6, 10.2), dimension: 1 });
  const vectors = await reciprocalVectors(line, { k1: 2, k2: 1 });
  assert.equal(Array.from(vectors.indices.subarray(vectors.offsets[0], vectors.offsets[1])), [0]);
  assert.is(vectors.values[vectors.offsets[0]], 1);
});

test('sparse rows hold what is near enough, with ascending columns', async () => {
  const n = 50;
  const points = clustered('sparse', n, 5);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const squared = Array.from(all, (i) => Array.from(points.between(i, all), Math.fround));
  for (const form of ['authors', 'faiss'] as const) {
    const options = { k1: 6, k2: 3, form };
    const { j } = denseReranking(squared, options);
    const vectors = await reciprocalVectors(points, options);
    const whole = dense(sparseJaccard(vectors, 1), 1);
    j.flat().forEach((want, i) => {
      assert.ok(Math.abs(whole[i] - want) < 1e-6, `element ${i}: ${whole[i]} is not ${want}`);
    });
    const near = sparseJaccard(vectors, 0.5);
    assert.equal(near.indices.length, j.flat().filter((distance) => distance <= 0.5).length);
    for (let r = 0; r < n; r++) {
      const columns = Array.from(near.indices.subarray(near.offsets[r], near.offsets[r + 1]));
      assert.equal(
        columns,
        [...columns].sort((a, b) => a - b),
      );
      assert.ok(columns.includes(r), 'a point is near itself');
    }
  }
});

const { jaccard: golden } = (await loadJson('eval-rerank.json')) as {
  jaccard: {
    seed: number;
    n: number;
    dim: number;
    pids: number[];
    scale: number;
    feat: GoldenValue;
    results: { k1: number; k2: number; jaccard: GoldenValue }[];
  }[];
};

for (const { seed, dim, pids, scale, feat, results } of golden) {
  test(`golden Jaccard distances of seed ${seed}`, async () => {
    const data = unitFeatures(seed, pids, dim, 'jac', scale);
    assert.is(nearRecord(data, feat, 1e-6).reason, undefined);
    const points = featurePoints({ data, dimension: dim }, { unit: true });
    for (const { k1, k2, jaccard } of results) {
      const vectors = await reciprocalVectors(points, { form: 'faiss', k1, k2 });
      assert.is(nearRecord(matrixOf(vectors), jaccard, 1e-5).reason, undefined);
    }
  });
}

test.run();

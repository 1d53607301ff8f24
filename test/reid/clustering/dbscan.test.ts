import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClusterDistance, distanceOf } from '../../../reid/clustering/cluster-distance.js';
import { dbscan, jaccardDbscan, vectorDbscan } from '../../../reid/clustering/dbscan.js';
import { DensityScan } from '../../../reid/clustering/density.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../../reid/metrics/reranking/gpu-points.js';
import { JaccardDistances } from '../../../reid/metrics/reranking/jaccard.js';
import { matrixPoints } from '../../../reid/metrics/reranking/matrix-points.js';
import { reciprocalVectors } from '../../../reid/metrics/reranking/rerank.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { clustered } from './clustered.js';

closeAfter(test);

/** DBSCAN as it is written down: clusters grow from core points in the order of their numbers. */
function grown(n: number, near: (i: number, j: number) => boolean, minSamples: number): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  const lists = all.map((i) => all.filter((j) => i === j || near(i, j)));
  const labels = all.map(() => -1);
  let next = 0;
  for (const start of all) {
    if (labels[start] >= 0 || lists[start].length < minSamples) continue;
    const queue = [start];
    labels[start] = next;
    for (const i of queue) {
      if (lists[i].length < minSamples) continue;
      for (const j of lists[i]) {
        if (labels[j] >= 0) continue;
        labels[j] = next;
        queue.push(j);
      }
    }
    next++;
  }
  return labels;
}

test('points on a line: core, border, outlier', async () => {
  const points = featurePoints({ data: Float32Array.from([0, 1, 2, 3, 10, 11, 12, 13, 6.5, 30]), dimension: 1 });
  const found = async (eps: number, minSamples: number) => {
    const { labels, clusters, outliers, core } = await dbscan(points, { eps, minSamples });
    return [Array.from(labels), clusters, outliers, Array.from(core.keys()).filter((i) => core[i])];
  };
  assert.equal(await found(3.5, 4), [[0, 0, 0, 0, 1, 1, 1, 1, 0, -1], 2, 1, [0, 1, 2, 3, 4, 5, 6, 7]]);
  assert.equal(await found(1, 3), [[0, 0, 0, 0, 1, 1, 1, 1, -1, -1], 2, 2, [1, 2, 5, 6]]);
  assert.equal((await found(3.5, 3))[0], [0, 0, 0, 0, 0, 0, 0, 0, 0, -1]);
  assert.equal((await found(1, 1))[0], [0, 0, 0, 0, 1, 1, 1, 1, 2, 3]);
  assert.equal((await found(100, 11))[2], 10);
});

test('pairs in any order give the clusters that grow in the order of their points', () => {
  const n = 70;
  const matrix = fill('any order', [n, n], { kind: 'range', lo: 0, hi: 1 });
  const order = fill('any order/order', [n * n], { kind: 'range', lo: 0, hi: 1 });
  for (const [eps, minSamples] of [
    [0.01, 2],
    [0.03, 3],
    [0.03, 4],
    [0.05, 5],
    [0.08, 9],
  ]) {
    const near = (i: number, j: number) => matrix[Math.min(i, j) * n + Math.max(i, j)] <= eps;
    const pairs = Array.from(order.keys())
      .sort((a, b) => order[a] - order[b])
      .map((at) => [Math.floor(at / n), at % n])
      .filter(([i, j]) => i < j && near(i, j));
    const scan = new DensityScan(n, minSamples);
    for (const [i, j] of pairs) scan.near(j, i);
    assert.equal(Array.from(scan.finish().labels), grown(n, near, minSamples), `eps ${eps}, ${minSamples}`);
  }
});

test('distances of every kind on the GPU, some of them eps itself', async () => {
  const [n, dimension] = [700, 16];
  const data = clustered('dbscan', n, dimension, 40, 0.5);
  for (const distance of ['euclidean', 'sqeuclidean', 'cosine'] as const satisfies ClusterDistance[]) {
    const unit = distance === 'cosine';
    const plain = featurePoints({ data, dimension }, { unit });
    const all = Array.from({ length: n }, (_, i) => i);
    const squared = all.map((i) => plain.between(i, all));
    // Between two pairs that float32 can not tell apart on the GPU.
    const closest = squared[3][83];
    const eps = distanceOf(distance, closest);
    const limit = distance === 'euclidean' ? eps * eps : distance === 'cosine' ? 2 * eps : eps;
    const points = await gpuPoints(gpu, { data, dimension }, { unit });
    const { labels } = await dbscan(points, { eps, distance });
    points.release();
    assert.equal(
      Array.from(labels),
      grown(n, (i, j) => squared[i][j] <= limit, 4),
      distance,
    );
    assert.ok(new Set(labels).size > 2, 'a case worth looking at');
  }
});

test('pairs that rounding puts on the wrong side of eps', async () => {
  const n = 80;
  const exact = fill('eps', [n, n], { kind: 'range', lo: 0, hi: 1 });
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) exact[i * n + j] = exact[j * n + i];
  const noise = fill('eps/noise', [n, n], { kind: 'signed', scale: 0.01 });
  const values = exact.map((squared, at) => squared + noise[at]);
  const tile = { row: 0, rows: n, column: 0, columns: n, values };
  const rounded = { ...matrixPoints(exact, 'sqeuclidean'), rounding: 0.01, tiles: () => [tile] };
  for (const eps of [0.02, 0.03, 0.04, 0.05]) {
    const want = grown(n, (i, j) => exact[i * n + j] <= eps, 3);
    const { labels } = await dbscan(rounded, { eps, distance: 'sqeuclidean', minSamples: 3 });
    assert.equal(Array.from(labels), want);
  }
});

test('Jaccard distances: as from the whole matrix, for every eps', async () => {
  const [n, dimension] = [300, 24];
  const points = featurePoints({ data: clustered('jaccard', n, dimension, 20, 1.1), dimension }, { unit: true });
  const vectors = await reciprocalVectors(points, { k1: 12, k2: 4, form: 'faiss' });
  const distances = new JaccardDistances(vectors);
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Float32Array(n);
    distances.row(i, row);
    return row;
  });
  for (const eps of [0.3, 0.5, 0.58, 0.6, 0.62, 0.7]) {
    const want = grown(n, (i, j) => rows[Math.min(i, j)][Math.max(i, j)] <= eps, 4);
    assert.equal(Array.from(vectorDbscan(vectors, { eps }).labels), want);
    assert.equal(Array.from((await jaccardDbscan(points, { k1: 12, k2: 4, eps })).labels), want);
  }
});

test('what makes no sense is refused', async () => {
  const points = featurePoints({ data: Float32Array.from([0, 1, 2]), dimension: 1 });
  const refused = async (work: Promise<unknown>, message: RegExp) =>
    assert.match(await work.then(String, (error: Error) => error.message), message);
  await refused(dbscan(points, { eps: -1 }), /eps must be at least 0/);
  await refused(dbscan(points, { eps: 1, minSamples: 0 }), /minSamples/);
  await refused(jaccardDbscan(points, { eps: 1, k1: 2, k2: 1 }), /at most 1/);
});

test.run();

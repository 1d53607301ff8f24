import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agglomerative, type Linkage } from '../../../reid/clustering/agglomerative.js';
import { cutTree } from '../../../reid/clustering/linkage-tree.js';
import { neighbourChain, UPDATES } from '../../../reid/clustering/neighbour-chain.js';
import { emptyTable } from '../../../reid/clustering/pair-table.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../../reid/metrics/reranking/gpu-points.js';
import { matrixPoints } from '../../../reid/metrics/reranking/matrix-points.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { clustered } from './clustered.js';

closeAfter(test);

const LINKAGES: readonly Linkage[] = ['average', 'complete', 'single', 'ward'];

/** How far two sets of points are apart, as the linkages are defined. */
function apart(data: Float32Array, dimension: number, linkage: Linkage, a: readonly number[], b: readonly number[]) {
  const at = (i: number, k: number) => data[i * dimension + k];
  const axes = Array.from({ length: dimension }, (_, k) => k);
  if (linkage === 'ward') {
    const mean = (set: readonly number[], k: number) => set.reduce((sum, i) => sum + at(i, k), 0) / set.length;
    const squared = axes.reduce((sum, k) => sum + (mean(a, k) - mean(b, k)) ** 2, 0);
    return Math.sqrt((2 * a.length * b.length * squared) / (a.length + b.length));
  }
  const all = a.flatMap((i) => b.map((j) => Math.hypot(...axes.map((k) => at(i, k) - at(j, k)))));
  if (linkage === 'single') return Math.min(...all);
  return linkage === 'complete' ? Math.max(...all) : all.reduce((sum, d) => sum + d, 0) / all.length;
}

test('every step joins the two nearest clusters by the definition', async () => {
  const [n, dimension] = [24, 3];
  const data = fill('definition', [n, dimension], { kind: 'signed', scale: 1 });
  for (const linkage of LINKAGES) {
    const tree = await agglomerative(featurePoints({ data, dimension }), { linkage });
    const sets = new Map(Array.from({ length: n }, (_, i) => [i, [i]]));
    for (let step = 0; step < n - 1; step++) {
      const names = [...sets.keys()];
      const pairs = names.flatMap((a) => names.filter((b) => b > a).map((b) => [a, b] as const));
      const ranked = pairs
        .map(([a, b]) => ({ a, b, d: apart(data, dimension, linkage, sets.get(a)!, sets.get(b)!) }))
        .sort((x, y) => x.d - y.d);
      const joined = Array.from(tree.children.subarray(2 * step, 2 * step + 2));
      assert.equal(
        [...joined].sort((x, y) => x - y),
        [ranked[0].a, ranked[0].b],
        `${linkage}, step ${step}`,
      );
      assert.ok(Math.abs(tree.distances[step] - ranked[0].d) < 1e-6, `${tree.distances[step]} is not ${ranked[0].d}`);
      sets.set(
        n + step,
        joined.flatMap((name) => sets.get(name)!),
      );
      for (const name of joined) sets.delete(name);
    }
  }
});

test('more points than are computed one by one: the groups that were made', async () => {
  const [n, dimension, groups] = [1300, 12, 13];
  const data = clustered('many', n, dimension, groups, 0.2);
  const points = await gpuPoints(gpu, { data, dimension });
  const made = Array.from({ length: n }, (_, i) => i % groups);
  for (const linkage of LINKAGES) {
    const tree = await agglomerative(points, { linkage });
    assert.equal(Array.from(cutTree(tree, { clusters: groups }).labels), made, linkage);
    const { distances } = tree;
    const threshold = (distances[n - groups - 1] + distances[n - groups]) / 2;
    assert.equal(Array.from(cutTree(tree, { threshold }).labels), made, linkage);
  }
  points.release();
});

test('in float32 a chain makes the tree that it makes in float64', () => {
  const n = 150;
  const values = fill('float32', [(n * (n - 1)) / 2], { kind: 'range', lo: 1, hi: 2 });
  const { starts } = emptyTable(n);
  for (const linkage of ['average', 'complete', 'ward'] as const) {
    const small = neighbourChain({ values: values.slice(), starts }, UPDATES[linkage]);
    const large = neighbourChain({ values: Float64Array.from(values), starts }, UPDATES[linkage]);
    assert.equal(
      small.map(({ a, b }) => [a, b]),
      large.map(({ a, b }) => [a, b]),
    );
    for (const [k, { distance }] of small.entries()) assert.ok(Math.abs(distance - large[k].distance) < 1e-5);
  }
});

test('cuts: all points, one cluster, thresholds; level distances; a single point', async () => {
  const points = matrixPoints(Float32Array.from([0, 1, 4, 1, 0, 4, 4, 4, 0]), 'sqeuclidean');
  const tree = await agglomerative(points, { linkage: 'average', distance: 'sqeuclidean' });
  assert.equal(
    [Array.from(tree.children), Array.from(tree.distances)],
    [
      [0, 1, 2, 3],
      [1, 4],
    ],
  );
  assert.equal(Array.from(cutTree(tree, { clusters: 3 }).labels), [0, 1, 2]);
  assert.equal(Array.from(cutTree(tree, { clusters: 2 }).labels), [0, 0, 1]);
  assert.equal(Array.from(cutTree(tree, { clusters: 1 }).labels), [0, 0, 0]);
  // As in scikit-learn, what is as far apart as the threshold is not joined.
  assert.equal(
    [1, 1.5, 4, 4.1].map((threshold) => cutTree(tree, { threshold }).clusters),
    [3, 2, 2, 1],
  );
  assert.throws(() => cutTree(tree, { clusters: 4 }), /4 clusters of 3 points/);
  const level = await agglomerative(matrixPoints(new Float32Array(25).fill(1), 'sqeuclidean'), { linkage: 'complete' });
  assert.equal(Array.from(level.distances), [1, 1, 1, 1]);
  const one = await agglomerative(featurePoints({ data: Float32Array.from([5]), dimension: 1 }), { linkage: 'ward' });
  assert.equal([one.children.length, Array.from(cutTree(one, { threshold: 1 }).labels)], [0, [0]]);
  const refused = await agglomerative(points, { linkage: 'ward', distance: 'cosine' }).catch((error: Error) => error);
  assert.match((refused as Error).message, /ward/);
});

test.run();

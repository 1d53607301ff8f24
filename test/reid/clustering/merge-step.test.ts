import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheapestMerges } from '../../../reid/clustering/cheapest-merges.js';
import { type MergeStepOptions, mergeStep } from '../../../reid/clustering/merge-step.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../../reid/metrics/reranking/gpu-points.js';
import { matrixPoints } from '../../../reid/metrics/reranking/matrix-points.js';
import type { PointDistances } from '../../../reid/metrics/reranking/point-distances.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { clustered } from './clustered.js';

closeAfter(test);

const singles = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/** Every pair, sorted; every merge gives both clusters the smaller label, point by point. */
function bruteForce(points: PointDistances, before: ArrayLike<number>, options: Required<MergeStepOptions>) {
  const n = points.points;
  const sizes = new Map<number, number>();
  for (const label of Array.from(before)) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const costs = new Float64Array(n * n).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < n; i++) {
    const behind = singles(n).subarray(i + 1);
    const distances = points.between(i, behind);
    behind.forEach((j, k) => {
      if (before[i] === before[j]) return;
      const both = sizes.get(before[i])! + sizes.get(before[j])!;
      costs[i * n + j] = Math.fround(distances[k]) + options.sizePenalty * both;
    });
  }
  // Stable: what is level stays in the order of i, then j.
  const order = Uint32Array.from(costs.keys()).filter((pair) => costs[pair] < Number.POSITIVE_INFINITY);
  order.sort((a, b) => costs[a] - costs[b]);
  const labels = Array.from(before);
  const merged = [];
  for (const pair of order) {
    if (merged.length === options.merges) break;
    const [i, j] = [Math.floor(pair / n), pair % n];
    const [a, b] = [labels[i], labels[j]];
    if (a === b) continue;
    for (let k = 0; k < n; k++) if (labels[k] === Math.max(a, b)) labels[k] = Math.min(a, b);
    merged.push({ i, j, cost: costs[pair] });
  }
  const names = [...new Set(labels)].sort((a, b) => a - b);
  return { labels: labels.map((label) => names.indexOf(label)), merged };
}

async function same(points: PointDistances, before: ArrayLike<number>, merges: number, sizePenalty: number) {
  const got = await mergeStep(points, before, { merges, sizePenalty });
  const want = bruteForce(points, before, { merges, sizePenalty });
  assert.equal(got.merged, want.merged);
  assert.equal(Array.from(got.labels), want.labels);
  assert.is(got.clusters, new Set(want.labels).size);
  got.sizes.forEach((size, label) => {
    assert.is(size, want.labels.filter((other) => other === label).length);
  });
  return got.labels;
}

test('the worked example: six directions, one merge a step', async () => {
  const angles = [0, 0.1, 0.25, 0.9, 1.06, 1.7];
  const data = Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
  const cases: [number, number[][]][] = [
    [
      0,
      [
        [0, 0, 1, 2, 3, 4],
        [0, 0, 0, 1, 2, 3],
        [0, 0, 0, 1, 1, 2],
      ],
    ],
    [
      0.05,
      [
        [0, 0, 1, 2, 3, 4],
        [0, 0, 1, 2, 2, 3],
        [0, 0, 0, 1, 1, 2],
      ],
    ],
  ];
  const onGpu = await gpuPoints(gpu, { data, dimension: 2 }, { unit: true });
  for (const points of [featurePoints({ data, dimension: 2 }, { unit: true }), onGpu]) {
    for (const [sizePenalty, steps] of cases) {
      let labels: ArrayLike<number> = singles(6);
      for (const want of steps) {
        labels = (await mergeStep(points, labels, { merges: 1, sizePenalty })).labels;
        assert.equal(Array.from(labels), want);
      }
    }
  }
  onGpu.release();
});

test('2,000 random vectors on the GPU against sorting all pairs, step after step', async () => {
  const [n, dimension] = [2000, 32];
  const points = await gpuPoints(gpu, { data: clustered('merge', n, dimension, 90, 0.9), dimension }, { unit: true });
  let labels: ArrayLike<number> = singles(n);
  for (const merges of [100, 1500]) labels = await same(points, labels, merges, 0.003);
  points.release();
});

test('level distances go by the numbers of their points; doubles, shuffled labels, gaps in them', async () => {
  const n = 90;
  const data = fill('level', [n, 2], { kind: 'quant', levels: 4, offset: 0 });
  const before = Array.from(fill('level/labels', [n], { kind: 'quant', levels: 60, offset: 3 }));
  const onGpu = await gpuPoints(gpu, { data, dimension: 2 });
  for (const points of [featurePoints({ data, dimension: 2 }), onGpu]) {
    for (const [merges, penalty] of [
      [1, 0.003],
      [7, 0.1],
      [30, 0],
      [0, 0],
    ]) {
      await same(points, before, merges, penalty);
    }
  }
  onGpu.release();
});

test('pairs that rounding puts in the wrong order, and few that can be held', () => {
  const n = 120;
  const exact = fill('rounded', [n, n], { kind: 'range', lo: 0, hi: 1 });
  const noise = fill('rounded/noise', [n, n], { kind: 'signed', scale: 0.04 });
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) exact[i * n + j] = exact[j * n + i];
  const points = matrixPoints(exact, 'sqeuclidean');
  const labels = singles(n);
  const sizes = new Int32Array(n).fill(1);
  for (const wanted of [1, 20, 119]) {
    for (const rounding of [0, 0.04]) {
      const merges = new CheapestMerges({ labels, sizes, penalty: 0.01 }, wanted, points.between, rounding, 32);
      for (let i = n - 1; i >= 0; i--) {
        const offered = exact
          .slice(i * n + i + 1, (i + 1) * n)
          .map((d, k) => (rounding ? d + noise[i * n + i + 1 + k] : d));
        merges.offer(i, i + 1, offered);
      }
      assert.equal(merges.finish(), bruteForce(points, labels, { merges: wanted, sizePenalty: 0.01 }).merged);
    }
  }
});

test('what makes no sense is refused', async () => {
  const points = matrixPoints(Float32Array.from([0, 1, 2, 1, 0, 3, 2, 3, 0]), 'sqeuclidean');
  const refused = async (labels: number[], options: MergeStepOptions, message: RegExp) => {
    const error = await mergeStep(points, labels, options).then(
      () => undefined,
      (caught: Error) => caught,
    );
    assert.match(error?.message ?? 'nothing', message);
  };
  await refused([0, 1], { merges: 1 }, /2 labels for 3 points/);
  await refused([0, 1, 3], { merges: 1 }, /label of point 2 is 3/);
  await refused([0, 1, 1], { merges: 2 }, /2 merges of 2 clusters/);
  await refused([0, 1, 2], { merges: 1, sizePenalty: -1 }, /penalty/);
  const broken = {
    ...points,
    tiles: () => [{ row: 0, rows: 3, column: 0, columns: 3, values: new Float32Array(9).fill(Number.NaN) }],
  };
  const error = await mergeStep(broken, [0, 1, 2], { merges: 1 }).catch((caught: Error) => caught.message);
  assert.match(error as string, /points 0 and 1 is NaN/);
});

test.run();

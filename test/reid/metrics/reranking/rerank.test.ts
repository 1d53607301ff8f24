import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { featurePoints } from '../../../../reid/metrics/reranking/feature-points.js';
import { matrixPoints } from '../../../../reid/metrics/reranking/matrix-points.js';
import { type RerankOptions, rerank } from '../../../../reid/metrics/reranking/rerank.js';
import { loadJson } from '../../../fixture.js';
import { fill } from '../../../golden/fill.js';
import type { GoldenValue } from '../../../parity/case.js';
import { nearRecord } from '../../../parity/evaluation-checks.js';
import { unitFeatures } from '../../../parity/evaluation-golden.js';
import { denseReranking } from './dense.js';

const nearAll = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number) => {
  assert.is(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `element ${i}: ${actual[i]} is not ${value}`);
  });
};

test('the worked example: seven points, the first two are queries', async () => {
  const data = Float32Array.from([1, 0, 0.98, 0.2, 0.9, 0.45, 0, 1, 0.2, 0.98, 0.5, 0.86, -1, 0.1]);
  const points = featurePoints({ data, dimension: 2 }, { queries: 2, unit: true });
  const cases: [RerankOptions, number[]][] = [
    [{ k1: 3, k2: 2 }, [0.164886, 0.850373, 0.820305, 0.730767, 1, 0.15426, 0.822765, 0.793321, 0.707329, 1]],
    [{ k1: 3, k2: 2, lambda: 0 }, [0.212872, 1, 1, 0.937107, 1, 0.212872, 1, 1, 0.937107, 1]],
    [{ k1: 2, k2: 1, lambda: 0 }, [0.037248, 1, 1, 1, 1, 0.022083, 1, 1, 1, 1]],
    [
      { k1: 3, k2: 2, squaredTwice: true },
      [0.155704, 0.775374, 0.748244, 0.672349, 1, 0.154956, 0.750238, 0.729029, 0.662493, 1],
    ],
  ];
  for (const [options, want] of cases) nearAll(await (await rerank(points, options)).rows(0, 2), want, 2e-6);
});

test('every variant against dense matrices and plain loops', async () => {
  for (let round = 0; round < 6; round++) {
    const [n, queries, dimension] = [40, 9, 5];
    const data = fill(`rerank${round}`, [n, dimension], { kind: 'signed', scale: 1 });
    // Some points are doubles of others: they tie with themselves and with each other.
    for (const [from, to] of [
      [3, 20],
      [3, 31],
      [12, 5],
    ]) {
      data.copyWithin(to * dimension, from * dimension, (from + 1) * dimension);
    }
    const points = featurePoints({ data, dimension }, { queries });
    const all = Int32Array.from({ length: n }, (_, i) => i);
    const squared = Array.from(all, (i) => Array.from(points.between(i, all), Math.fround));
    const variants: RerankOptions[] = [
      { k1: 7, k2: 3 },
      { k1: 5, k2: 1, lambda: 0.6 },
      { k1: 7, k2: 3, exclusive: true },
      { k1: 6, k2: 8, squaredTwice: true },
      { k1: 7, k2: 3, form: 'faiss', lambda: 0 },
      { k1: 60, k2: 50 },
    ];
    for (const options of variants) {
      const { k1 = 20, k2 = 6, lambda = 0.3 } = options;
      const { e, j } = denseReranking(squared, { ...options, k1, k2 });
      const want = Array.from({ length: queries }, (_, q) =>
        Array.from({ length: n - queries }, (_, g) => (1 - lambda) * j[q][queries + g] + lambda * e[q][queries + g]),
      ).flat();
      const { rows } = await rerank(points, options);
      nearAll(await rows(0, queries), want, 1e-6);
      nearAll(await rows(4, 2), want.slice(4 * (n - queries), 6 * (n - queries)), 1e-6);
    }
  }
});

test("fast-reid's fusion mixes in distances as they are", async () => {
  const data = fill('fusion', [30, 4], { kind: 'signed', scale: 1 });
  const points = featurePoints({ data, dimension: 4 }, { queries: 5, unit: true });
  const form = { form: 'faiss', k1: 6, k2: 2 } as const;
  const jaccard = await (await rerank(points, { ...form, lambda: 0 })).rows(0, 5);
  const original = (first: number, count: number) =>
    Float32Array.from({ length: 25 * count }, (_, i) => 3 * (first * 25 + i));
  const { rows, settings } = await rerank(points, { ...form, lambda: 0.25, unscaled: original });
  nearAll(
    await rows(1, 3),
    Array.from({ length: 75 }, (_, i) => 0.75 * jaccard[25 + i] + 0.25 * 3 * (25 + i)),
    1e-4,
  );
  assert.equal([settings.fusion, settings.full, settings.half], ['unscaled', 6, 4]);
});

interface GoldenResult {
  k1: number;
  k2: number;
  lambda: number;
  final_dist: GoldenValue;
}
const { rerank: golden } = (await loadJson('eval-rerank.json')) as {
  rerank: {
    seed: number;
    dim: number;
    num_query: number;
    q_pids: number[];
    g_pids: number[];
    feat: GoldenValue;
    results: GoldenResult[];
    fgreid_image_eval_re_ranking: GoldenResult;
  };
};

test('golden distances; the originals are fed squared ones, and square them again', async () => {
  const { seed, dim, q_pids, g_pids, num_query: queries } = golden;
  const data = Float32Array.from([
    ...unitFeatures(seed, q_pids, dim, 'rr_q', 1.5),
    ...unitFeatures(seed, g_pids, dim, 'rr_g', 1.5),
  ]);
  assert.is(nearRecord(data, golden.feat, 1e-6).reason, undefined);
  const points = featurePoints({ data, dimension: dim }, { queries });
  const compare = async ({ k1, k2, lambda, final_dist }: GoldenResult, squaredTwice: boolean) => {
    const { rows } = await rerank(points, { k1, k2, lambda, squaredTwice });
    assert.is(nearRecord(await rows(0, queries), final_dist, 1e-5).reason, undefined);
  };
  for (const result of golden.results) await compare(result, true);
  await compare(golden.fgreid_image_eval_re_ranking, false);
});

test('points that are all the same are at distance 0', async () => {
  const points = featurePoints({ data: new Float32Array(8).fill(1), dimension: 2 }, { queries: 2 });
  nearAll(await (await rerank(points)).rows(0, 2), [0, 0, 0, 0], 1e-6);
});

test('a matrix of distances is squared or taken as it is', async () => {
  const data = fill('matrix', [20, 3], { kind: 'signed', scale: 1 });
  const points = featurePoints({ data, dimension: 3 }, { queries: 4 });
  const all = Int32Array.from({ length: 20 }, (_, i) => i);
  const squared = Float32Array.from(Array.from(all, (i) => Array.from(points.between(i, all))).flat());
  const want = Array.from(await (await rerank(points, { k1: 5 })).rows(0, 4));
  nearAll(await (await rerank(matrixPoints(squared, 'sqeuclidean', 4), { k1: 5 })).rows(0, 4), want, 1e-6);
  nearAll(await (await rerank(matrixPoints(squared.map(Math.sqrt), 'euclidean', 4), { k1: 5 })).rows(0, 4), want, 1e-6);
  assert.throws(() => matrixPoints(new Float32Array(5), 'euclidean'), /5 distances are no square matrix/);
  assert.throws(
    () => matrixPoints(Float32Array.of(0, 1, 2, 0), 'euclidean'),
    /element \[1, 0\] is 2 and \[0, 1\] is 1/,
  );
  assert.throws(() => matrixPoints(squared, 'euclidean', 21), /21 queries of 20 points/);
});

test('what makes no sense is refused', async () => {
  const points = featurePoints(
    { data: fill('few', [6, 2], { kind: 'signed', scale: 1 }), dimension: 2 },
    { queries: 2 },
  );
  const fails = async (options: RerankOptions, of = points) => {
    try {
      await rerank(of, options);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  assert.match(await fails({ k1: 0 }), /k1 and k2 .* got 0 and 6/);
  assert.match(await fails({ lambda: 2 }), /lambda .* got 2/);
  assert.match(await fails({ form: 'faiss' }), /unscaled/);
  assert.match(await fails({ form: 'faiss', squaredTwice: true }), /squaredTwice/);
  assert.match(await fails({}, { ...points, queries: 0 }), /0 of 6 points are queries/);
  assert.throws(
    () => featurePoints({ data: Float32Array.of(1, Number.NaN), dimension: 1 }, { nameOf: (i) => `picture ${i}` }),
    /point picture 1 is NaN/,
  );
});

test.run();

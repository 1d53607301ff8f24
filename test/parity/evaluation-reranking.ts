import { currentGpu } from '../../engine/gpu.js';
import { featurePoints } from '../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../reid/metrics/reranking/gpu-points.js';
import { JaccardDistances } from '../../reid/metrics/reranking/jaccard.js';
import { matrixPoints } from '../../reid/metrics/reranking/matrix-points.js';
import { type RerankOptions, reciprocalVectors, rerank } from '../../reid/metrics/reranking/rerank.js';
import { type Checks, holds, near, nearRecord } from './evaluation-checks.js';
import { type GoldenJaccard, type GoldenRerank, type GoldenReranked, unitFeatures } from './evaluation-golden.js';

/** Re-ranked and Jaccard distances are right to so much. */
const DISTANCE = 1e-5;

/** The cases of one re-ranking problem. The originals are fed squared distances and square them again, except where noted. */
export function rerankingCases(golden: GoldenRerank): Record<string, () => Checks | Promise<Checks>> {
  const { seed, dim, num_query: queries, q_pids, g_pids } = golden;
  const features = Float32Array.from([
    ...unitFeatures(seed, q_pids, dim, 'rr_q', 1.5),
    ...unitFeatures(seed, g_pids, dim, 'rr_g', 1.5),
  ]);
  const stored = () => matrixPoints(Float32Array.from(golden.all_dist.data), 'sqeuclidean', queries);
  const options = ({ k1, k2, lambda }: Omit<GoldenReranked, 'argsort_first_10'>): RerankOptions => ({ k1, k2, lambda });
  const cases: Record<string, () => Checks | Promise<Checks>> = {
    features: () => ({ features: nearRecord(features, golden.feat, 1e-6) }),
    'image-eval': async () => {
      const want = golden.fgreid_image_eval_re_ranking;
      const { rows } = await rerank(stored(), options(want));
      return { distances: nearRecord(await rows(0, queries), want.final_dist, DISTANCE) };
    },
    float16: async () => {
      // Float16 distances tie where float32 ones do not, and so choose other neighbours here and there.
      const want = golden.fgreid_float16;
      const { rows } = await rerank(stored(), options(want));
      const got = await rows(0, queries);
      const within = got.filter((value, i) => Math.abs(value - want.final_dist.data[i]!) <= 5e-3).length / got.length;
      const [a, b] = [heads(got, g_pids.length), heads(Float32Array.from(want.final_dist.data), g_pids.length)];
      const shared = a.filter((g, i) => b.slice(i - (i % 10), i - (i % 10) + 10).includes(g)).length / a.length;
      return {
        distances: holds(within >= 0.9, `only ${(100 * within).toFixed(1)} % of the distances are within 5e-3`),
        order: holds(shared >= 0.95, `only ${(100 * shared).toFixed(1)} % of the ten first places are shared`),
      };
    },
  };
  for (const want of golden.results) {
    const name = `k1-${want.k1}-k2-${want.k2}-lambda-${want.lambda}`;
    const settings = { ...options(want), squaredTwice: true };
    cases[name] = async () => {
      const { rows } = await rerank(stored(), settings);
      const got = await rows(0, queries);
      return {
        distances: nearRecord(got, want.final_dist, DISTANCE),
        order: near(heads(got, g_pids.length), want.argsort_first_10.flat(), 0),
      };
    };
    cases[`${name}-gpu`] = async () => {
      const points = await gpuPoints(currentGpu(), { data: features, dimension: dim }, { queries, unit: true });
      const { rows } = await rerank(points, settings);
      const got = await rows(0, queries);
      points.release();
      return { distances: nearRecord(got, want.final_dist, DISTANCE) };
    };
  }
  return Object.fromEntries(Object.entries(cases).map(([name, check]) => [`rerank-${seed}/${name}`, check]));
}

/** The ten first columns of each row, ties by index. */
function heads(matrix: Float32Array, columns: number): number[] {
  return Array.from({ length: matrix.length / columns }, (_, i) => {
    const row = matrix.subarray(i * columns, (i + 1) * columns);
    return Array.from(row.keys())
      .sort((a, b) => row[a]! - row[b]! || a - b)
      .slice(0, 10);
  }).flat();
}

/** The Jaccard distances that clustering is fed: the form of the faiss search. */
export function jaccardCases(golden: GoldenJaccard): Record<string, () => Checks | Promise<Checks>> {
  const { seed, n, dim, pids } = golden;
  const [, noise, scale] = /noise "(\w+)" scale ([\d.]+)/.exec(golden.features)!;
  const data = unitFeatures(seed, pids, dim, noise!, Number(scale));
  const cases: Record<string, () => Checks | Promise<Checks>> = {
    features: () => ({ features: nearRecord(data, golden.feat, 1e-6) }),
  };
  for (const { k1, k2, jaccard } of golden.results) {
    const check = async (points: Parameters<typeof reciprocalVectors>[0]) => {
      const distances = new JaccardDistances(await reciprocalVectors(points, { form: 'faiss', k1, k2 }));
      const matrix = new Float32Array(n * n);
      for (let i = 0; i < n; i++) distances.row(i, matrix.subarray(i * n, (i + 1) * n));
      return { jaccard: nearRecord(matrix, jaccard, DISTANCE) };
    };
    cases[`k1-${k1}-k2-${k2}`] = () => check(featurePoints({ data, dimension: dim }, { unit: true }));
    cases[`k1-${k1}-k2-${k2}-gpu`] = async () => {
      const points = await gpuPoints(currentGpu(), { data, dimension: dim }, { unit: true });
      const checks = await check(points);
      points.release();
      return checks;
    };
  }
  return Object.fromEntries(Object.entries(cases).map(([name, run]) => [`jaccard-${seed}/${name}`, run]));
}

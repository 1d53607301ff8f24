import { currentGpu } from '../../engine/gpu.js';
import { agglomerative } from '../../reid/clustering/agglomerative.js';
import { dbscan, jaccardDbscan } from '../../reid/clustering/dbscan.js';
import { cutTree } from '../../reid/clustering/linkage-tree.js';
import { mergeStep } from '../../reid/clustering/merge-step.js';
import { clusterScores } from '../../reid/metrics/cluster-scores.js';
import { featurePoints } from '../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../reid/metrics/reranking/gpu-points.js';
import type { PointDistances } from '../../reid/metrics/reranking/point-distances.js';
import { type Checks, caseOf, near, nearRecord } from './evaluation-checks.js';
import {
  centredFeatures,
  type GoldenAgglomerative,
  type GoldenClusterScores,
  type GoldenJaccard,
  type GoldenMerging,
  unitFeatures,
} from './evaluation-golden.js';
import type { CaseResult } from './ops.js';

type Cases = Record<string, () => Checks | Promise<Checks>>;

const named = (group: string, cases: Cases): Cases =>
  Object.fromEntries(Object.entries(cases).map(([name, run]) => [`${group}/${name}`, run]));

/** Name and scale of the noise, from the sentence that describes features. */
function noiseOf(text: string): [name: string, scale: number] {
  const [, name, scale] = /"(?:<seed>\/)?(\w+)" (?:signed|scale) ([\d.]+)/.exec(text)!;
  return [name!, Number(scale)];
}

/** Labels by the order of their first points, outliers as they are: equal for equal partitions. */
function partition(labels: ArrayLike<number>): number[] {
  const known = new Map<number, number>([[-1, -1]]);
  return Array.from(labels, (label) => {
    if (!known.has(label)) known.set(label, known.size - 1);
    return known.get(label)!;
  });
}

/** Runs a check on points of the GPU as well as on those of plain loops. */
function onBoth(
  name: string,
  features: Parameters<typeof featurePoints>[0],
  unit: boolean,
  check: (points: PointDistances) => Promise<Checks>,
): Cases {
  return {
    [name]: () => check(featurePoints(features, { unit })),
    [`${name}-gpu`]: async () => {
      const points = await gpuPoints(currentGpu(), features, { unit });
      const checks = await check(points);
      points.release();
      return checks;
    },
  };
}

/** DBSCAN on Jaccard distances, whose label numbers are to be the same too. */
export function densityCases({ seed, dim: dimension, pids, features, results }: GoldenJaccard): Cases {
  const data = unitFeatures(seed, pids, dimension, ...noiseOf(features));
  const cases: Cases = {};
  for (const { k1, k2, dbscan } of results) {
    const check = async (points: PointDistances) => {
      const checks: Checks = {};
      for (const { eps, min_samples: minSamples, labels } of dbscan) {
        const got = await jaccardDbscan(points, { k1, k2, eps, minSamples });
        checks[`eps ${eps}`] = near(got.labels, labels, 0);
      }
      return checks;
    };
    Object.assign(cases, onBoth(`k1-${k1}-k2-${k2}`, { data, dimension }, true, check));
  }
  return named(`jaccard-dbscan-${seed}`, cases);
}

/** Trees, their cuts, and DBSCAN on plain distances. */
export function agglomerativeCases(golden: GoldenAgglomerative): Cases {
  const { seed, dim: dimension, pids } = golden;
  const data = centredFeatures(seed, pids, dimension, ...noiseOf(golden.features));
  const features = { data, dimension };
  const cases: Cases = { features: () => ({ features: nearRecord(data, golden.feat, 1e-6) }) };
  for (const { linkage, children, merge_distances, n_clusters, distance_threshold } of golden.results) {
    const check = async (points: PointDistances) => {
      const tree = await agglomerative(points, { linkage });
      const checks: Checks = {
        children: near(tree.children, children, 0),
        distances: near(tree.distances, merge_distances, 1e-6),
      };
      for (const { n_clusters: clusters, labels } of n_clusters) {
        checks[`${clusters} clusters`] = near(cutTree(tree, { clusters }).labels, partition(labels), 0);
      }
      for (const { distance_threshold: threshold, n_clusters: clusters, labels } of distance_threshold) {
        const cut = cutTree(tree, { threshold });
        checks[`threshold ${threshold}`] = near([cut.clusters, ...cut.labels], [clusters, ...partition(labels)], 0);
      }
      return checks;
    };
    Object.assign(cases, onBoth(linkage, features, false, check));
  }
  const cosine = async (points: PointDistances) => {
    const tree = await agglomerative(points, { linkage: 'average', distance: 'cosine' });
    const cuts = golden.precomputed_cosine_average.map(({ n_clusters: clusters, labels }) => [
      `${clusters} clusters`,
      near(cutTree(tree, { clusters }).labels, partition(labels), 0),
    ]);
    return Object.fromEntries(cuts) as Checks;
  };
  const density = async (points: PointDistances) => {
    const checks: Checks = {};
    for (const { eps, min_samples: minSamples, labels } of golden.dbscan_euclidean) {
      checks[`eps ${eps}`] = near((await dbscan(points, { eps, minSamples })).labels, labels, 0);
    }
    return checks;
  };
  Object.assign(cases, onBoth('cosine-average', features, true, cosine), onBoth('dbscan', features, false, density));
  return named(`agglomerative-${seed}`, cases);
}

/** Figures of clusters beside true groups. */
export function scoreCases(golden: readonly GoldenClusterScores[]): Cases {
  const check = (want: GoldenClusterScores): Checks => {
    const got = clusterScores(want.truth, want.pred);
    const pairs: Record<string, [number, number]> = {
      nmi: [got.nmi, want.nmi_arithmetic],
      'nmi geometric': [got.nmiGeometric, want.nmi_geometric],
      ami: [got.ami, want.ami],
      ari: [got.ari, want.ari],
      rand: [got.rand, want.rand],
      'mutual information': [got.mutualInformation, want.mutual_info],
      homogeneity: [got.homogeneity, want.homogeneity],
      completeness: [got.completeness, want.completeness],
      'v-measure': [got.vMeasure, want.v_measure],
      'fowlkes-mallows': [got.fowlkesMallows, want.fowlkes_mallows],
    };
    return Object.fromEntries(Object.entries(pairs).map(([name, [a, b]]) => [name, near(a, b, 1e-6)]));
  };
  return Object.fromEntries(golden.map((want, i) => [`cluster-scores-${i}`, () => check(want)]));
}

/** Rounds of bottom-up merging, each from the clusters before. */
export function mergingCases(
  file: string,
  golden: readonly GoldenMerging[],
): { id: string; run(): Promise<CaseResult> }[] {
  return golden.flatMap(({ seed, n, dim: dimension, pids, features, ...rounds }, at) => {
    const data = unitFeatures(seed, pids, dimension, ...noiseOf(features));
    const check = async (points: PointDistances) => {
      const checks: Checks = {};
      let labels: ArrayLike<number> = Array.from({ length: n }, (_, i) => i);
      for (const [round, want] of rounds.labels_after_each_round.entries()) {
        const options = { merges: rounds.merge_per_round, sizePenalty: rounds.size_penalty };
        labels = (await mergeStep(points, labels, options)).labels;
        checks[`round ${round + 1}`] = near(labels, want, 0);
      }
      return checks;
    };
    const cases = onBoth(`bottom-up-clustering-${at}`, { data, dimension }, true, check);
    return Object.entries(cases).map(([name, run]) => caseOf(`${file}/${name}`, run));
  });
}

import { currentGpu } from '../../engine/gpu.js';
import { DistanceCounts } from '../../reid/metrics/distance-counts.js';
import { distanceMatrix } from '../../reid/metrics/distances.js';
import { gpuDistances } from '../../reid/metrics/gpu-distances.js';
import { MATCH, NON_MATCH, rankingTask } from '../../reid/metrics/protocols.js';
import { expandQueries } from '../../reid/metrics/query-expansion.js';
import { allShotsCurve } from '../../reid/metrics/rank-metrics.js';
import { evaluateRanking, type RankingOptions } from '../../reid/metrics/ranking.js';
import { evaluateSingleShot } from '../../reid/metrics/single-shot.js';
import { verification } from '../../reid/metrics/verification.js';
import { uniformAt } from '../golden/fill.js';
import { type Checks, holds, near, nearRecord } from './evaluation-checks.js';
import { centredFeatures, type DrawnScores, type GoldenRanking, type Scores } from './evaluation-golden.js';

/** CMC, mAP and AP are right to so much; float32 figures of the original codes are rounded to 6e-8. */
const SCORES = 1e-6;

/** The cases of one ranking problem: its distances and what every framework makes of them. */
export function rankingCases(golden: GoldenRanking): Record<string, () => Checks | Promise<Checks>> {
  const { seed, dim, results } = golden;
  const scale = Number(/scale ([\d.]+)/.exec(golden.features.q_noise)![1]);
  const query = { data: centredFeatures(seed, golden.q_pids, dim, 'q_feat', scale), dimension: dim };
  const gallery = { data: centredFeatures(seed, golden.g_pids, dim, 'g_feat', scale), dimension: dim };
  const matrix = Float32Array.from(golden.dist.cosine!.data!);
  const queries = { identities: golden.q_pids, cameras: golden.q_cams };
  const items = { identities: golden.g_pids, cameras: golden.g_cams };
  // All but one of the frameworks take identity −1 as one more identity.
  const rank = (options: RankingOptions = {}) =>
    evaluateRanking(matrix, queries, items, { junkIdentity: null, maxRank: golden.num_gallery, ...options });
  const scores = ({ cmc, mAP }: Scores, options: RankingOptions = {}): Checks => {
    const result = rank(options);
    return { cmc: near(result.cmc.slice(0, cmc.length), cmc, SCORES), mAP: near(result.mAP, mAP, SCORES) };
  };
  const rows = (first: number, count: number) =>
    matrix.slice(first * golden.num_gallery, (first + count) * golden.num_gallery);
  const drawn = async (protocol: 'market1501' | 'separate-cameras', want: DrawnScores): Promise<Checks> => {
    const choice = uniformAt(`${seed}/choice`);
    let used = 0;
    const { cmc } = await evaluateSingleShot(rows, queries, items, {
      protocol,
      draws: 10,
      random: () => choice(used++),
      junkIdentity: null,
      maxRank: want.cmc.length,
    });
    return { cmc: near(cmc, want.cmc, SCORES), choices: near(used, want.choices_used, 0) };
  };

  const cases: Record<string, () => Checks | Promise<Checks>> = {
    features: () => ({
      query: nearRecord(query.data, golden.q_feat, 1e-6),
      gallery: nearRecord(gallery.data, golden.g_feat, 1e-6),
    }),
    distances: () => distanceChecks(golden, query, gallery),
    'distances-gpu': async () => {
      const checks: Checks = {};
      for (const [kind, name] of [
        ['sqeuclidean', 'squared_euclidean'],
        ['cosine', 'cosine'],
      ] as const) {
        const { rows: onGpu, release } = await gpuDistances(currentGpu(), kind, query, gallery);
        const tolerance = kind === 'cosine' ? 1e-5 : 1e-3;
        checks[kind] = nearRecord(await onGpu(0, golden.num_query), golden.dist[name]!, tolerance);
        release();
      }
      return checks;
    },
    argsort: () => {
      const alone = { identities: golden.g_pids, cameras: golden.g_cams.map(() => 99) };
      const { perQuery } = evaluateRanking(matrix, queries, alone, { junkIdentity: null, nearest: 20 });
      const found = perQuery.flatMap(({ nearest }) => nearest.map((item) => item.gallery));
      return { order: near(found, golden.argsort.first_20_per_query.flat(), 0) };
    },
    rga_cmc_market: () => ({
      cmc: near(rank().cmc.slice(0, results.rga_cmc_market.length), results.rga_cmc_market, SCORES),
    }),
    rga_mean_ap: () => ({ mAP: near(rank().mAP, results.rga_mean_ap, SCORES) }),
    rga_cmc_allshots: () => {
      const { perQuery, valid } = rank();
      const want = results.rga_cmc_allshots;
      const ranks = perQuery.map(({ matchRanks }) => matchRanks);
      return { cmc: near(allShotsCurve(ranks, want.length, valid), want, SCORES) };
    },
    rga_cmc_separate_camera_set: () => {
      const want = results.rga_cmc_separate_camera_set;
      return { cmc: near(rank({ protocol: 'separate-cameras', maxRank: want.length }).cmc, want, SCORES) };
    },
    rga_cmc_cuhk03: () => drawn('separate-cameras', results.rga_cmc_cuhk03_style_with_portable_choice),
    fastreid_market1501: () => {
      const want = results.fastreid_market1501;
      const result = rank();
      const valid = result.perQuery.filter((q) => q.valid);
      return {
        ...scores(want),
        AP: near(
          valid.map(({ ap }) => ap),
          want.AP,
          SCORES,
        ),
        INP: near(
          valid.map(({ inp }) => inp),
          want.INP,
          SCORES,
        ),
        mINP: near(result.mINP, want.mINP, SCORES),
        metric: near((result.mAP + result.cmc[0]!) / 2, want.metric, SCORES),
      };
    },
    fastreid_roc: () => {
      const want = results.fastreid_roc;
      const { genuine, impostor, sum } = pairsOf(matrix, queries, items);
      const rates = Object.keys(want.tpr_at_fpr).map(Number);
      const { auc, impostorTprAtFpr } = verification(genuine, impostor, { rates });
      return {
        pairs: near([genuine.total + impostor.total, genuine.total], [want.count, want.num_positive_pairs], 0),
        sum: near(sum / want.score_sum, 1, 1e-6),
        auc: near(auc, want.auc, SCORES),
        tpr: near(
          impostorTprAtFpr.map(({ tpr }) => tpr),
          Object.values(want.tpr_at_fpr),
          SCORES,
        ),
      };
    },
    torchreid_market1501: () => scores(results.torchreid_market1501),
    torchreid_cuhk03: async () => ({
      ...(await drawn('market1501', results.torchreid_cuhk03_with_portable_choice)),
      mAP: near(rank().mAP, results.torchreid_cuhk03_with_portable_choice.mAP, SCORES),
    }),
    torchreid_cuhk03_expected: async () => {
      const { mean_of_40_runs: means, std_of_one_run: deviations } = results.torchreid_cuhk03_expected;
      const { cmc, valid } = await evaluateSingleShot(rows, queries, items, {
        junkIdentity: null,
        maxRank: means.length,
      });
      // Four standard deviations of the mean of 40 runs: the observed one, or where the rare did not occur in them that of a share
      // over as many draws (ten a query and run).
      const deviation = (share: number, k: number) =>
        Math.max(deviations[k]! / Math.sqrt(40), Math.sqrt((share * (1 - share)) / (400 * valid)));
      const off = cmc.findIndex((share, k) => Math.abs(share - means[k]!) > 4 * deviation(share, k) + SCORES);
      return { cmc: holds(off < 0, `rank ${off + 1} is ${cmc[off]}, the mean of 40 runs ${means[off]}`) };
    },
    apnet_eval_func: () => scores(results.apnet_eval_func),
    fgreid_evaluate: () => scores(results.fgreid_evaluate),
    fgreid_eval_vehicleid: () => scores(results.fgreid_eval_vehicleid, { protocol: 'no-camera' }),
    fgreid_image_eval_trapezoid: () => {
      const want = results.fgreid_image_eval_trapezoid;
      const options = { averagePrecision: 'trapezoid', invalidQueries: 'zero', junkIdentity: -1 } as const;
      const { perQuery } = rank(options);
      return {
        ...scores(want, options),
        AP: near(
          perQuery.map(({ ap }) => ap),
          want.per_query_ap,
          SCORES,
        ),
      };
    },
    fastreid_aqe: async () => {
      const { qe_k: k, alpha, qe_times: times, query: wantQuery, gallery: wantGallery } = results.fastreid_aqe;
      const got = await expandQueries(query, gallery, { k, alpha, times });
      return { query: nearRecord(got.query, wantQuery, 1e-5), gallery: nearRecord(got.gallery, wantGallery, 1e-5) };
    },
  };
  const { cmc, mAP } = results.torchreid_market1501_small_gallery_13;
  if (cmc && mAP !== undefined) {
    cases.torchreid_small_gallery = () => {
      const few = Float32Array.from({ length: 13 * golden.num_query }, (_, i) => {
        return matrix[Math.floor(i / 13) * golden.num_gallery + (i % 13)]!;
      });
      const labels = { identities: golden.g_pids.slice(0, 13), cameras: golden.g_cams.slice(0, 13) };
      const result = evaluateRanking(few, queries, labels, { junkIdentity: null, maxRank: 13 });
      return { cmc: near(result.cmc, cmc, SCORES), mAP: near(result.mAP, mAP, SCORES) };
    };
  }
  return Object.fromEntries(Object.entries(cases).map(([name, check]) => [`ranking-${seed}/${name}`, check]));
}

type Features = Parameters<typeof distanceMatrix>[1];

function distanceChecks({ dist, dim }: GoldenRanking, query: Features, gallery: Features): Checks {
  const unit = ({ data }: Features): Features => ({
    data: data.map((value, i) => value / Math.hypot(...data.subarray(i - (i % dim), i - (i % dim) + dim))),
    dimension: dim,
  });
  const squared = distanceMatrix('sqeuclidean', query, gallery);
  const cosine = distanceMatrix('cosine', query, gallery);
  const made: Record<string, Float32Array> = {
    squared_euclidean: squared,
    torchreid_euclidean: squared,
    fastreid_euclidean: squared,
    cosine,
    torchreid_cosine: cosine,
    fastreid_cosine: cosine,
    apnet_euclidean_of_normalised: distanceMatrix('euclidean', unit(query), unit(gallery)),
  };
  return Object.fromEntries(
    Object.entries(dist).map(([name, want]) => [
      name,
      made[name] ? nearRecord(made[name], want, 1e-4 * Math.max(1, want.mean ?? 1)) : holds(false, 'no such distance'),
    ]),
  );
}

/** All kept pairs as counts, and the sum of their distances. */
function pairsOf(
  matrix: Float32Array,
  queries: Parameters<typeof rankingTask>[0],
  items: Parameters<typeof rankingTask>[0],
): { genuine: DistanceCounts; impostor: DistanceCounts; sum: number } {
  const task = rankingTask(queries, items, 'market1501', null);
  const [genuine, impostor] = [new DistanceCounts(), new DistanceCounts()];
  for (let q = 0; q < task.queries; q++) {
    const row = matrix.subarray(q * task.gallery, (q + 1) * task.gallery);
    const { roles } = task.listOf(q);
    genuine.addRow(row, roles, MATCH);
    impostor.addRow(row, roles, NON_MATCH);
  }
  let sum = 0;
  DistanceCounts.ascending(genuine, impostor, (distance, g, i) => {
    sum += distance * (g + i);
  });
  return { genuine, impostor, sum };
}

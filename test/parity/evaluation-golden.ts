import { fill } from '../golden/fill.js';
import type { GoldenValue } from './case.js';

/** What eval.json holds of rankings, re-ranking, clustering and spatial-temporal fusion (see the README beside it). */

export interface Scores {
  readonly cmc: readonly number[];
  readonly mAP: number;
}

/** Figures over random draws that a portable fill replaces. */
export interface DrawnScores {
  readonly cmc: readonly number[];
  readonly choices_used: number;
}

export interface GoldenRanking {
  readonly seed: number;
  readonly dim: number;
  readonly num_query: number;
  readonly num_gallery: number;
  readonly q_pids: readonly number[];
  readonly g_pids: readonly number[];
  readonly q_cams: readonly number[];
  readonly g_cams: readonly number[];
  readonly features: { readonly q_noise: string };
  readonly q_feat: GoldenValue;
  readonly g_feat: GoldenValue;
  readonly dist: Readonly<Record<string, GoldenValue>>;
  readonly argsort: { readonly first_20_per_query: readonly (readonly number[])[] };
  readonly results: {
    readonly rga_cmc_market: readonly number[];
    readonly rga_cmc_allshots: readonly number[];
    readonly rga_cmc_separate_camera_set: readonly number[];
    readonly rga_cmc_cuhk03_style_with_portable_choice: DrawnScores;
    readonly rga_mean_ap: number;
    readonly fastreid_market1501: Scores & {
      readonly AP: readonly number[];
      readonly INP: readonly number[];
      readonly mINP: number;
      readonly metric: number;
    };
    readonly fastreid_roc: {
      readonly count: number;
      readonly num_positive_pairs: number;
      readonly score_sum: number;
      readonly auc: number;
      readonly tpr_at_fpr: Readonly<Record<string, number>>;
    };
    readonly torchreid_market1501: Scores;
    readonly torchreid_cuhk03_with_portable_choice: DrawnScores & Scores;
    readonly torchreid_cuhk03_expected: {
      readonly mean_of_40_runs: readonly number[];
      readonly std_of_one_run: readonly number[];
    };
    readonly apnet_eval_func: Scores;
    readonly fgreid_evaluate: Scores;
    readonly fgreid_eval_vehicleid: Scores;
    readonly fgreid_image_eval_trapezoid: Scores & { readonly per_query_ap: readonly (number | null)[] };
    readonly torchreid_market1501_small_gallery_13: Partial<Scores>;
    readonly fastreid_aqe: {
      readonly qe_times: number;
      readonly qe_k: number;
      readonly alpha: number;
      readonly query: GoldenValue;
      readonly gallery: GoldenValue;
    };
  };
}

export interface GoldenReranked {
  readonly k1: number;
  readonly k2: number;
  readonly lambda: number;
  readonly final_dist: GoldenValue & { readonly data: readonly number[] };
  readonly argsort_first_10: readonly (readonly number[])[];
}

export interface GoldenRerank {
  readonly seed: number;
  readonly dim: number;
  readonly num_query: number;
  readonly q_pids: readonly number[];
  readonly g_pids: readonly number[];
  readonly feat: GoldenValue;
  readonly all_dist: GoldenValue & { readonly data: readonly number[] };
  readonly results: readonly GoldenReranked[];
  readonly fgreid_float16: Omit<GoldenReranked, 'argsort_first_10'>;
  readonly fgreid_image_eval_re_ranking: Omit<GoldenReranked, 'argsort_first_10'>;
}

export interface GoldenJaccard {
  readonly seed: number;
  readonly n: number;
  readonly dim: number;
  readonly pids: readonly number[];
  /** A sentence that holds the name and the scale of the noise. */
  readonly features: string;
  readonly feat: GoldenValue;
  readonly results: readonly {
    readonly k1: number;
    readonly k2: number;
    readonly jaccard: GoldenValue;
    readonly dbscan: readonly (GoldenLabels & { readonly eps: number; readonly min_samples: number })[];
  }[];
}

/** Clusters; in DBSCAN's -1 is an outlier. */
export interface GoldenLabels {
  readonly labels: readonly number[];
}

export interface GoldenAgglomerative {
  readonly seed: number;
  readonly dim: number;
  readonly pids: readonly number[];
  /** A sentence that holds the name and the scale of the noise. */
  readonly features: string;
  readonly feat: GoldenValue;
  readonly results: readonly {
    readonly linkage: 'average' | 'complete' | 'single' | 'ward';
    readonly merge_distances: readonly number[];
    readonly children: readonly number[];
    readonly n_clusters: readonly (GoldenLabels & { readonly n_clusters: number })[];
    readonly distance_threshold: readonly (GoldenLabels & {
      readonly distance_threshold: number;
      readonly n_clusters: number;
    })[];
  }[];
  readonly precomputed_cosine_average: readonly (GoldenLabels & { readonly n_clusters: number })[];
  readonly dbscan_euclidean: readonly (GoldenLabels & { readonly eps: number; readonly min_samples: number })[];
}

export interface GoldenClusterScores {
  readonly truth: readonly number[];
  readonly pred: readonly number[];
  readonly nmi_arithmetic: number;
  readonly nmi_geometric: number;
  readonly ami: number;
  readonly ari: number;
  readonly rand: number;
  readonly mutual_info: number;
  readonly homogeneity: number;
  readonly completeness: number;
  readonly v_measure: number;
  readonly fowlkes_mallows: number;
}

/** Bottom-up clustering, in losses/instance.json. */
export interface GoldenMerging {
  readonly seed: number;
  readonly n: number;
  readonly dim: number;
  readonly pids: readonly number[];
  /** A sentence that holds the scale of the noise. */
  readonly features: string;
  readonly size_penalty: number;
  readonly merge_per_round: number;
  readonly labels_after_each_round: readonly (readonly number[])[];
}

export interface GoldenFusion {
  readonly seed: number;
  readonly camera: readonly number[];
  readonly label: readonly number[];
  readonly frame: readonly number[];
  readonly num_cameras: number;
  readonly max_hist: number;
  readonly interval: number;
  readonly histogram: {
    readonly nonzero: readonly (readonly [number, number, number])[];
    readonly values: readonly number[];
  };
  readonly gauss_smooth: readonly {
    readonly n: number;
    readonly sigma: number;
    readonly output: { readonly data: readonly number[] };
  }[];
  readonly smoothed: {
    readonly sigma: number;
    readonly per_pair_sum: readonly number[];
    readonly per_pair_max: readonly number[];
    readonly per_pair_argmax: readonly number[];
    readonly 'first_200_of_[1][0]': readonly number[];
  };
  readonly fusion: Scores & {
    readonly q_pids: readonly number[];
    readonly g_pids: readonly number[];
    readonly q_cams: readonly number[];
    readonly g_cams: readonly number[];
    readonly q_frames: readonly number[];
    readonly g_frames: readonly number[];
    readonly dim: number;
    readonly alpha: number;
    readonly score: GoldenValue;
  };
}

export interface GoldenEvaluation {
  readonly ranking: readonly GoldenRanking[];
  readonly rerank: readonly GoldenRerank[];
  readonly jaccard_dbscan: readonly GoldenJaccard[];
  readonly agglomerative: readonly GoldenAgglomerative[];
  readonly cluster_scores: readonly GoldenClusterScores[];
  readonly st_reid: readonly GoldenFusion[];
  readonly average_precision_ties: {
    readonly scores: readonly number[];
    readonly labels: readonly number[];
    readonly ap: number;
  };
  readonly accuracy: {
    readonly logits: string;
    readonly target: readonly number[];
    readonly topk: readonly number[];
    readonly value: readonly number[];
  };
}

/** Features [pids.length, dim]: the centre of each identity and noise of a name. */
export function centredFeatures(
  seed: number,
  pids: readonly number[],
  dim: number,
  name: string,
  scale: number,
): Float32Array {
  const out = fill(`${seed}/${name}`, [pids.length, dim], { kind: 'signed', scale });
  pids.forEach((pid, i) => {
    fill(`${seed}/center/${pid}`, [dim], { kind: 'signed', scale: 1 }).forEach((centre, k) => {
      out[i * dim + k] += centre;
    });
  });
  return out;
}

/** The same, each divided by its length in float64. */
export function unitFeatures(...of: Parameters<typeof centredFeatures>): Float32Array {
  const [seed, pids, dim, name, scale] = of;
  const noise = fill(`${seed}/${name}`, [pids.length, dim], { kind: 'signed', scale });
  const out = new Float32Array(noise.length);
  pids.forEach((pid, i) => {
    const centre = fill(`${seed}/center/${pid}`, [dim], { kind: 'signed', scale: 1 });
    const sum = Array.from(centre, (value, k) => value + noise[i * dim + k]!);
    const length = Math.hypot(...sum);
    sum.forEach((value, k) => {
      out[i * dim + k] = value / length;
    });
  });
  return out;
}

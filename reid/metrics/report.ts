import type { ApConvention } from './average-precision.js';
import { type CameraMatrix, CameraPairs } from './camera-pairs.js';
import { DistanceCounts } from './distance-counts.js';
import { type DistanceRows, visitRows } from './distance-rows.js';
import { type OpenSet, openSet } from './open-set.js';
import { type ItemLabels, MATCH, NON_MATCH, type Protocol, type RankingTask } from './protocols.js';
import {
  allShotsCurve,
  averagePrecisionAt,
  averagePrecisionAtR,
  precisionAt,
  reciprocalRank,
  rPrecision,
} from './rank-metrics.js';
import { type QueryRanking, rankQuery } from './rank-query.js';
import { cmcCurve, type InvalidQueryPolicy, type RankingOptions, startRanking, summariseRanking } from './ranking.js';
import { type Verification, verification } from './verification.js';

/** What a report says of where its distances came from. All of it is taken over as it is. */
export interface ReportFacts {
  /** Name of the distance: thresholds mean nothing without it. */
  readonly distance: string;
  /** Whether features of mirrored pictures were averaged in. */
  readonly flip?: boolean;
  /** Parameters of re-ranking, which uses the other queries as unlabelled points. */
  readonly reranking?: Readonly<Record<string, unknown>>;
  readonly feature?: { readonly name: string; readonly dimension: number };
  readonly image?: { readonly width: number; readonly height: number; readonly resize?: string };
  /** Name of the data set, and what checking it found. */
  readonly data?: { readonly name: string; readonly check?: readonly string[] };
  /** Where training data came from, when it is another data set. */
  readonly trainedOn?: string;
  readonly checkpoint?: { readonly file: string; readonly sha256?: string };
  /** Anything else worth keeping. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

export interface ReportOptions extends RankingOptions {
  readonly facts: ReportFacts;
  /** Places at which precisions are read. Default 1, 5, 10. */
  readonly ks?: readonly number[];
  /** Distances of all pairs: ROC, histogram. Default true. */
  readonly pairs?: boolean;
  /** Shares of false acceptances at which rates are read. */
  readonly rates?: readonly number[];
  /** Seconds that went into what came before, such as `extraction`. */
  readonly seconds?: Readonly<Record<string, number>>;
  readonly blockRows?: number;
}

/** All means of a policy for queries without a match, as fractions. */
export interface ReportMeans {
  /** Number of queries that the means are over. */
  readonly over: number;
  readonly mAP: Readonly<Record<ApConvention, number>>;
  readonly mINP: number;
  readonly mrr: number;
  readonly rPrecision: number;
  readonly mAPAtR: number;
  /** For each k: precision over k, precision over min(k, R), and mAP@k. */
  readonly at: readonly { readonly k: number; readonly mP: number; readonly mPBounded: number; readonly mAP: number }[];
  /** First match. */
  readonly cmc: readonly number[];
  /** open-reid's: each match by its rank among non-matches. */
  readonly cmcAllShots: readonly number[];
}

/** One query, for ranking pages and lists of the worst. */
export interface QueryReport {
  readonly query: number;
  readonly file?: string;
  readonly identity: number;
  readonly camera?: number;
  readonly ap: Readonly<Record<ApConvention, number>> | null;
  readonly inp: number | null;
  readonly firstMatch: number | null;
  readonly matches: number;
  readonly kept: number;
  readonly nearest: readonly {
    readonly gallery: number;
    readonly file?: string;
    readonly identity: number;
    readonly camera?: number;
    readonly distance: number;
    readonly match: boolean;
  }[];
}

/** An evaluation with all of its conventions side by side: plain JSON. Apart from `seconds` the same input gives the same bytes. */
export interface EvaluationReport {
  readonly format: 1;
  readonly protocol: Protocol;
  readonly junkIdentity: number | null;
  /** Of the headline. */
  readonly averagePrecision: ApConvention;
  readonly invalidQueries: InvalidQueryPolicy;
  readonly queries: number;
  readonly valid: number;
  readonly gallery: number;
  /** mAP and mINP, in percent with two digits. */
  readonly headline: Readonly<Record<string, number>>;
  readonly means: Readonly<Record<InvalidQueryPolicy, ReportMeans>>;
  /** `null` where there were no pairs of one kind, or they were not asked for. */
  readonly verification: Verification | null;
  readonly openSet: OpenSet | null;
  /** `null` without cameras. */
  readonly cameras: CameraMatrix | null;
  readonly facts: ReportFacts;
  readonly seconds: Readonly<Record<string, number>>;
  readonly perQuery: readonly QueryReport[];
}

/** Places of the headline. */
const RANKS = [1, 5, 10, 20] as const;

/**
 * Evaluates in one walk over the distances and reports everything: every AP convention and policy, precisions, ROC, open set,
 * cameras, and each query.
 *
 * @throws as evaluateRanking
 */
export async function evaluationReport(
  rows: DistanceRows,
  query: ItemLabels,
  gallery: ItemLabels,
  options: ReportOptions,
): Promise<EvaluationReport> {
  const { facts, ks = [1, 5, 10], pairs = true, rates, averagePrecision = 'rect', nearest = 10 } = options;
  const { invalidQueries = 'skip', maxRank = 50, junkIdentity = -1, protocol = 'market1501' } = options;
  const bad = ks.find((k) => !Number.isInteger(k) || k < 1);
  if (bad !== undefined) throw new RangeError(`report: precision at ${bad} was asked for`);
  const task = startRanking(query, gallery, options);
  const perQuery: QueryRanking[] = [];
  const [genuine, impostor] = [new DistanceCounts(), new DistanceCounts()];
  const cameras = task.queryCameras && task.galleryCameras ? new CameraPairs(task) : undefined;
  const times = await visitRows(
    rows,
    task,
    (q, row) => {
      const list = task.listOf(q);
      // The open set looks at the first place, whatever a reader wants to see.
      perQuery.push(rankQuery(q, list, row, averagePrecision, Math.max(nearest, 1)));
      cameras?.visit(q, row, list);
      if (!pairs) return;
      genuine.addRow(row, list.roles, MATCH);
      impostor.addRow(row, list.roles, NON_MATCH);
    },
    options.blockRows,
  );
  const start = performance.now();
  const { valid, cmc, mAP, mINP } = summariseRanking(task, perQuery, options);
  const headline: Record<string, number> = {};
  for (const k of RANKS) headline[`R-${k}`] = percent(cmc[Math.min(k, cmc.length) - 1]);
  const report = {
    format: 1 as const,
    protocol,
    junkIdentity,
    averagePrecision,
    invalidQueries,
    queries: task.queries,
    valid,
    gallery: task.gallery,
    headline: { ...headline, mAP: percent(mAP), mINP: percent(mINP) },
    means: {
      skip: meansOver(perQuery, valid, ks, maxRank),
      zero: meansOver(perQuery, task.queries, ks, maxRank),
    },
    verification: pairs && genuine.total > 0 && impostor.total > 0 ? verification(genuine, impostor, { rates }) : null,
    openSet: openSet(perQuery, task, rates),
    cameras: cameras?.matrix() ?? null,
    facts,
  };
  const seconds = {
    ...options.seconds,
    distances: times.distances,
    ranking: times.visits,
    metrics: (performance.now() - start) / 1000,
  };
  return { ...report, seconds, perQuery: perQuery.map((ranking) => describe(ranking, task, query, gallery, nearest)) };
}

const percent = (fraction: number): number => Math.round(10000 * fraction) / 100;

function meansOver(
  perQuery: readonly QueryRanking[],
  over: number,
  ks: readonly number[],
  maxRank: number,
): ReportMeans {
  const mean = (of: (ranking: QueryRanking) => number) =>
    perQuery.reduce((sum, ranking) => sum + of(ranking), 0) / over;
  const byRanks = (of: (ranks: Int32Array) => number) => mean(({ matchRanks }) => of(matchRanks));
  return {
    over,
    mAP: {
      rect: mean(({ aps }) => aps?.rect ?? 0),
      trapezoid: mean(({ aps }) => aps?.trapezoid ?? 0),
      tied: mean(({ aps }) => aps?.tied ?? 0),
    },
    mINP: mean(({ inp }) => inp ?? 0),
    mrr: byRanks(reciprocalRank),
    rPrecision: byRanks(rPrecision),
    mAPAtR: byRanks(averagePrecisionAtR),
    at: ks.map((k) => ({
      k,
      mP: byRanks((ranks) => precisionAt(ranks, k)),
      mPBounded: byRanks((ranks) => precisionAt(ranks, k, true)),
      mAP: byRanks((ranks) => averagePrecisionAt(ranks, k)),
    })),
    cmc: cmcCurve(perQuery, maxRank, over),
    cmcAllShots: allShotsCurve(
      perQuery.map(({ matchRanks }) => matchRanks),
      maxRank,
      over,
    ),
  };
}

function describe(
  { query: q, aps, inp, firstMatch, matchRanks, kept, nearest }: QueryRanking,
  task: RankingTask,
  query: ItemLabels,
  gallery: ItemLabels,
  shown: number,
): QueryReport {
  return {
    query: q,
    file: query.files?.[q],
    identity: task.queryIdentities[q],
    camera: task.queryCameras?.[q],
    ap: aps,
    inp,
    firstMatch,
    matches: matchRanks.length,
    kept,
    nearest: nearest.slice(0, shown).map(({ gallery: g, distance, match }) => ({
      gallery: g,
      file: gallery.files?.[g],
      identity: task.galleryIdentities[g],
      camera: task.galleryCameras?.[g],
      distance,
      match,
    })),
  };
}

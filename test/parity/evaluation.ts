import { topKAccuracy } from '../../reid/metrics/accuracy.js';
import { evaluateRanking } from '../../reid/metrics/ranking.js';
import { fill } from '../golden/fill.js';
import { type Checks, caseOf, near } from './evaluation-checks.js';
import { agglomerativeCases, densityCases, scoreCases } from './evaluation-clustering.js';
import { fusionCases } from './evaluation-fusion.js';
import type { GoldenEvaluation } from './evaluation-golden.js';
import { rankingCases } from './evaluation-ranking.js';
import { jaccardCases, rerankingCases } from './evaluation-reranking.js';
import type { CaseResult } from './ops.js';

/**
 * The cases of eval.json: distances, rankings under every framework's rules, re-ranking, Jaccard distances, clustering (labels,
 * trees, scores), spatial-temporal fusion and accuracy.
 */
export function evaluationCases(file: string, json: unknown): { id: string; run(): Promise<CaseResult> }[] {
  const golden = json as GoldenEvaluation;
  const checks: Record<string, () => Checks | Promise<Checks>> = Object.assign(
    {},
    ...golden.ranking.map(rankingCases),
    ...golden.rerank.map(rerankingCases),
    ...golden.jaccard_dbscan.map(jaccardCases),
    ...golden.jaccard_dbscan.map(densityCases),
    ...golden.agglomerative.map(agglomerativeCases),
    scoreCases(golden.cluster_scores),
    ...golden.st_reid.map(fusionCases),
    {
      'average-precision-ties': () => tiedPrecision(golden.average_precision_ties),
      accuracy: () => accuracy(golden.accuracy),
    },
  );
  return Object.entries(checks).map(([name, check]) => caseOf(`${file}/${name}`, check));
}

function tiedPrecision({ scores, labels, ap }: GoldenEvaluation['average_precision_ties']): Checks {
  const result = evaluateRanking(
    Float32Array.from(scores, (score) => -score),
    { identities: [1], cameras: [0] },
    { identities: labels, cameras: labels.map(() => 1) },
    { averagePrecision: 'tied' },
  );
  return { ap: near(result.mAP, ap, 1e-6) };
}

/** The logits are described in words: a fill's name, a shape and the rule of inputs. */
function accuracy({ logits, target, topk, value }: GoldenEvaluation['accuracy']): Checks {
  const [, name, rows, classes] = /(\S+) shape \[(\d+),\s*(\d+)\]/.exec(logits)!;
  const data = fill(name!, [Number(rows), Number(classes)], { kind: 'signed', scale: 1.5 });
  const got = topk.map((k) => topKAccuracy(data, Number(classes), target, k));
  return { accuracy: near(got, value, 1e-6) };
}

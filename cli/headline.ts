import type { EvaluationReport } from '../reid/metrics/report.js';
import type { Metrics } from '../reid/training/retrieval.js';

/** The first ranks of a report's headline convention. */
export function headlineOf({ means, averagePrecision, invalidQueries }: EvaluationReport): Metrics {
  const { mAP, cmc, mINP } = means[invalidQueries];
  const at = [1, 5, 10, 20].map((k) => [String(k), cmc[k - 1] ?? cmc.at(-1)!] as const);
  return { mAP: mAP[averagePrecision], cmc: Object.fromEntries(at), mINP };
}

import type { EvaluationReport } from '../reid/metrics/report.js';
import type { VehicleIdResult } from '../reid/metrics/vehicle-id.js';
import type { Metrics } from '../reid/training/retrieval.js';

const RANKS = [1, 5, 10, 20] as const;

/** CMC at the first ranks. */
const at = (cmc: readonly number[]) => Object.fromEntries(RANKS.map((k) => [String(k), cmc[k - 1] ?? cmc.at(-1)!]));

/** The first ranks of a report's headline convention; of VehicleID's protocol the means over its draws, where mINP is mAP. */
export function headlineOf(
  { means, averagePrecision, invalidQueries }: EvaluationReport,
  vehicleId?: VehicleIdResult,
): Metrics {
  if (vehicleId) return { mAP: vehicleId.mAP.mean, cmc: at(vehicleId.cmc), mINP: vehicleId.mAP.mean };
  const { mAP, cmc, mINP } = means[invalidQueries];
  return { mAP: mAP[averagePrecision], cmc: at(cmc), mINP };
}

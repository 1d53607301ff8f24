import type { OpenSet } from '../reid/metrics/open-set.js';
import type { EvaluationReport, ReportMeans } from '../reid/metrics/report.js';
import type { SingleShotResult } from '../reid/metrics/single-shot.js';
import type { VehicleIdResult } from '../reid/metrics/vehicle-id.js';
import type { Verification } from '../reid/metrics/verification.js';
import { textTable } from './text-table.js';

const RANKS = [1, 5, 10, 20] as const;

const percent = (fraction: number | undefined): string => (fraction === undefined ? '-' : (100 * fraction).toFixed(2));

/** Names of the conventions of average precision, with whose they are. */
const CONVENTIONS = [
  ['rect', 'torchreid, fast-reid and most papers'],
  ['trapezoid', "Market-1501's and MARS's own code"],
  ['tied', 'equal distances as one step, as scikit-learn'],
] as const;

/** Means by every convention: a column for each policy for queries without a match, one where they agree. */
function meansTable({ skip, zero }: EvaluationReport['means'], singleShot?: SingleShotResult): string[] {
  const policies = skip.over === zero.over ? [skip] : [skip, zero];
  const titles = [`${skip.over} queries with a match`, `all ${zero.over}, those without as 0`];
  const row = (name: string, of: (means: ReportMeans) => number | undefined, about = ''): string[] => [
    name,
    ...policies.map((means) => percent(of(means))),
    about,
  ];
  const rows = [
    ['percent', ...titles.slice(0, policies.length), ''],
    ...CONVENTIONS.map(([name, about]) => row(`mAP ${name}`, ({ mAP }) => mAP[name], about)),
    ...RANKS.map((k) => row(`CMC ${k}`, ({ cmc }) => cmc[k - 1] ?? cmc.at(-1))),
    row('mINP', ({ mINP }) => mINP),
  ];
  if (!singleShot) return textTable(rows);
  const { cmc, draws, valid } = singleShot;
  const how = draws === 'exact' ? 'expectation over all draws' : `mean of ${draws} draws a query`;
  const shots = RANKS.map((k) => [`CMC ${k}`, percent(cmc[k - 1] ?? cmc.at(-1))]);
  return [
    ...textTable(rows),
    '',
    `single gallery shot: one gallery picture of each identity (${how}, ${valid} queries with a match)`,
    ...textTable([['percent', ''], ...shots]),
  ];
}

/** VehicleID's protocol: means over draws. */
function vehicleLines({ draws, identities, queries, mAP, cmc1, cmc5 }: VehicleIdResult): string[] {
  const row = (name: string, { mean, deviation, values }: VehicleIdResult['mAP']) => [
    name,
    percent(mean),
    percent(deviation),
    values.map((value) => percent(value)).join(' '),
  ];
  return [
    '',
    `vehicleid: ${draws} ${draws === 1 ? 'draw' : 'draws'} of one gallery picture for each of ${identities} identities, ${queries} queries each; above is the first`,
    ...textTable([['percent', 'mean', 'deviation', 'draws'], row('mAP', mAP), row('CMC 1', cmc1), row('CMC 5', cmc5)]),
  ];
}

/** Rates of accepting pairs. */
function verificationLines(pairs: Verification | null, distance: string): string[] {
  if (!pairs) return ['', 'verification: there are no pairs of both kinds to tell apart'];
  const rows = pairs.tarAtFar.map(({ far, tar, threshold, needs }, i) => [
    String(far),
    tar === null ? `needs ${needs} pairs` : percent(tar),
    threshold === null ? '-' : threshold.toPrecision(5),
    percent(pairs.impostorTprAtFpr[i]?.tpr),
  ]);
  return [
    '',
    `verification: ${pairs.genuinePairs} genuine pairs, ${pairs.impostorPairs} impostor pairs; area under the ROC curve ${pairs.auc.toFixed(4)}, ` +
      `equal error rate ${percent(pairs.eer.rate)} % at ${distance} distance ${pairs.eer.threshold.toPrecision(5)}`,
    ...textTable([['FAR', 'TAR@FAR %', 'threshold', "fast-reid's TPR@FPR % (impostor is positive)"], ...rows]),
    pairs.equalDensity === null
      ? 'no distance lies between the two kinds'
      : `both kinds are equally dense at ${distance} distance ${pairs.equalDensity.toPrecision(5)}`,
  ];
}

function openSetLines(open: OpenSet | null, distance: string): string[] {
  if (!open) return ['', 'open set: there are no known or no unknown queries'];
  const { known, unknown, unknownBy, dirAtFar } = open;
  const how =
    unknownBy === 'labels'
      ? 'whose identity the gallery does not hold'
      : 'each query once more, without its identity in the gallery';
  const rows = dirAtFar.map(({ far, dir, threshold, needs }) => [
    String(far),
    dir === null ? `needs ${needs} queries` : percent(dir),
    threshold === null ? '-' : threshold.toPrecision(5),
  ]);
  return [
    '',
    `open set: ${known} known queries, ${unknown} unknown (${how})`,
    ...textTable([['FAR', 'DIR@FAR %', `${distance} threshold`], ...rows]),
  ];
}

/** What was compared and how, in a few lines. */
function conventionLines({ facts, protocol, queries, valid, gallery, junkIdentity }: EvaluationReport): string[] {
  const { flip, feature, reranking, notes } = facts;
  const settings = (values: Readonly<Record<string, unknown>>) =>
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ');
  const steps = [
    `protocol ${protocol}`,
    `${facts.distance} distance`,
    ...(feature ? [`features of ${feature.dimension} numbers`] : []),
    ...(flip ? ['those of mirrored pictures averaged in'] : []),
    ...(junkIdentity === null ? [] : [`identity ${junkIdentity} left out`]),
  ];
  const lines = [`${valid} of ${queries} queries valid, ${gallery} in the gallery`, steps.join(', ')];
  for (const [name, value] of Object.entries(notes ?? {})) {
    const said =
      typeof value === 'object' && value !== null ? settings(value as Record<string, unknown>) : String(value);
    lines.push(`${name}: ${said}`);
  }
  if (reranking) {
    const { k1, k2, lambda, form, squaredTwice } = reranking;
    lines.push(
      `re-ranking: ${settings({ k1, k2, lambda, form: squaredTwice ? 'squared (twice)' : form })}; it uses the other queries as unlabelled pictures, so name it beside the figures`,
    );
  }
  return lines;
}

/** What an evaluation may tell besides its report. */
export interface EvaluationExtras {
  readonly singleShot?: SingleShotResult;
  readonly vehicleId?: VehicleIdResult;
  readonly verification?: boolean;
}

/** An evaluation for people: every convention side by side, and with `verification` pairs and the open set. */
export function evaluationText(
  report: EvaluationReport,
  { singleShot, vehicleId, verification = false }: EvaluationExtras = {},
): string {
  const { distance } = report.facts;
  const lines = [...conventionLines(report), '', ...meansTable(report.means, singleShot)];
  if (vehicleId) lines.push(...vehicleLines(vehicleId));
  if (verification) {
    lines.push(...verificationLines(report.verification, distance), ...openSetLines(report.openSet, distance));
  }
  return lines.join('\n');
}

import type { CameraMatrix } from './camera-pairs.js';
import type { EvaluationReport, ReportMeans } from './report.js';

/**
 * An evaluation report as a text for people: the headline, every convention side by side, pairs, open set and cameras.
 *
 * @example
 * console.log(reportTable(await evaluationReport(rows, query, gallery, { facts: { distance: 'cosine' } })));
 */
export function reportTable(report: EvaluationReport): string {
  const { facts, headline, means, cameras } = report;
  const lines = [
    ...origin(report),
    '',
    Object.entries(headline)
      .map(([name, value]) => `${name} ${value.toFixed(2)}`)
      .join('  '),
    `(percent; ${report.averagePrecision} AP, queries without a match ${report.invalidQueries === 'skip' ? 'left out' : 'count as 0'})`,
    '',
    ...table([['', `${means.skip.over} valid queries`, `all ${means.zero.over} queries`], ...meansRows(means)]),
    ...pairLines(report),
    ...openSetLines(report),
    ...(cameras ? cameraLines(cameras) : []),
    '',
    `seconds: ${Object.entries(report.seconds)
      .map(([name, value]) => `${name} ${value.toFixed(2)}`)
      .join(', ')}`,
  ];
  if (facts.reranking) lines.push('Re-ranking used the other queries as unlabelled points.');
  return lines.join('\n');
}

function origin({ facts, protocol, junkIdentity, queries, valid, gallery }: EvaluationReport): string[] {
  const { distance, flip, feature, image, data, trainedOn, checkpoint, reranking } = facts;
  const said = [
    `protocol ${protocol}${junkIdentity === null ? '' : `, junk identity ${junkIdentity}`}, ${distance} distance${flip ? ', features of mirrored pictures averaged in' : ''}`,
    `${queries} queries, ${valid} of them valid, ${gallery} in the gallery`,
    data && `data: ${data.name}${trainedOn ? `, trained on ${trainedOn}` : ''}`,
    ...(data?.check ?? []),
    feature && `feature: ${feature.name}, ${feature.dimension} numbers`,
    image && `images: ${image.width} × ${image.height}${image.resize ? `, ${image.resize}` : ''}`,
    checkpoint && `checkpoint: ${checkpoint.file}${checkpoint.sha256 ? ` (SHA-256 ${checkpoint.sha256})` : ''}`,
    reranking &&
      `re-ranking: ${Object.entries(reranking)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', ')}`,
  ];
  return said.filter((line): line is string => typeof line === 'string');
}

function meansRows({ skip, zero }: EvaluationReport['means']): string[][] {
  const row = (name: string, of: (means: ReportMeans) => number) => [
    name,
    (100 * of(skip)).toFixed(2),
    (100 * of(zero)).toFixed(2),
  ];
  const ranks = [1, 5, 10, 20].filter((k) => k <= skip.cmc.length);
  return [
    row('mAP rect', ({ mAP }) => mAP.rect),
    row('mAP trapezoid', ({ mAP }) => mAP.trapezoid),
    row('mAP tied', ({ mAP }) => mAP.tied),
    row('mINP', ({ mINP }) => mINP),
    row('MRR', ({ mrr }) => mrr),
    row('R-precision', ({ rPrecision }) => rPrecision),
    row('mAP@R', ({ mAPAtR }) => mAPAtR),
    ...skip.at.flatMap(({ k }, i) => [
      row(`mP@${k}`, ({ at }) => at[i].mP),
      row(`mP@${k} over min(k, R)`, ({ at }) => at[i].mPBounded),
      row(`mAP@${k}`, ({ at }) => at[i].mAP),
    ]),
    ...ranks.map((k) => row(`CMC ${k}`, ({ cmc }) => cmc[k - 1])),
    ...ranks.map((k) => row(`CMC ${k}, all shots`, ({ cmcAllShots }) => cmcAllShots[k - 1])),
  ];
}

function pairLines({ verification: pairs, facts }: EvaluationReport): string[] {
  if (!pairs) return [];
  const rates = pairs.tarAtFar.map(({ far, tar, threshold, needs }, i) => [
    String(far),
    tar === null ? `needs ≥ ${needs} pairs` : tar.toFixed(6),
    threshold === null ? '-' : threshold.toPrecision(6),
    pairs.impostorTprAtFpr[i].tpr.toFixed(6),
  ]);
  return [
    '',
    `pairs: ${pairs.genuinePairs} genuine, ${pairs.impostorPairs} impostor; AUC ${pairs.auc.toFixed(6)}, EER ${pairs.eer.rate.toFixed(6)} at ${facts.distance} ${pairs.eer.threshold.toPrecision(6)}`,
    pairs.equalDensity === null
      ? 'no distance lies between the two kinds'
      : `suggested threshold (equal density): ${facts.distance} ${pairs.equalDensity.toPrecision(6)}`,
    ...table([['FAR', 'TAR@FAR', 'threshold', "impostor-TPR@FPR (fast-reid's)"], ...rates]),
  ];
}

function openSetLines({ openSet, facts }: EvaluationReport): string[] {
  if (!openSet) return [];
  const { known, unknown, neither, unknownBy, dirAtFar } = openSet;
  const how =
    unknownBy === 'labels'
      ? 'queries whose identity the gallery does not hold'
      : 'each query once more, without its identity in the gallery';
  return [
    '',
    `open set: ${known} known queries, ${unknown} unknown (${how})${neither > 0 ? `, ${neither} neither` : ''}`,
    ...table([
      ['FAR', 'DIR@FAR', `${facts.distance} threshold`],
      ...dirAtFar.map(({ far, dir, threshold, needs }) => [
        String(far),
        dir === null ? `needs ≥ ${needs} queries` : dir.toFixed(6),
        threshold === null ? '-' : threshold.toPrecision(6),
      ]),
    ]),
  ];
}

function cameraLines({ queryCameras, galleryCameras, cmc1, mAP }: CameraMatrix): string[] {
  const grid = (name: string, values: CameraMatrix['mAP']) => [
    '',
    `${name} from query camera (rows) to gallery camera (columns), percent`,
    ...table([
      ['', ...galleryCameras.map(String)],
      ...queryCameras.map((camera, q) => [
        String(camera),
        ...values[q].map((value) => (value === null ? '-' : (100 * value).toFixed(2))),
      ]),
    ]),
  ];
  return [...grid('CMC 1', cmc1), ...grid('mAP', mAP)];
}

/** Columns of even width, the first to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

import type { CameraMatrix } from '../../metrics/camera-pairs.js';
import type { OpenSet } from '../../metrics/open-set.js';
import type { Verification } from '../../metrics/verification.js';
import type { HeatTable } from '../plot/heat-table.js';
import type { Histogram } from '../plot/histogram.js';
import type { LineChart } from '../plot/line-chart.js';
import { numberText, percentText } from '../plot/ticks.js';
import type { VerificationSection } from '../report-data.js';

const rounded = (value: number, digits = 3): string => numberText(Number(value.toPrecision(digits)));

/** What the distances of pairs and the first places say about a threshold; undefined where an evaluation has neither. */
export function verificationSection(
  verification: Verification | null,
  openSet: OpenSet | null,
  distance: string,
): VerificationSection | undefined {
  if (!verification && !openSet) return undefined;
  return {
    histogram: verification ? pairChart(verification, distance) : undefined,
    roc: verification ? rocChart(verification) : undefined,
    facts: [...(verification ? pairFacts(verification) : []), ...(openSet ? openSetFacts(openSet) : [])],
  };
}

/** Bins twice as wide: what is read off the fine ones is exact, what is drawn of them flickers. */
const inPairs = (counts: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(counts.length / 2) }, (_, i) => counts[2 * i]! + (counts[2 * i + 1] ?? 0));

function pairChart({ histogram, genuinePairs, impostorPairs, eer }: Verification, distance: string): Histogram {
  const { from, to, genuine, impostor } = histogram;
  const bins = (fine: readonly number[]) => {
    const counts = inPairs(fine);
    return { low: from, width: (2 * (to - from)) / fine.length || 1, counts };
  };
  return {
    title: 'Distances of pairs',
    label: `${distance} distance`,
    groups: [
      { name: 'one person', bins: bins(genuine) },
      { name: 'two people', bins: bins(impostor) },
    ],
    marks: [{ value: eer.threshold, text: `equal errors ${rounded(eer.threshold)}` }],
    note: `${numberText(genuinePairs)} pairs of one person, ${numberText(impostorPairs)} of two; each as shares of its own.`,
  };
}

/** The characteristic at the edges of the histogram's bins and at the rates that were asked for: exact points of the curve. */
function rocChart({ histogram, genuinePairs, impostorPairs, tarAtFar }: Verification): LineChart {
  const points: [far: number, tar: number][] = tarAtFar.flatMap(({ far, tar }) => (tar === null ? [] : [[far, tar]]));
  let [accepted, wrongly] = [0, 0];
  histogram.genuine.forEach((count, bin) => {
    accepted += count;
    wrongly += histogram.impostor[bin]!;
    points.push([wrongly / impostorPairs, accepted / genuinePairs]);
  });
  // Nothing is wrongly accepted before the first wrong pair: there the curve stands at its left end.
  const low = Math.max(1 / impostorPairs, 1e-6);
  const shown = points.map(([far, tar]) => [Math.max(far, low), tar] as const).sort(([a, b], [c, d]) => a - c || b - d);
  return {
    title: 'Receiver operating characteristic',
    x: { label: 'false accepts', log: true, low, high: 1 },
    y: { label: 'true accepts', percent: true, low: 0, high: 1 },
    series: [{ name: 'pairs', x: shown.map(([far]) => far), y: shown.map(([, tar]) => tar) }],
  };
}

const rate = (share: number): string => `${numberText(100 * share)}\u00a0%`;

function pairFacts({ auc, eer, tarAtFar }: Verification): [string, string][] {
  return [
    ['area under the curve', rounded(auc, 4)],
    ['equal error rate', `${percentText(eer.rate)} at distance ${rounded(eer.threshold, 4)}`],
    ...tarAtFar.map(({ far, tar, threshold, needs }): [string, string] => [
      `true accepts at ${rate(far)} false ones`,
      tar === null
        ? `too few pairs: it takes ${numberText(needs!)} of two people`
        : `${percentText(tar)}${threshold === null ? '' : ` at distance ${rounded(threshold, 4)}`}`,
    ]),
  ];
}

function openSetFacts({ unknownBy, unknown, dirAtFar }: OpenSet): [string, string][] {
  const strangers = unknownBy === 'labels' ? `${numberText(unknown)} strangers` : 'strangers';
  return dirAtFar.flatMap(({ far, dir, threshold }): [string, string][] =>
    dir === null
      ? []
      : [
          [
            `found and accepted, with ${rate(far)} of ${strangers} accepted`,
            `${percentText(dir)}${threshold === null ? '' : ` at distance ${rounded(threshold, 4)}`}`,
          ],
        ],
  );
}

/** More cameras make no table that anybody reads. */
const MOST_CAMERAS = 24;

/** Rank-1 and mAP from each camera to each other one; none where there is one camera, or too many. */
export function cameraTables({ queryCameras, galleryCameras, queries, cmc1, mAP }: CameraMatrix): HeatTable[] {
  const most = Math.max(queryCameras.length, galleryCameras.length);
  const cells = queries.flat().filter((count) => count > 0);
  if (most < 2 || most > MOST_CAMERAS || cells.length === 0) return [];
  const [least, largest] = [Math.min(...cells), Math.max(...cells)];
  const table = (title: string, values: HeatTable['values'], note?: string): HeatTable => ({
    title,
    sides: ['query camera', 'gallery camera'],
    rows: queryCameras.map((camera) => String(camera + 1)),
    columns: galleryCameras.map((camera) => String(camera + 1)),
    values,
    note,
  });
  const counts = least === largest ? `${least}` : `${least} to ${largest}`;
  return [
    table(
      'Rank-1 from camera to camera',
      cmc1,
      `In per cent, with the gallery restricted to one camera; ${counts} queries have a match there.`,
    ),
    table('mAP from camera to camera', mAP, 'The same for mean average precision.'),
  ];
}

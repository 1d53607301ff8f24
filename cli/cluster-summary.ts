import type { Partition } from '../reid/clustering/partition.js';
import { type ClusterScores, clusterScores, outliersApart } from '../reid/metrics/cluster-scores.js';
import type { FeatureRow } from './feature-file.js';
import { textTable } from './text-table.js';

/** How many clusters have from `from` to `to` pictures. */
export interface SizeBin {
  readonly from: number;
  readonly to: number;
  readonly clusters: number;
  readonly pictures: number;
}

/** What there is to say of a clustering. */
export interface ClusterSummary {
  readonly pictures: number;
  readonly clusters: number;
  /** Pictures of no cluster. */
  readonly outliers: number;
  /** Clusters of one picture. */
  readonly singletons: number;
  readonly largest: number;
  readonly meanSize: number;
  readonly medianSize: number;
  readonly sizes: readonly SizeBin[];
  /** Pictures of clusters that more than one camera took; left out where cameras are not known. */
  readonly acrossCameras?: number;
  /** Beside the known identities: every outlier a cluster of its own, and without outliers. Left out where none are known. */
  readonly known?: number;
  readonly scores?: ClusterScores;
  readonly scoresWithoutOutliers?: ClusterScores;
}

/** Sizes 1, 2 to 3, 4 to 7, 8 to 15, and so on, as far as there are any. */
function binsOf(sizes: Int32Array): SizeBin[] {
  const bins: SizeBin[] = [];
  for (let from = 1; from <= (sizes[0] ?? 0); from *= 2) {
    const those = sizes.filter((size) => size >= from && size < 2 * from);
    const pictures = those.reduce((sum, size) => sum + size, 0);
    bins.push({ from, to: 2 * from - 1, clusters: those.length, pictures });
  }
  return bins;
}

/** Pictures in clusters of several cameras. */
function acrossCameras({ labels, sizes }: Partition, rows: readonly FeatureRow[]): number | undefined {
  if (rows.every(({ camera }) => camera === undefined)) return undefined;
  const cameras = Array.from(sizes, () => new Set<string>());
  rows.forEach(({ camera }, i) => {
    if (labels[i]! >= 0 && camera !== undefined) cameras[labels[i]!]!.add(camera);
  });
  return sizes.reduce((sum, size, cluster) => sum + (cameras[cluster]!.size > 1 ? size : 0), 0);
}

/** The identities as numbers, of the rows that have one. */
function knownIdentities(rows: readonly FeatureRow[]): { rows: number[]; identities: number[] } {
  const numbers = new Map<string, number>();
  const known = Array.from(rows.keys()).filter((i) => rows[i]!.identity !== undefined);
  const identities = known.map((i) => {
    const identity = rows[i]!.identity!;
    if (!numbers.has(identity)) numbers.set(identity, numbers.size);
    return numbers.get(identity)!;
  });
  return { rows: known, identities };
}

/** Counts clusters, and compares them with the identities where these are known. */
export function summarise(partition: Partition, rows: readonly FeatureRow[]): ClusterSummary {
  const { labels, sizes, outliers } = partition;
  const clustered = labels.length - outliers;
  const known = knownIdentities(rows);
  const found = known.rows.map((i) => labels[i]!);
  const kept = found.map((label, k) => [label, known.identities[k]!] as const).filter(([label]) => label >= 0);
  return {
    pictures: labels.length,
    clusters: sizes.length,
    outliers,
    singletons: sizes.filter((size) => size === 1).length,
    largest: sizes[0] ?? 0,
    meanSize: sizes.length === 0 ? 0 : clustered / sizes.length,
    medianSize: sizes.length === 0 ? 0 : sizes[Math.floor(sizes.length / 2)]!,
    sizes: binsOf(sizes),
    acrossCameras: acrossCameras(partition, rows),
    ...(found.length === 0
      ? {}
      : { known: found.length, scores: clusterScores(known.identities, outliersApart(found)) }),
    ...(kept.length === 0
      ? {}
      : {
          scoresWithoutOutliers: clusterScores(
            kept.map(([, identity]) => identity),
            kept.map(([label]) => label),
          ),
        }),
  };
}

const BAR = 40;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The summary in lines for people. */
export function summaryLines(summary: ClusterSummary): string[] {
  const { pictures, clusters, outliers, singletons, largest, meanSize, medianSize, sizes, known } = summary;
  const lines = [
    `${clusters} clusters of ${pictures} pictures; ${outliers} outliers (${percent(outliers / pictures)}), ${singletons} clusters of one picture`,
  ];
  if (clusters > 0) lines.push(`sizes: largest ${largest}, mean ${meanSize.toFixed(1)}, median ${medianSize}`);
  const most = Math.max(1, ...sizes.map((bin) => bin.clusters));
  const bars = sizes.map((bin) => [
    bin.from === bin.to ? String(bin.from) : `${bin.from}–${bin.to}`,
    String(bin.clusters),
    '#'.repeat(Math.ceil((BAR * bin.clusters) / most)),
  ]);
  if (bars.length > 0) lines.push(...textTable([['pictures', 'clusters', ''], ...bars]));
  if (summary.acrossCameras !== undefined) {
    lines.push(`${percent(summary.acrossCameras / pictures)} of the pictures are in clusters of several cameras`);
  }
  if (summary.scores && known !== undefined) {
    const columns = ['purity', 'nmi', 'ami', 'ari', 'vMeasure', 'pairPrecision', 'pairRecall', 'pairF'] as const;
    const titles = ['purity', 'NMI', 'AMI', 'ARI', 'V', 'pair P', 'pair R', 'pair F'];
    const row = (title: string, scores: ClusterScores) => [title, ...columns.map((name) => scores[name].toFixed(4))];
    const table = [['', ...titles], row(outliers > 0 ? 'outliers as singletons' : 'all', summary.scores)];
    if (outliers > 0 && summary.scoresWithoutOutliers)
      table.push(row('without outliers', summary.scoresWithoutOutliers));
    lines.push(
      `beside the ${summary.scores.classes} known identities of ${known} pictures (NMI: arithmetic mean):`,
      ...textTable(table),
    );
  }
  return lines;
}

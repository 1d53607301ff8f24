import type { Image, UnlabelledDataset } from '../../../datasets/index.js';
import { type RoundRecord, sizesOf } from '../../training/unsupervised/hindsight.js';
import type { PseudoLabels } from '../../training/unsupervised/method.js';
import { type ContactRow, drawContactSheet } from '../drawing/contact-sheet.js';
import { embed } from '../page/picture.js';
import { countInto, type Histogram } from '../plot/histogram.js';
import type { LineChart } from '../plot/line-chart.js';
import type { ClustersSection } from '../report-data.js';

/** Clusters and pictures of each on a contact sheet. */
const SHOWN = 12;
const PICTURES = 10;

const CELL = { width: 48, height: 96 };

/** Some of a list, from its beginning to its end at even steps. */
const evenly = <T>(list: readonly T[], most: number): T[] =>
  Array.from({ length: Math.min(most, list.length) }, (_, i) => {
    const step = (list.length - 1) / Math.max(Math.min(most, list.length) - 1, 1);
    return list[Math.round(i * step)]!;
  });

/**
 * A contact sheet of clusters of at least two pictures, a row each, from the largest to the smallest at even steps.
 *
 * @returns undefined where there is none
 */
export async function clusterSheet(pictures: UnlabelledDataset, pseudo: PseudoLabels): Promise<Image | undefined> {
  const sizes = sizesOf(pseudo);
  const several = Array.from(sizes.keys())
    .filter((cluster) => sizes[cluster]! > 1)
    .sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const rows: ContactRow[] = [];
  for (const cluster of evenly(several, SHOWN)) {
    const members = pictures.pictures.filter((_, i) => pseudo.labels[i] === cluster);
    const images: Image[] = [];
    for (const picture of evenly(members, PICTURES)) images.push(await pictures.read(picture));
    rows.push({ label: `cluster ${cluster}: ${sizes[cluster]} pictures`, images });
  }
  return rows.length > 0 ? drawContactSheet(rows, CELL) : undefined;
}

/** Bins of the histogram of sizes at most. */
const BINS = 24;

function sizeHistogram(pseudo: PseudoLabels): Histogram | undefined {
  const sizes = sizesOf(pseudo);
  if (sizes.length === 0) return undefined;
  const largest = sizes.reduce((most, size) => Math.max(most, size), 1);
  const width = Math.ceil(largest / BINS);
  const bins = Math.ceil(largest / width);
  const range = { low: 0.5, high: 0.5 + bins * width, bins };
  return {
    title: 'Sizes of the clusters',
    label: 'pictures in a cluster',
    of: 'clusters',
    groups: [{ name: 'clusters', bins: countInto(sizes, range) }],
  };
}

/** What the rounds say of clusters, one chart for what is counted and one for shares. */
function historyOf(records: readonly RoundRecord[], pictures: number): LineChart[] {
  if (records.length < 2) return [];
  const x = records.map(({ round }) => round + 1);
  const line = (name: string, of: (record: RoundRecord) => number | undefined) => ({
    name,
    x,
    y: records.map((record) => of(record) ?? Number.NaN),
  });
  const shares = [
    line('largest cluster', ({ largest }) => largest / pictures),
    line('purity', ({ purity }) => purity),
    line('merged pairs of one identity', ({ sharedPairs }) => sharedPairs),
  ].filter(({ y }) => y.some(Number.isFinite));
  const counts = [line('clusters', ({ clusters }) => clusters), line('in no cluster', ({ outliers }) => outliers)];
  return [
    {
      title: 'Clusters by round',
      x: { label: 'round' },
      y: { label: 'number', low: 0 },
      series: counts.filter(({ name, y }) => name === 'clusters' || y.some((count) => count > 0)),
    },
    {
      title: 'What the clusters are like',
      x: { label: 'round' },
      y: { label: 'share', percent: true, low: 0 },
      series: shares,
      note: 'Purity and merged pairs are counted afterwards, where labels are known; training never sees them.',
    },
  ];
}

/** The report's part about clusters: how they came about, how large they are, what they hold. */
export async function clusterSections({
  records,
  pseudo,
  sheet,
}: {
  readonly records: readonly RoundRecord[];
  readonly pseudo: PseudoLabels;
  readonly sheet: Image | undefined;
}): Promise<ClustersSection> {
  const { labels, clusters } = pseudo;
  const outliers = labels.reduce((count, label) => count + Number(label < 0), 0);
  const last = records.at(-1);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const largest = sizesOf(pseudo).reduce((most, size) => Math.max(most, size), 0);
  const title = 'Clusters, from the largest to the smallest';
  return {
    charts: historyOf(records, labels.length),
    sizes: sizeHistogram(pseudo),
    facts: [
      ['pictures', String(labels.length)],
      ['clusters', String(clusters)],
      ['pictures in no cluster', String(outliers)],
      ['largest cluster', `${largest} pictures (${percent(largest / labels.length)})`],
      ...(last?.purity === undefined ? [] : [['purity', percent(last.purity)] as const]),
    ],
    sheet: sheet && { title, picture: await embed(sheet, title, { maxWidth: 1200, quality: 85 }) },
  };
}

import { countRecords, type ReidDataset, SPLITS } from '../../../datasets/index.js';
import type { EvaluationReport } from '../../metrics/report.js';
import type { LineChart } from '../plot/line-chart.js';
import type { DatasetSummary, FigureRow, Figures } from '../report-data.js';

/** Figures of one evaluation as metrics.json holds them. */
export interface PlainMetrics {
  readonly mAP: number;
  readonly cmc: Readonly<Record<string, number>>;
  readonly mINP?: number;
}

const RANKS = [1, 5, 10, 20] as const;

/** A data set, counted split by split. Images are counted without junk. */
export function summariseDataset(dataset: ReidDataset): DatasetSummary {
  const splits = SPLITS.map((name) => {
    const { images, ...counts } = countRecords(dataset[name], name === 'train');
    return { name, ...counts, images: images - counts.junk };
  });
  return { name: dataset.name, splits, notes: dataset.notes };
}

const CONVENTIONS = {
  rect: 'AP by rectangles',
  trapezoid: 'AP by trapezoids',
  tied: 'AP with equal distances as one step',
} as const;

/**
 * One evaluation by every convention: average precision three ways and, where queries without a match exist, left out or
 * counted as 0.
 */
export function conventionFigures({
  means,
  queries,
  valid,
  averagePrecision,
  invalidQueries,
}: EvaluationReport): Figures {
  const policies = valid === queries ? (['skip'] as const) : (['skip', 'zero'] as const);
  const words = { skip: 'queries without a match left out', zero: 'queries without a match as 0' };
  const rows = policies.flatMap((policy) =>
    (Object.keys(CONVENTIONS) as (keyof typeof CONVENTIONS)[]).map((convention): FigureRow => {
      const { mAP, mINP, cmc } = means[policy];
      return {
        name: policies.length > 1 ? `${CONVENTIONS[convention]}, ${words[policy]}` : CONVENTIONS[convention],
        mAP: mAP[convention],
        cmc: atRanks(cmc),
        mINP,
      };
    }),
  );
  const own = policies.length > 1 ? `, ${words[invalidQueries]}` : '';
  return { rows, note: `In per cent. This run's own: ${CONVENTIONS[averagePrecision]}${own}.` };
}

const atRanks = (cmc: readonly number[]): Record<string, number> =>
  Object.fromEntries(RANKS.map((k) => [String(k), cmc[Math.min(k, cmc.length) - 1] ?? Number.NaN]));

/** The share of queries with a match among the first k, k from 1 on. */
export function cmcChart({ means, invalidQueries }: EvaluationReport): LineChart {
  const { cmc } = means[invalidQueries];
  return {
    title: 'Cumulative match characteristic',
    x: { label: 'rank', low: 1 },
    y: { label: 'queries with a match', percent: true, low: 0, high: 1 },
    series: [{ name: 'queries', x: cmc.map((_, i) => i + 1), y: cmc, stepped: true }],
  };
}

/** An evaluation as a row of the table of figures. */
export function evaluationRow(name: string, { means, averagePrecision, invalidQueries }: EvaluationReport): FigureRow {
  const { mAP, mINP, cmc } = means[invalidQueries];
  return { name, mAP: mAP[averagePrecision], cmc: atRanks(cmc), mINP };
}

/** A row of the table of figures. */
export const figureRow = (name: string, { mAP, cmc, mINP }: PlainMetrics): FigureRow => ({ name, mAP, cmc, mINP });

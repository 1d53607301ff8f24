import { documentOf, type Section } from './page/document.js';
import { type Html, html } from './page/html.js';
import { lookGrid, plate, rankedLists } from './page/pictures.js';
import { datasetTable, factsTable, figuresTable, flattened, keyFigures } from './page/tables.js';
import { heatTable } from './plot/heat-table.js';
import { histogramChart } from './plot/histogram.js';
import { lineChart } from './plot/line-chart.js';
import { scatterChart } from './plot/scatter.js';
import type { ClustersSection, ReportData, VerificationSection } from './report-data.js';

/** Undefined for a list without entries, so that no heading stands alone. */
const some = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined);

const charts = (drawn: readonly (Html | undefined)[]) =>
  html`<div class="charts">${drawn.map((chart) => chart ?? [])}</div>`;

function verificationPart({ histogram, roc, facts }: VerificationSection): Html | undefined {
  const list = some(facts);
  if (!histogram && !roc && !list) return undefined;
  return html`${(histogram || roc) && charts([histogram && histogramChart(histogram), roc && lineChart(roc)])}${
    list && html`<h3>At a threshold</h3>${factsTable(list)}`
  }`;
}

function clustersPart({ charts: history = [], sizes, facts, sheet }: ClustersSection): Html {
  const drawn = [...history.map(lineChart), sizes && histogramChart(sizes)];
  return html`${facts && factsTable(facts)}${charts(drawn)}${sheet && plate(sheet)}`;
}

/** Tables with charts beside them, where there is room. */
function figuresSection(tables: readonly Html[], drawn: readonly Html[] | undefined): Html | undefined {
  if (tables.length === 0) return drawn && charts(drawn);
  return drawn ? html`<div class="beside"><div>${tables}</div><div>${drawn}</div></div>` : html`${tables}`;
}

function sectionsOf(data: ReportData): readonly Section[] {
  const { figures, conventions, dataset, verification, clusters, recipe, environment } = data;
  const training = some(data.training);
  const retrieval = some(data.retrieval);
  const cameras = some(data.cameras);
  const ranked = some(data.ranked?.filter(({ lists }) => lists.length > 0));
  const looks = some(data.looks?.filter(({ rows }) => rows.length > 0));
  const maps = some(data.maps?.filter(({ points }) => points.length > 0));
  const plates = some(data.plates);
  const settings = recipe === undefined || recipe === null ? undefined : some(flattened(recipe));
  const tables = [
    figures && some(figures.rows) && figuresTable(figures, 'model', true),
    conventions &&
      some(conventions.rows) &&
      html`<h3>By other conventions</h3>${figuresTable(conventions, 'convention', false)}`,
  ].filter((part) => part !== undefined);
  return [
    ['figures', 'Figures', figuresSection(tables, retrieval?.map(lineChart))],
    ['training', 'Training', training && charts(training.map(lineChart))],
    ['clusters', 'Clusters', clusters && clustersPart(clusters)],
    ['queries', 'Queries', ranked && html`${ranked.map(rankedLists)}`],
    ['looks', 'What it looked at', looks && html`${looks.map(lookGrid)}`],
    ['features', 'Features', maps && charts(maps.map(scatterChart))],
    ['cameras', 'Cameras', cameras && charts(cameras.map(heatTable))],
    ['verification', 'Verification', verification && verificationPart(verification)],
    ['pictures', 'Pictures', plates && html`${plates.map(plate)}`],
    ['data', 'Data', dataset && datasetTable(dataset)],
    ['recipe', 'Recipe', settings && html`<div class="columns">${factsTable(settings)}</div>`],
    ['environment', 'Environment', some(environment) && factsTable(environment!)],
  ];
}

/**
 * One page about one run, complete in itself: style, drawings and pictures are inside, there is no script and no address of
 * another place, so that it opens from a disk, in light and dark, and prints. Texts from outside are escaped.
 *
 * @example
 *   await writeFile('report.html', renderReport({ title: 'baseline-tiny', figures, training: curvesOf(lines) }));
 *
 * @param data what is missing is left out
 */
export function renderReport(data: ReportData): string {
  const { title, subtitle, date, figures } = data;
  const [main] = figures?.rows ?? [];
  return documentOf({ title, subtitle, date, keys: main && keyFigures(main), sections: sectionsOf(data) });
}

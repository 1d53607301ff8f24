import { csvTable } from '../datasets/csv-table.js';
import { encodePng } from '../datasets/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { drawCharts } from '../reid/report/drawing/chart-picture.js';
import { bestOf, halvingChart, keyCharts } from '../reid/search/charts.js';
import { type Outcome, outcomesOf, outcomeTable } from '../reid/search/outcome.js';
import { renderSearch } from '../reid/search/page.js';
import { changesOf } from '../reid/search/range.js';
import type { SearchPlan, SearchResult } from '../reid/search/search.node.js';
import { recipeOf } from '../reid/search/space.js';
import { duration } from '../reid/training/progress.js';
import type { RunFolder } from '../reid/training/run-folder.node.js';
import type { InitialFiles } from './initial-weights.js';
import { quoted } from './shell-word.js';
import { textTable } from './text-table.js';

/** A search from the command line, with the files that its trials begin with. */
export interface FilePlan extends SearchPlan {
  readonly files?: InitialFiles;
}

/** What a finished search leaves, besides its folder. */
export interface SearchSummary {
  /** The best first. */
  readonly outcomes: readonly Outcome[];
  /** Undefined where every trial diverged. */
  readonly best: Outcome | undefined;
  /** What trains the best setting. */
  readonly command: string | undefined;
  /** Lines for people. */
  readonly table: readonly string[];
  /** Files that were written. */
  readonly files: readonly string[];
}

/** The command that trains a setting on all training identities and evaluates it on the test set. */
export const trainCommand = (
  { recipe, set, data, seed, files = {} }: FilePlan,
  { setting }: Pick<Outcome, 'setting'>,
): string =>
  [
    'node cli/train.js',
    quoted(recipe.name),
    '--data',
    quoted(data),
    ...(files.weights ?? []).map((file) => `--weights ${quoted(file)}`),
    ...(files.trunk === undefined ? [] : [`--trunk ${quoted(files.trunk)}`]),
    ...[...set, ...changesOf(setting)].map((change) => `--set ${quoted(change)}`),
    `--seed ${seed}`,
  ].join(' ');

/** How the figures were measured. */
const noteOf = ({ validation }: SearchPlan): string =>
  `Chosen by mAP on a validation split: ${(100 * validation).toFixed(0)} % of the training identities, held out. No picture and no label ` +
  'of the test set was used. The best of many is better on the split that chose it than it will be elsewhere.';

/** Writes table.csv, search.png and search.html, and gives what else there is to say. */
export async function writeResults(
  folder: RunFolder,
  plan: FilePlan,
  { rungs, results }: SearchResult,
  adapter: string,
): Promise<SearchSummary> {
  const epochs = rungs.at(-1)!.epochs;
  const outcomes = outcomesOf(plan.settings, results, epochs);
  const names = plan.keys.map(({ key }) => key);
  const rows = outcomeTable(outcomes, names);
  const best = bestOf(outcomes);
  const command = best && trainCommand(plan, best);
  const title = `Search over ${plan.recipe.name}`;
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const charts = [halvingChart(outcomes, epochs), ...keyCharts(outcomes, plan.keys)];
  const page = renderSearch({
    title,
    subtitle: `${plan.data} · ${plan.settings.length} trials · seed ${plan.seed} · ${adapter}`,
    date: `Made on ${new Date().toISOString().slice(0, 16).replace('T', ', ')} UTC.`,
    outcomes,
    keys: plan.keys,
    rungs,
    command,
    recipe: best && recipeOf(plan.recipe, best.setting, `Trial ${best.trial + 1}`),
    note: noteOf(plan),
    facts: [
      ['adapter', adapter],
      ['training time', duration(seconds)],
      ['Node', process.version],
    ],
  });
  await writeFileAtomically(folder.file('table.csv'), csvTable(rows));
  await writeFileAtomically(
    folder.file('search.png'),
    await encodePng(drawCharts(charts, { title: `${title} on ${plan.data}` })),
  );
  await writeFileAtomically(folder.file('search.html'), page);
  const state = rows[0]!.length - 1;
  return {
    outcomes,
    best,
    command,
    table: textTable(rows, [state]),
    files: ['table.csv', 'search.png', 'search.html'].map((name) => folder.file(name)),
  };
}

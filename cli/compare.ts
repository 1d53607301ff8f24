import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ReidDataset } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { type Gpu, openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { retrievalSides } from '../reid/training/evaluation.js';
import { duration } from '../reid/training/progress.js';
import { evaluateRetrieval } from '../reid/training/retrieval.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { readArguments, runCommand, terminal, UsageError } from './command.js';
import { type ComparisonCell, comparisonCsv, comparisonText } from './comparison.js';
import { printIntention } from './dry-run.js';
import { DISTANCES, type EvaluationChoices, evaluationChoices, PROTOCOLS, recipeFor } from './evaluation-options.js';
import { requireFolderOf } from './output-file.js';
import { openTestData, testFingerprint } from './test-data.js';
import { fileHash, openTrainedModel, sayUnmatched, shortName, type TrainedModel } from './trained-model.js';

const HELP = `node cli/compare.js RUN … --data DATA [--data DATA …] [--out DIR] [OPTIONS]

Evaluates every checkpoint on every data set and prints one table: mAP, rank-1, mINP, parameters, size of a feature, seconds. What
fails is told beside what does not.

  RUN …             folders of runs, their checkpoint.safetensors, or with --recipe files of original systems
  --data DATA       may be given several times.
                    ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                    ')}
  --out DIR         keeps every cell as soon as it is measured, and takes over those that are there: a comparison that was stopped,
                    or got another checkpoint, goes on where it was. Writes compare.json and compare.csv there too
  --protocol NAME   ${Object.keys(PROTOCOLS).join(', ')}; default market1501
  --distance NAME   ${Object.keys(DISTANCES).join(', ')}; default: each recipe's
  --flip            averages the features of each picture and its mirror image
  --recipe RECIPE   the recipe of files that are of no run
  --set KEY=VALUE   changes the recipes
  --csv FILE        writes the table as CSV
  --json            prints the cells as JSON
  --dry-run         says what would be read and written, and how many pictures
  --help            prints this

Exit status: 0 all cells have figures, 1 some failed, 2 wrong use.`;

const OPTIONS = {
  data: { type: 'string', multiple: true },
  out: { type: 'string' },
  protocol: { type: 'string' },
  distance: { type: 'string' },
  flip: { type: 'boolean' },
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  csv: { type: 'string' },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Something that was opened, or the error that came of it. */
type Opened<T> = { readonly value: T } | { readonly error: Error };

async function attempt<T>(open: () => Promise<T>): Promise<Opened<T>> {
  try {
    return { value: await open() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** A checkpoint, as it was given. */
interface Candidate {
  readonly place: string;
  readonly opened: Opened<TrainedModel>;
  readonly sha256: string;
}

/** A data set, as it was given. */
interface TestSet {
  readonly data: string;
  readonly opened: Opened<ReidDataset>;
  readonly fingerprint: string;
}

/** What is asked of every pair. */
interface Grid {
  readonly candidates: readonly Candidate[];
  readonly sets: readonly TestSet[];
  readonly choices: EvaluationChoices;
  readonly changes: readonly string[];
  readonly folder?: RunFolder;
}

/** Tells a cell apart by what its figures depend on, wherever the files lie. */
function keyOf(
  { choices, changes }: Grid,
  { place, sha256, opened }: Candidate,
  { data, fingerprint }: TestSet,
): string {
  const { protocol, distance, flip } = choices;
  const recipe = 'value' in opened ? opened.value.recipe.name : '';
  const facts = JSON.stringify([sha256 || place, fingerprint || data, recipe, changes, protocol, distance ?? '', flip]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 20);
}

const fileOf = (key: string): string => join('cells', `${key}.json`);

async function measure(gpu: Gpu, trained: TrainedModel, dataset: ReidDataset, choices: EvaluationChoices) {
  const recipe = recipeFor(trained.recipe, choices);
  const model = trained.build();
  const unmatched = trained.load(model);
  const warning = sayUnmatched(trained.path, unmatched);
  if (warning) terminal.write(`${warning}\n`);
  const start = performance.now();
  const { query, gallery } = await retrievalSides(model, { gpu, dataset, recipe, output: terminal });
  const distance = choices.distance ?? recipe.evaluation.distance;
  const result = await evaluateRetrieval(gpu, distance, query, gallery, { protocol: choices.protocol, nearest: 0 });
  const figures = {
    mAP: result.mAP,
    rank1: result.cmc[0]!,
    mINP: result.mINP,
    parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
    dimension: query.features.dimension,
    queries: result.queries,
    validQueries: result.valid,
    gallery: result.gallery,
    seconds: (performance.now() - start) / 1000,
    adapter: gpu.name,
    unmatched: unmatched.filter(({ action }) => action !== 'left out').length,
  };
  for (const [, entry] of model.entries()) if ('storage' in entry) entry.storage.release();
  await gpu.trim();
  return figures;
}

/** Every cell, row by row; the GPU is opened when the first one is not there yet. */
async function fill(grid: Grid): Promise<ComparisonCell[]> {
  const { candidates, sets, choices, folder } = grid;
  const cells: ComparisonCell[] = [];
  const total = candidates.length * sets.length;
  const start = performance.now();
  let measured = 0;
  let gpu: Gpu | undefined;
  try {
    for (const candidate of candidates) {
      for (const set of sets) {
        const key = keyOf(grid, candidate, set);
        const { opened, place } = candidate;
        const model = 'value' in opened ? shortName(opened.value) : place;
        const base = { key, checkpoint: place, model, data: set.data };
        const known = folder?.readJson<ComparisonCell>(fileOf(key));
        const said = `${cells.length + 1}/${total} ${model} on ${set.data}`;
        if (known?.key === key) {
          cells.push({ ...known, ...base });
          terminal.write(`${said}: taken over\n`);
          continue;
        }
        const left =
          measured > 0
            ? `, about ${duration(((performance.now() - start) / 1000 / measured) * (total - cells.length))} left`
            : '';
        terminal.write(`${said}${left}\n`);
        const result = await attempt(async () => {
          if ('error' in opened) throw opened.error;
          if ('error' in set.opened) throw set.opened.error;
          gpu ??= await openGpu();
          return measure(gpu, opened.value, set.opened.value, choices);
        });
        measured++;
        const cell: ComparisonCell =
          'value' in result
            ? { ...base, status: 'ok', ...result.value }
            : { ...base, status: 'failed', message: result.error.message };
        if ('error' in result) {
          terminal.write(`  failed: ${result.error.message}\n`);
          if (process.env.DEBUG) terminal.write(`${result.error.stack}\n`);
          // What failed may have left the GPU, or its memory, unfit for the next one.
          gpu?.close();
          gpu = undefined;
        }
        cells.push(cell);
        if (cell.status === 'ok') await folder?.writeJson(fileOf(key), cell);
      }
    }
  } finally {
    gpu?.close();
  }
  return cells;
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { data = [], out, csv, set: changes = [] } = values;
  if (positionals.length === 0)
    throw new UsageError('Give one run or more: node cli/compare.js RUN … --data DATA. See --help.');
  if (data.length === 0) {
    throw new UsageError(`--data is missing. Kinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}`);
  }
  const choices = evaluationChoices({ protocol: values.protocol, distance: values.distance, flip: values.flip });
  const candidates: Candidate[] = [];
  for (const place of new Set(positionals)) {
    const opened = await attempt(() => openTrainedModel(place, { recipe: values.recipe, set: changes }));
    const sha256 = 'value' in opened ? await fileHash(opened.value.path) : '';
    candidates.push({ place, opened, sha256 });
  }
  const sets: TestSet[] = [];
  for (const spec of new Set(data)) {
    const opened = await attempt(() => openTestData(spec, choices.protocol));
    sets.push({ data: spec, opened, fingerprint: 'value' in opened ? testFingerprint(opened.value) : '' });
  }
  const files = out === undefined ? [] : ['compare.json', 'compare.csv'].map((name) => join(out, name));
  if (values['dry-run']) {
    const reads = [
      ...candidates.map(({ place, opened }) =>
        'value' in opened ? opened.value.title : `${place}: ${opened.error.message}`,
      ),
      ...sets.map(({ data: spec, opened }) =>
        'value' in opened ? opened.value.name : `${spec}: ${opened.error.message}`,
      ),
    ];
    const readable = candidates.filter(({ opened }) => 'value' in opened).length;
    const each = sets.map(({ opened }) =>
      'value' in opened ? opened.value.query.length + opened.value.gallery.length : 0,
    );
    const pictures = readable * each.reduce((sum, count) => sum + count, 0);
    const writes = [...(out === undefined ? [] : [join(out, 'cells')]), ...files, ...(csv === undefined ? [] : [csv])];
    printIntention({ reads, pictures, writes }, values.json);
    return 0;
  }
  if (csv !== undefined) requireFolderOf(csv);
  const folder = out === undefined ? undefined : new RunFolder(out);
  if (folder) requireFolderOf(folder.file(fileOf('key')));
  const cells = await fill({ candidates, sets, choices, changes, folder });
  const conventions = { protocol: choices.protocol, distance: choices.distance, flip: choices.flip };
  if (folder) {
    await folder.writeJson('compare.json', { conventions, cells });
    await writeFileAtomically(folder.file('compare.csv'), comparisonCsv(cells));
  }
  if (csv !== undefined) await writeFileAtomically(csv, comparisonCsv(cells));
  console.log(values.json ? JSON.stringify({ conventions, cells }) : comparisonText(cells));
  for (const path of [...files, ...(csv === undefined ? [] : [csv])]) terminal.write(`${path}\n`);
  const failed = cells.filter(({ status }) => status === 'failed').length;
  const best = cells.filter(({ status }) => status === 'ok').sort((a, b) => b.mAP! - a.mAP!)[0];
  if (failed > 0) {
    const again =
      out === undefined
        ? 'the same command with --out DIR keeps the others'
        : 'the same command again measures these alone';
    terminal.write(`${failed} of ${cells.length} failed: mend them, then ${again}\n`);
  } else if (best)
    terminal.write(`next: node cli/evaluate.js ${best.checkpoint} --data '${best.data}'   (all figures of the best)\n`);
  return failed > 0 ? 1 : 0;
}

await runCommand('compare', main);

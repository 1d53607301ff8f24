import { join } from 'node:path';
import { describeDataset, type ReidDataset } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { type Gpu, openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import type { EvaluationReport } from '../reid/metrics/report.js';
import type { SingleShotResult } from '../reid/metrics/single-shot.js';
import type { ImportRow } from '../reid/models/checkpoints/import.js';
import { recipes } from '../reid/recipes/index.js';
import {
  type EvaluationContext,
  evaluateFeatures,
  evaluateModel,
  evaluateRawPixels,
  modelFeatures,
  retrievalSides,
} from '../reid/training/evaluation.js';
import { type Metrics, metricsOf } from '../reid/training/retrieval.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { readArguments, runCommand, terminal, UsageError } from './command.js';
import { printIntention } from './dry-run.js';
import {
  DISTANCES,
  EVALUATION_OPTIONS,
  type EvaluationChoices,
  evaluationChoices,
  OPTIONAL_VALUES,
  PROTOCOLS,
  recipeFor,
} from './evaluation-options.js';
import { evaluationText } from './evaluation-text.js';
import { withOptionalValues } from './optional-values.js';
import { evenly, rankedPng } from './ranked-pictures.js';
import { quoted } from './shell-word.js';
import { multiQueryPictures, openTestData } from './test-data.js';
import {
  fileHash,
  modelWords,
  openTrainedModel,
  runFolderOf,
  sayUnmatched,
  type TrainedModel,
} from './trained-model.js';

const HELP = `node cli/evaluate.js RUN [--data DATA] [OPTIONS] [--out DIR] [--json]
node cli/evaluate.js FILE.pth --recipe RECIPE --data DATA [OPTIONS]

Evaluates a trained model and prints every convention side by side: mAP in its three ways, CMC 1/5/10/20 and mINP, over the queries
with a match and, where it differs, over all of them.

  RUN                  the folder of a run, or its checkpoint.safetensors
  FILE.pth             weights of an original system (PyTorch's, or safetensors), whose recipe is named:
                       ${[...recipes.keys()].join(', ')}
  --recipe RECIPE      which recipe such a file belongs to; what of it did not match is told
  --set KEY=VALUE      changes the recipe, as --set input.height=384
  --data DATA          default: what the run was trained with; or another one, for cross-domain figures:
                       ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                       ')}
  --protocol NAME      what a query leaves out of the gallery (junk besides):
                       ${Object.entries(PROTOCOLS)
                         .map(([name, about]) => `${name.padEnd(17)} ${about}`)
                         .join('\n                       ')}
  --distance NAME      ${Object.keys(DISTANCES).join(', ')}; default: the recipe's
  --flip               averages the features of each picture and its mirror image
  --multi-query        each query is the mean of all pictures of its identity in its camera: of gt_bbox where Market-1501 has it
  --query-expansion [K,ALPHA]   averages each feature with its K nearest, weighed by cosine to the power ALPHA. Default 5,3
  --rerank [K1,K2,LAMBDA]       re-ranks by k-reciprocal encoding. Default 20,6,0.3
  --rerank-form FORM   authors (default), or faiss, as SpCL, Cluster-Contrast and fast-reid encode
  --draws exact|N      CMC with one gallery picture of each identity as well, CUHK03's classic protocol: the expectation over all
                       draws, or the mean of N draws a query. Given by itself where the data set asks for it
  --verification       ROC figures of all pairs, TAR@FAR, and the open set
  --baselines          measures raw pixels and the untrained net too, where the run's own figures are of other data
  --out DIR            where report.json (every convention and query) and ranks.png go; default: the run's folder
  --json               prints report.json without its queries to standard output
  --dry-run            says what would be read and written, and how many pictures
  --help               prints this

Exit status: 0 evaluated, 1 something went wrong, 2 wrong use.`;

const OPTIONS = {
  ...EVALUATION_OPTIONS,
  data: { type: 'string' },
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  baselines: { type: 'boolean' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Queries that ranks.png shows. */
const SHOWN = 8;

/** What raw pixels and the untrained net reach, and where the figures are from. */
interface Baselines {
  readonly from: 'the run' | 'measured now' | 'not measured';
  readonly rawPixels: Metrics | null;
  readonly untrained: Metrics | null;
}

/** An evaluation, as report.json holds it. */
export interface EvaluationFile extends Metrics {
  readonly checkpoint: string;
  readonly recipe: string;
  readonly data: string;
  readonly adapter: string;
  readonly protocol: string;
  readonly averagePrecision: string;
  readonly invalidQueries: string;
  readonly distance: string;
  readonly queries: number;
  readonly validQueries: number;
  readonly gallery: number;
  readonly rawPixels: Metrics | null;
  readonly untrained: Metrics | null;
  readonly baselines: Baselines['from'];
  /** Names of the file and of the model that did not match. */
  readonly unmatched: readonly ImportRow[];
  readonly singleShot?: SingleShotResult;
  readonly report: EvaluationReport;
}

/**
 * The run's own figures of raw pixels and of the untrained net, which are by Market-1501's rule, where they are of this data: the
 * same `--data`, and as many queries and gallery pictures as the run counted.
 */
function baselinesOfRun(
  { run, recipe }: TrainedModel,
  data: string,
  { query, gallery }: ReidDataset,
  { protocol, distance }: EvaluationChoices,
): Baselines {
  const none: Baselines = { from: 'not measured', rawPixels: null, untrained: null };
  if (run?.facts.data !== data || protocol !== 'market1501') return none;
  if (JSON.stringify(run.facts.recipe.model) !== JSON.stringify(recipe.model)) return none;
  const folder = runFolderOf({ run, path: run.path } as TrainedModel);
  const counted = folder && new RunFolder(folder).readJson<{ queries?: number; gallery?: number }>('metrics.json');
  if (counted && (counted.queries !== query.length || counted.gallery !== gallery.length)) return none;
  const { rawPixels, untrained } = run.facts;
  return {
    from: 'the run',
    rawPixels,
    untrained: distance && distance !== recipe.evaluation.distance ? null : untrained,
  };
}

/** The first `k` ranks of the report's headline convention. */
function headlineOf({ means, averagePrecision, invalidQueries }: EvaluationReport): Metrics {
  const { mAP, cmc, mINP } = means[invalidQueries];
  const at = [1, 5, 10, 20].map((k) => [String(k), cmc[k - 1] ?? cmc.at(-1)!] as const);
  return { mAP: mAP[averagePrecision], cmc: Object.fromEntries(at), mINP };
}

interface Work {
  readonly trained: TrainedModel;
  readonly data: string;
  readonly dataset: ReidDataset;
  readonly choices: EvaluationChoices;
  readonly baselines: boolean;
}

async function evaluate(gpu: Gpu, { trained, data, dataset, choices, baselines }: Work): Promise<EvaluationFile> {
  const recipe = recipeFor(trained.recipe, choices);
  const context: EvaluationContext = { gpu, dataset, recipe, output: terminal };
  const distance = choices.distance ?? recipe.evaluation.distance;
  const model = trained.build();
  let beside = baselinesOfRun(trained, data, dataset, choices);
  if (baselines && beside.from === 'not measured') {
    const rawPixels = metricsOf(await evaluateRawPixels(context));
    terminal.write('the untrained net …\n');
    const untrained = trained.run ? metricsOf(await evaluateModel(model, context)) : null;
    beside = { from: 'measured now', rawPixels, untrained };
  }
  const unmatched = trained.load(model);
  const warning = sayUnmatched(trained.path, unmatched);
  if (warning) terminal.write(`${warning}\n`);
  const start = performance.now();
  const { query, gallery } = await retrievalSides(model, context);
  const pictures = choices.multiQuery ? await multiQueryPictures(dataset) : undefined;
  const multiQuery = pictures && {
    records: pictures.records,
    features: await modelFeatures(model, pictures.records, context),
  };
  const { expansion } = choices;
  const notes = {
    ...(pictures && { 'multi-query': `${pictures.records.length} pictures, ${pictures.from}` }),
    ...(expansion && { 'query expansion': { k: expansion.k ?? 5, alpha: expansion.alpha ?? 3 } }),
  };
  const seconds = { features: (performance.now() - start) / 1000 };
  const { report, singleShot } = await evaluateFeatures(gpu, query, gallery, {
    distance,
    protocol: choices.protocol,
    rerank: choices.rerank,
    expansion,
    multiQuery,
    draws: choices.draws ?? (dataset.protocol && !choices.rerank ? 'exact' : undefined),
    pairs: choices.verification,
    seconds,
    facts: {
      flip: recipe.evaluation.flip,
      feature: { name: recipe.model.kind ?? 'baseline', dimension: query.features.dimension },
      image: { width: recipe.input.width, height: recipe.input.height },
      data: { name: dataset.name },
      trainedOn: trained.run && trained.run.facts.data !== data ? trained.run.facts.data : undefined,
      checkpoint: { file: trained.path, sha256: await fileHash(trained.path) },
      notes: Object.keys(notes).length > 0 ? notes : undefined,
    },
  });
  return {
    ...headlineOf(report),
    rawPixels: beside.rawPixels,
    untrained: beside.untrained,
    baselines: beside.from,
    data,
    protocol: report.protocol,
    averagePrecision: report.averagePrecision,
    invalidQueries: report.invalidQueries,
    queries: report.queries,
    validQueries: report.valid,
    gallery: report.gallery,
    distance: report.facts.distance,
    checkpoint: trained.path,
    recipe: recipe.name,
    adapter: gpu.name,
    unmatched,
    singleShot,
    report,
  };
}

/** Draws some queries, from the best to the worst at even steps. */
function drawRanks({ report, ...file }: EvaluationFile, dataset: ReidDataset): Promise<Uint8Array> {
  const ranked = report.perQuery
    .filter(({ ap }) => ap !== null)
    .sort((a, b) => b.ap!.rect - a.ap!.rect || a.query - b.query);
  const lists = evenly(ranked, SHOWN).map(({ query, ap, nearest }) => ({
    query: dataset.query[query]!,
    note: `AP ${ap!.rect.toFixed(2)}`,
    nearest: nearest.map(({ gallery, distance, match }) => ({ record: dataset.gallery[gallery]!, distance, match })),
  }));
  const caption = `mAP ${(100 * file.mAP).toFixed(1)} %, rank-1 ${(100 * file.cmc['1']!).toFixed(1)} %; ${lists.length} of ${ranked.length} queries, from the best to the worst; right green, wrong red.`;
  const title = `${file.recipe} on ${file.data}`;
  return rankedPng(lists, (record) => dataset.read(record), { title, caption });
}

/** Raw pixels and the untrained net beside the model, or why not. */
function sayBaselines({ baselines, rawPixels, untrained, data }: EvaluationFile, isRun: boolean): string[] {
  if (baselines === 'not measured') return [`raw pixels: not measured on ${data} (--baselines measures them)`];
  const from = baselines === 'the run' ? '   (of the run, on the same data)' : '';
  const net = isRun ? ['untrained:  not measured by this distance'] : [];
  return [
    ...(rawPixels ? [`raw pixels: ${figures(rawPixels)}${from}`] : []),
    ...(untrained ? [`untrained:  ${figures(untrained)}${from}`] : net),
  ];
}

async function main(): Promise<number> {
  const args = withOptionalValues(process.argv.slice(2), OPTIONAL_VALUES);
  const { values, positionals } = readArguments(OPTIONS, args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('Give one run: node cli/evaluate.js RUN. See --help.');
  const choices = evaluationChoices(values);
  const trained = await openTrainedModel(positionals[0]!, { recipe: values.recipe, set: values.set });
  const data = values.data ?? trained.run?.facts.data;
  if (data === undefined) {
    throw new UsageError(
      `--data is missing: ${trained.path} does not say what it was trained with. Kinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}`,
    );
  }
  const dataset = await openTestData(data, choices.protocol);
  const out = values.out ?? runFolderOf(trained);
  const writes = out === undefined ? [] : ['report.json', 'ranks.png'].map((name) => join(out, name));
  if (values['dry-run']) {
    const { query, gallery } = dataset;
    const further = choices.multiQuery ? (await multiQueryPictures(dataset)).records.length : 0;
    const pictures = query.length + gallery.length + further;
    printIntention({ reads: [trained.title, dataset.name], pictures, writes }, values.json);
    return 0;
  }
  const folder = out === undefined ? undefined : new RunFolder(out);
  const gpu = await openGpu();
  try {
    terminal.write(`${describeDataset(dataset)}\n${trained.title} on ${gpu.name}\n`);
    const work = { trained, data, dataset, choices, baselines: values.baselines ?? false };
    const file = await evaluate(gpu, work);
    if (folder) {
      await folder.writeJson('report.json', file);
      await writeFileAtomically(folder.file('ranks.png'), await drawRanks(file, dataset));
    }
    if (values.json) {
      const { perQuery: _, ...report } = file.report;
      console.log(JSON.stringify({ ...file, report }));
    } else {
      console.log(`\n${evaluationText(file.report, file.singleShot, choices.verification)}`);
      if (dataset.protocol) console.log('published figures of this data set are by the single gallery shot');
      console.log(['', ...sayBaselines(file, trained.run !== undefined), `trained:    ${figures(file)}`].join('\n'));
    }
    for (const path of writes) terminal.write(`${path}\n`);
    terminal.write(
      `next: node cli/rank.js ${modelWords(positionals[0]!, values)} --data ${quoted(data)} --out ${quoted(out ?? 'ranked')}   (pictures of the worst queries)\n`,
    );
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('evaluate', main);

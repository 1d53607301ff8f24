import { join } from 'node:path';
import { allSplits } from '../datasets/all-splits.node.js';
import { describeDataset, type ReidDataset } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { recipes } from '../reid/recipes/index.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { readArguments, runCommand, terminal, UsageError } from './command.js';
import { printIntention } from './dry-run.js';
import { type EvaluationFile, evaluateTrained } from './evaluate-model.js';
import { evaluateSplits } from './evaluate-splits.js';
import { evaluateStored } from './evaluate-stored.js';
import {
  CONVENTIONS,
  DISTANCES,
  EVALUATION_OPTIONS,
  evaluationChoices,
  OPTIONAL_VALUES,
  PROTOCOLS,
} from './evaluation-options.js';
import { evaluationText } from './evaluation-text.js';
import { withOptionalValues } from './optional-values.js';
import { evenly, rankedPng } from './ranked-pictures.js';
import { quoted } from './shell-word.js';
import { FEATURE_FORMS } from './stored-features.js';
import { multiQueryPictures, openTestData } from './test-data.js';
import { modelWords, openTrainedModel, runFolderOf } from './trained-model.js';

const HELP = `node cli/evaluate.js RUN [--data DATA] [OPTIONS] [--out DIR] [--json]
node cli/evaluate.js FILE.pth --recipe RECIPE --data DATA [OPTIONS]
node cli/evaluate.js RUN RUN … [OPTIONS]
node cli/evaluate.js --features FEATURES [--labels FILE] [OPTIONS] [--out DIR] [--json]

Evaluates a trained model and prints every convention side by side: mAP in its three ways, CMC 1/5/10/20 and mINP, over the queries
with a match and, where it differs, over all of them.

  RUN                  the folder of a run, or its checkpoint.safetensors
  RUN RUN …            runs of several splits, each on its own data: every one, their mean and standard deviation
  FILE.pth             weights of an original system (PyTorch's, or safetensors), whose recipe is named:
                       ${[...recipes.keys()].join(', ')}
  --features FEATURES  features in place of a model and pictures, whoever computed them:
                       ${FEATURE_FORMS.replaceAll('\n', '\n                       ')}
  --labels FILE        who they show: a table with path, identity, camera and split, or JSON with a column each of "query" and "gallery"
  --recipe RECIPE      which recipe such a file belongs to; what of it did not match is told
  --set KEY=VALUE      changes the recipe, as --set input.height=384
  --data DATA          default: what the run was trained with; or another one, for cross-domain figures:
                       ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                       ')}
                       split=all tests on every split of cuhk03 (classic), cuhk01, prid2011, ilidsvid or prid2011-video, and averages
  --protocol NAME      what a query leaves out of the gallery (junk besides), or how figures are counted:
                       ${Object.entries({ ...PROTOCOLS, ...CONVENTIONS })
                         .map(([name, about]) => `${name.padEnd(20)} ${about}`)
                         .join('\n                       ')}
  --distance NAME      ${Object.keys(DISTANCES).join(', ')}; default: the recipe's
  --flip               averages the features of each picture and its mirror image
  --spatial-temporal [BINS,SIGMA]   fuses features with the time from camera to camera, learnt from the data set's training pictures
                       (st-ReID): bins of 100 frames, smoothed by SIGMA of them. Default 5000,50. By the trapezoid over all queries in papers
  --clips MODE[,MOST]  of models of clips: dense (all frames; MOST + 1 clips at most), test (MOST frames spread), random (one clip)
  --tracklets mean|max of models of pictures: ranks tracklets, by the mean or maximum of the features of their frames
  --multi-query        each query is the mean of all pictures of its identity in its camera: of gt_bbox where Market-1501 has it
  --query-expansion [K,ALPHA]   averages each feature with its K nearest, weighed by cosine to the power ALPHA. Default 5,3
  --rerank [K1,K2,LAMBDA]       re-ranks by k-reciprocal encoding. Default 20,6,0.3
  --rerank-form FORM   authors (default); faiss, as SpCL, Cluster-Contrast and fast-reid encode; squared, the authors' fed with
                       squared distances, which it squares again: torchreid's and layumi's figures
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
  features: { type: 'string' },
  labels: { type: 'string' },
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
  const { features, labels, out: place, json, 'dry-run': dryRun } = values;
  if (features === undefined && positionals.length === 0) {
    throw new UsageError('Give one run: node cli/evaluate.js RUN, or --features FEATURES. See --help.');
  }
  const choices = evaluationChoices(values, true);
  if (features !== undefined) {
    const needless = (['data', 'recipe', 'set', 'baselines'] as const).find((option) => values[option] !== undefined);
    if (needless ?? positionals[0]) {
      throw new UsageError(
        `--features takes the place of model and pictures: leave out ${needless ? `--${needless}` : positionals[0]}.`,
      );
    }
    return evaluateStored(choices, { features, labels, out: place, json, dryRun });
  }
  if (labels !== undefined) throw new UsageError('--labels goes with --features.');
  const places = values.data === undefined ? [undefined] : allSplits(values.data);
  if (positionals.length > 1 || places.length > 1) {
    if (values.baselines) throw new UsageError('--baselines is for one run at a time.');
    const tasks = positionals.flatMap((run) => places.map((split) => ({ place: run, data: split })));
    return evaluateSplits(tasks, choices, { recipe: values.recipe, set: values.set, out: place, json, dryRun });
  }
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
    const { file, ranked } = await evaluateTrained(gpu, work);
    if (folder) {
      await folder.writeJson('report.json', file);
      await writeFileAtomically(folder.file('ranks.png'), await drawRanks(file, ranked));
    }
    if (values.json) {
      const { perQuery: _, ...report } = file.report;
      console.log(JSON.stringify({ ...file, report }));
    } else {
      console.log(`\n${evaluationText(file.report, { ...file, verification: choices.verification })}`);
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

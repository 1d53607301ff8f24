import { existsSync, readFileSync } from 'node:fs';
import type { ReidDataset } from '../datasets/index.js';
import { DATASET_KINDS } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import type { ReidModel } from '../reid/models/model.js';
import { isGCL, isUnsupervised, overrideRecipe, type Recipe, recipeCalled } from '../reid/recipes/index.js';
import type { Rung } from '../reid/search/halving.js';
import { changesOf, parseSearchKey, RANGE_FORMS, type SearchKey } from '../reid/search/range.js';
import { rungsOf, runSearch, type SearchPlan, trialCheckpoint } from '../reid/search/search.node.js';
import { drawSettings, joinSpaces, parseSpaceFile, SPACES, spaceCalled } from '../reid/search/space.js';
import { validationSplit } from '../reid/search/validation-split.js';
import { evaluateModel } from '../reid/training/evaluation.js';
import { type Metrics, metricsOf } from '../reid/training/retrieval.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { openMended, openUsable, readArguments, runCommand, terminal, UsageError, wholeNumber } from './command.js';
import { type InitialWeights, readInitialWeights } from './initial-weights.js';
import { type FilePlan, type SearchSummary, writeResults } from './search-results.js';
import { quoted } from './shell-word.js';
import { stopSignal } from './train-plan.js';
import { openTrainedModel } from './trained-model.js';

const HELP = `node cli/search.js RECIPE --data DATA --space KEY=RANGE|FILE|NAME … [--trials N] [--out DIR] [OPTIONS]
node cli/search.js --resume --out DIR

Searches for a recipe's best settings: random search with successive halving. Every trial is trained for a few epochs, the best
1/eta of them go on from where they are for eta times as many, and so on until a few are trained to the end. The same seed on
the same adapter finds the same.

Settings are chosen by mAP on a validation split: identities of the TRAINING set, held out. No picture and no label of the test
set is used. The command that is printed at the end trains the best setting on all training identities and evaluates it on the
test set; --test evaluates the best trial on it, once.

  RECIPE            a recipe that trains with labels: node cli/list.js recipes
  --data DATA       ${Object.keys(DATASET_KINDS).join(', ')}: see node cli/train.js --help
  --space SPACE     a key of the recipe with its range, a file of such lines (# begins a comment), or a named space
                    (${Object.keys(SPACES).join(', ')}). May be given several times; of one key the last range counts. Ranges:
                    ${RANGE_FORMS},
                    as --space optimiser.lr=log:1e-4..1e-2 --space loss.margin=0.1..0.5 --space 'schedule.kind=cosine|constant'
  --trials N        settings that are tried; default 16
  --set KEY=VALUE   changes the recipe for all trials, as --set epochs=27
  --weights FILE    weights that every trial begins with, as of node cli/train.js; may be repeated. --trunk as there
  --eta N           of so many trials one goes on; default 3
  --rungs N         how often trials are compared, the end included; default: as often as trials and epochs allow. 1: no halving
  --validation S    share of the training identities that is held out; default 0.2
  --seed N          of the settings, the split and every training; default 1
  --out DIR         where results.json, table.csv, search.png, search.html and the best trial's checkpoint go; default
                    runs/search-RECIPE-DATE-TIME
  --resume          goes on with the search in DIR; a larger --trials adds trials to it
  --test            evaluates the best trial on the test set at the end
  --dry-run         prints the settings that would be tried, each checked, and ends
  --json            prints what was found to standard output as JSON
  --help            prints this

Ctrl-C saves the trial that runs; --resume goes on, after a kill too. Trials whose training diverges count as the worst.
Exit status: 0 found, 1 something went wrong, 2 wrong use, 130 stopped.`;

const OPTIONS = {
  data: { type: 'string' },
  space: { type: 'string', multiple: true },
  trials: { type: 'string' },
  set: { type: 'string', multiple: true },
  weights: { type: 'string', multiple: true },
  trunk: { type: 'string' },
  eta: { type: 'string' },
  rungs: { type: 'string' },
  validation: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
  resume: { type: 'boolean' },
  test: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

/** What search.json holds: the plan, how large its data was, and the files of weights. */
type SavedPlan = FilePlan & {
  readonly pictures: number;
  readonly identities: number;
  readonly began?: InitialWeights['facts'];
};

const PLAN = 'search.json';

const stamp = (): string => new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');

function keysOf(texts: readonly string[]): SearchKey[] {
  const lists = texts.map((text) => {
    if (existsSync(text)) return parseSpaceFile(readFileSync(text, 'utf8'), text);
    return text.includes('=') ? [parseSearchKey(text)] : spaceCalled(text);
  });
  return joinSpaces(lists);
}

function searchable(name: string, changes: readonly string[]): Recipe {
  const recipe = recipeCalled(name);
  if (isUnsupervised(recipe) || isGCL(recipe)) {
    throw new UsageError(
      `${name} trains without labels, and a search needs those of the training set. Recipes with labels: baseline, rga, apnet …`,
    );
  }
  return overrideRecipe(recipe, changes);
}

function newPlan(name: string, values: Values): FilePlan {
  const { data, set = [], space = [] } = values;
  if (!data) throw new UsageError('--data is missing, as --data synthetic.');
  if (space.length === 0) {
    throw new UsageError(
      '--space is missing: what to search over, as --space optimiser.lr=log:1e-4..1e-2. See --help.',
    );
  }
  const validation = Number(values.validation ?? 0.2);
  if (!(validation > 0 && validation < 1)) {
    throw new UsageError(`--validation must be a share between 0 and 1, not "${values.validation}".`);
  }
  const recipe = searchable(name, set);
  const keys = keysOf(space);
  const seed = wholeNumber('seed', values.seed, 1);
  const trials = wholeNumber('trials', values.trials, 16);
  if (trials < 1) throw new UsageError('--trials must be at least 1.');
  return {
    recipe,
    set,
    data,
    seed,
    keys,
    settings: drawSettings(recipe, keys, { seed, trials }),
    eta: wholeNumber('eta', values.eta, 3),
    rungs: values.rungs === undefined ? undefined : wholeNumber('rungs', values.rungs, 1),
    validation,
    files: { weights: values.weights, trunk: values.trunk },
  };
}

function resumedPlan(values: Values): SavedPlan {
  const { out } = values;
  if (!out) throw new UsageError('--resume needs the folder of the search: --resume --out DIR.');
  const saved = existsSync(out) ? new RunFolder(out).readJson<SavedPlan>(PLAN) : undefined;
  if (!saved) throw new UsageError(`--resume: ${out} holds no search (no ${PLAN}). Start one without --resume.`);
  const before = saved.settings.length;
  const trials = wholeNumber('trials', values.trials, before);
  if (trials === before) return saved;
  if (trials < before) {
    throw new UsageError(`--trials ${trials}: the search in ${out} has ${before} already; trials can only be added.`);
  }
  const { recipe, keys, seed } = saved;
  const settings = [...saved.settings, ...drawSettings(recipe, keys, { seed, trials }).slice(before)];
  // Further trials change who goes on, not how often they are compared.
  return { ...saved, settings, rungs: rungsOf(saved).length };
}

/** Settings and rungs as text. */
function printPlan({ settings }: SearchPlan, rungs: readonly Rung[], json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ dryRun: true, rungs, settings }, null, 2));
    return;
  }
  console.log(rungs.map(({ trials, epochs }) => `${trials} trials to epoch ${epochs}`).join('\n'));
  for (const [i, setting] of settings.entries()) console.log(`trial ${i + 1}: ${changesOf(setting).join(' ')}`);
}

/** The best trial on the test set; what was measured once stays. */
async function testBest(folder: RunFolder, { best }: SearchSummary, test: ReidDataset): Promise<Metrics | undefined> {
  if (!best) return undefined;
  const known = folder.readJson<Metrics & { readonly trial: number }>('test.json');
  if (known?.trial === best.trial) return known;
  const trained = await openTrainedModel(trialCheckpoint(folder, best.trial));
  const model = trained.build();
  trained.load(model);
  const gpu = model.parameters()[0]!.gpu;
  const result = await evaluateModel(model, { gpu, dataset: test, recipe: trained.recipe, output: terminal });
  const metrics = { ...metricsOf(result), trial: best.trial, protocol: result.protocol };
  await folder.writeJson('test.json', metrics);
  return metrics;
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { resume = false } = values;
  const fixed = (['data', 'space', 'set', 'weights', 'trunk', 'eta', 'rungs', 'validation', 'seed'] as const).filter(
    (name) => values[name],
  );
  if (resume && (positionals.length > 0 || fixed.length > 0)) {
    throw new UsageError(
      '--resume takes all from the search in DIR; give --out DIR alone (and --trials, to add some).',
    );
  }
  if (!resume && positionals.length !== 1)
    throw new UsageError('Give one recipe: node cli/search.js RECIPE …. See --help.');
  const plan = resume ? resumedPlan(values) : newPlan(positionals[0]!, values);
  let rungs: readonly Rung[];
  try {
    rungs = rungsOf(plan);
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}.`);
  }
  if (values['dry-run']) {
    printPlan(plan, rungs, values.json ?? false);
    return 0;
  }
  const out = values.out ?? `runs/search-${plan.recipe.name}-${stamp()}`;
  const whole = values.test ? await openUsable(plan.data) : await openMended(plan.data);
  const dataset = validationSplit(whole, { share: plan.validation, seed: plan.seed });
  const folder = new RunFolder(out);
  if (!resume && folder.readJson(PLAN)) {
    throw new UsageError(
      `${out} already holds a search. Go on with it by --resume --out ${quoted(out)}, or choose another --out.`,
    );
  }
  const size = { pictures: whole.train.length, identities: whole.identities };
  const saved = resume ? (plan as SavedPlan) : undefined;
  if (saved && (saved.pictures !== size.pictures || saved.identities !== size.identities)) {
    throw new UsageError(
      `The search was begun on ${saved.pictures} training pictures of ${saved.identities} identities, ${plan.data} has ` +
        `${size.pictures} of ${size.identities}. Was the data changed? Begin a new search.`,
    );
  }
  const initial = await readInitialWeights(plan.recipe, plan.files ?? {});
  const changed = initial?.facts.find(({ sha256 }, i) => saved && saved.began?.[i]?.sha256 !== sha256);
  if (changed)
    throw new UsageError(`${changed.file} is not what the search began with. Put it back, or begin a new search.`);
  await folder.goOnAfter(-1);
  await folder.writeJson(PLAN, { ...plan, ...size, began: initial?.facts });
  const gpu = await openGpu();
  try {
    const held = new Set(dataset.gallery.map(({ identity }) => identity)).size;
    terminal.write(
      `${plan.recipe.name} (seed ${plan.seed}) on ${dataset.train.length} pictures of ${dataset.identities} identities, judged by ` +
        `${dataset.query.length} queries of ${held} others of the training set; ${gpu.name} → ${out}\n` +
        `${plan.settings.length} trials: ${rungs.map(({ trials, epochs }) => `${trials} to epoch ${epochs}`).join(', ')}\n`,
    );
    const silent = initial && { ...initial, begin: (model: ReidModel) => initial.begin(model, true) };
    const result = await runSearch({
      gpu,
      plan,
      dataset,
      initial: silent,
      folder,
      output: terminal,
      signal: stopSignal(),
    });
    if (!result) {
      terminal.write(`stopped. Go on with: node cli/search.js --resume --out ${quoted(out)}\n`);
      return 130;
    }
    const summary = await writeResults(folder, plan, result, gpu.name);
    const { best, command, table, outcomes, files } = summary;
    const test = values.test ? await testBest(folder, summary, whole) : undefined;
    if (values.json) {
      console.log(JSON.stringify({ best, command, test, outcomes }, null, 2));
    } else {
      console.log(table.join('\n'));
      if (test) console.log(`the best trial on the test set: ${figures(test)}`);
      if (command) console.log(`the best setting, on all training identities:\n  ${command}`);
    }
    for (const path of files) terminal.write(`${path}\n`);
    if (!best) {
      terminal.write('Every trial diverged. Search lower learning rates.\n');
      return 1;
    }
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('search', main);

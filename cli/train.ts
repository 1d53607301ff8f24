import { existsSync } from 'node:fs';
import { describeDataset, hasTracklets, type ReidDataset } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import {
  type AnyRecipe,
  fitRecipe,
  isGCL,
  isUnsupervised,
  overrideRecipe,
  type Recipe,
  recipeCalled,
  recipes,
} from '../reid/recipes/index.js';
import { readCheckpoint } from '../reid/training/checkpoint.node.js';
import { figures, trainRun } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { openUsable, readArguments, runCommand, terminal, UsageError, wholeNumber } from './command.js';
import { withOptionFile } from './fgreid-option-file.js';
import { type InitialFiles, readInitialWeights } from './initial-weights.js';
import { parameterReport } from './parameter-report.js';
import { trainGCLRun } from './train-gcl.js';
import { needEmpty, type Plan, stopSignal } from './train-plan.js';
import { trainWithoutLabels } from './train-unsupervised.js';

const HELP = `node cli/train.js [RECIPE] --data DATA [--out DIR] [--set KEY=VALUE …] [--seed N]
node cli/train.js --resume --out DIR

Trains a re-identification model and evaluates it. DIR gets the recipe, a log, a checkpoint, metrics.json and ranks.png.
The recipes gam…, cluster-contrast… and gcl… train without labels: on the pictures of any data set, or on all below folder:DIR. DIR then
gets clusters.json and clusters.png too, the groups that were found.

  RECIPE            default baseline:
${[...recipes.values()].map(({ name, about }) => `                      ${name.padEnd(15)} ${about}`).join('\n')}
  --data DATA       ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                    ')}
  --out DIR         default runs/RECIPE-DATE-TIME
  --set KEY=VALUE   changes the recipe, as --set epochs=5 --set optimiser.lr=0.001; see --print
  --options FILE    of fgreid…: an option file of the released code, [section] and lines of key = value: alpha, sigma, l, gamma,
                    margin, beta_ratio, and if given var_weight, lsr_weight, lcn_weight, weight_decay; before --set
  --section NAME    the section of FILE, where it has several
  --structure MAPS  of gcl…: whose maps its generator draws from: toy (default for toy-walkers), walker, keypoints:FILE, maps:DIR, mesh:DIR
  --weights FILE    weights to begin with, may be repeated: a run, a file of the original system, or ImageNet's of a ResNet;
                    classifiers begin anew. Of gcl…: a run of gcl… or cluster-contrast, or a .pth of an encoder, gen or dis
  --trunk NAME      of fgreid…: base or base_mars; of the last FILE only this trunk, into the second one
  --seed N          default 1; the same seed on the same adapter gives the same bits
  --resume          goes on with the run in DIR from its last checkpoint, to the same bits as if it had never stopped
  --profile         times a few steps kernel by kernel first; leaves profile.txt and trace.json in DIR
  --print           prints the resolved recipe and ends
  --report-parameters  prints how many numbers the recipe's model trains, and ends; of gam beside what its paper counts
  --json            prints metrics.json to standard output at the end
  --help            prints this

Ctrl-C saves a checkpoint and ends; --resume goes on.`;

const OPTIONS = {
  data: { type: 'string' },
  out: { type: 'string' },
  set: { type: 'string', multiple: true },
  options: { type: 'string' },
  section: { type: 'string' },
  seed: { type: 'string' },
  resume: { type: 'boolean' },
  profile: { type: 'boolean' },
  print: { type: 'boolean' },
  'report-parameters': { type: 'boolean' },
  structure: { type: 'string' },
  weights: { type: 'string', multiple: true },
  trunk: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The same with its data set. */
interface LabelledPlan extends Plan<Recipe> {
  readonly dataset: ReidDataset;
  readonly folder: RunFolder;
}

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

const stamp = (): string => new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');

/** A new run, of which nothing is written yet. */
function newPlan(recipe: AnyRecipe, values: Values): Plan {
  const { data } = values;
  if (!data) {
    throw new UsageError(
      `--data is missing. Kinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}\nNothing at hand? --data synthetic`,
    );
  }
  const seed = wholeNumber('seed', values.seed, 1);
  return { recipe, data, seed, out: values.out ?? `runs/${recipe.name}-${stamp()}` };
}

/** Opens the data of a run with labels, and checks that it is what the run was trained on. */
async function withData(plan: Plan<Recipe>): Promise<LabelledPlan> {
  const { recipe, data, out, checkpoint } = plan;
  const dataset = await openUsable(data);
  const folder = new RunFolder(out);
  if (!checkpoint) {
    needEmpty(folder);
    const { recipe: fitted, note } = fitRecipe(recipe, dataset.identities);
    if (note) terminal.write(`${note}\n`);
    if (recipe.clips && !hasTracklets(dataset)) {
      terminal.write(
        `note: ${data} has no tracklets: every picture is a clip of itself. Recipes of pictures suit it better.\n`,
      );
    }
    return { ...plan, recipe: fitted, dataset, folder };
  }
  if (checkpoint.facts.identities !== dataset.identities) {
    throw new UsageError(
      `The run was trained on ${checkpoint.facts.identities} identities, ${data} has ${dataset.identities}. Was the data changed?`,
    );
  }
  return { ...plan, dataset, folder };
}

/** The run of a folder, from its checkpoint or, if it was stopped before there was one, from the beginning. */
async function resumedPlan(values: Values): Promise<Plan> {
  const { out } = values;
  if (!out) throw new UsageError('--resume needs the folder of the run: --resume --out DIR.');
  if (!existsSync(out)) throw new UsageError(`--resume: there is no folder ${out}.`);
  const folder = new RunFolder(out);
  const checkpoint = folder.hasCheckpoint ? await readCheckpoint(folder.checkpoint) : undefined;
  const written = folder.readJson<Pick<Plan, 'recipe' | 'data' | 'seed'> & InitialFiles>('recipe.json');
  const saved = checkpoint?.facts ?? written;
  if (!saved) {
    throw new UsageError(
      `--resume: ${out} holds no run (neither checkpoint.safetensors nor recipe.json). Start one without --resume.`,
    );
  }
  const recipe = overrideRecipe(saved.recipe, values.set ?? []);
  const files = written && { weights: written.weights, trunk: written.trunk };
  return { recipe, data: values.data ?? saved.data, seed: saved.seed, out, checkpoint, files };
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length > 1)
    throw new UsageError(`One recipe, not ${positionals.length}: ${positionals.join(' ')}. See --help.`);
  if (values.resume && (positionals.length > 0 || values.seed)) {
    throw new UsageError(
      '--resume takes recipe and seed from the run; give --out DIR alone (and --set, to change it from here on).',
    );
  }
  if (values.resume && (values.options || values.section))
    throw new UsageError('--resume goes on with the run’s own recipe; change it by --set, not by --options.');
  if (values.section && !values.options)
    throw new UsageError('--section says what is read of a file: give --options FILE too.');
  const named = recipeCalled(positionals[0] ?? 'baseline');
  const begun = values.options ? await withOptionFile(named, values.options, values.section) : named;
  const recipe = overrideRecipe(begun, values.resume ? [] : (values.set ?? []));
  if (values.print) {
    console.log(JSON.stringify(recipe, null, 2));
    return 0;
  }
  if (values['report-parameters']) {
    console.log(await parameterReport(recipe, values.json));
    return 0;
  }
  if (values.resume && values.trunk)
    throw new UsageError('--resume goes on from the run’s own weights; leave out --trunk.');
  if (!values.resume && !isGCL(recipe) && values.structure) {
    throw new UsageError('--structure belongs to the recipes gcl…; leave it out.');
  }
  const { recipe: chosen, ...rest } = values.resume ? await resumedPlan(values) : newPlan(recipe, values);
  if ((isUnsupervised(chosen) || isGCL(chosen)) && values.profile) {
    throw new UsageError('--profile times recipes that train with labels; leave it out.');
  }
  if (isGCL(chosen)) {
    const { structure, weights, json } = values;
    return await trainGCLRun({ ...rest, recipe: chosen }, { structure, weights, json });
  }
  if (rest.checkpoint && values.weights) {
    throw new UsageError('--resume goes on from the run’s own weights; leave out --weights.');
  }
  const files = values.resume ? (rest.files ?? {}) : { weights: values.weights, trunk: values.trunk };
  const initial = rest.checkpoint ? undefined : await readInitialWeights(chosen, files);
  if (isUnsupervised(chosen)) {
    return await trainWithoutLabels({ ...rest, recipe: chosen, files }, { initial, json: values.json });
  }
  const plan = await withData({ ...rest, recipe: chosen });
  const { folder, dataset } = plan;
  await folder.writeJson('recipe.json', { recipe: plan.recipe, data: plan.data, seed: plan.seed, ...files });
  const gpu = await openGpu();
  try {
    terminal.write(
      `${describeDataset(dataset)}\n${plan.recipe.name} (seed ${plan.seed}) on ${gpu.name} → ${folder.path}\n`,
    );
    const run = { gpu, ...plan, initial, output: terminal, profile: values.profile, signal: stopSignal() };
    const metrics = await trainRun(run);
    if (!metrics) {
      terminal.write(`stopped. Go on with: node cli/train.js --resume --out ${folder.path}\n`);
      return 130;
    }
    terminal.write(
      `raw pixels: ${figures(metrics.rawPixels)}\nuntrained:  ${figures(metrics.untrained)}\ntrained:    ${figures(metrics)}\n`,
    );
    terminal.write(`${folder.file('metrics.json')}\n${folder.file('ranks.png')}\n`);
    terminal.write(`next: node cli/evaluate.js ${folder.path}\n`);
    if (values.json) console.log(JSON.stringify(metrics));
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('train', main);

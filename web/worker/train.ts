import type { ReidDataset } from '../../datasets/index.js';
import { manualSeed } from '../../engine/index.js';
import {
  type AnyRecipe,
  fitRecipe,
  isGCL,
  isUnsupervised,
  overrideRecipe,
  type Recipe,
  recipeCalled,
  recipes,
} from '../../reid/recipes/index.js';
import { type RunFacts as CheckpointFacts, restore } from '../../reid/training/checkpoint.js';
import { type EvaluationContext, evaluateModel, evaluateRawPixels } from '../../reid/training/evaluation.js';
import { buildModel } from '../../reid/training/model.js';
import { type Needs, recipeNeeds } from '../../reid/training/needs.js';
import type { ProgressOutput } from '../../reid/training/progress.js';
import { type Metrics, metricsOf } from '../../reid/training/retrieval.js';
import { Trainer } from '../../reid/training/trainer.js';
import { dataOf, type OpenData, runData, withoutPictures } from './data.js';
import { type Handler, type Job, PageError } from './job.js';
import { alone, gpuOf } from './machine.js';
import { apart } from './models.js';
import { type Prepared, prepare } from './prepare.js';
import { checkRunName, type RunPlan, readLog, readRun, runFile } from './runs.js';
import { shelvedData } from './shelf.js';
import { isStored, storedJson, storeJson } from './storage.js';
import { control, controlCalls, wanted } from './training-control.js';
import { makeSteps, Run, type TrainEvent } from './training-run.js';

/** What is to be trained, and how. */
export interface TrainInput {
  /** The run's name in this page. */
  readonly run: string;
  /** Of an open data set; a run that goes on may find its own. */
  readonly data?: string;
  readonly recipe: string;
  /** Changes to the recipe: `epochs=5`. */
  readonly changes: readonly string[];
  readonly seed: number;
  /** Goes on with the run of that name. */
  readonly resume?: boolean;
}

export interface TrainResult {
  readonly finished: boolean;
  readonly step: number;
  readonly metrics?: Metrics;
}

function labelled(recipe: AnyRecipe): Recipe {
  if (isUnsupervised(recipe) || isGCL(recipe)) {
    throw new PageError(`${recipe.name} trains without labels; here are the recipes that train with them.`);
  }
  if (recipe.clips) {
    throw new PageError(
      `${recipe.name} trains on clips of video; this page trains on pictures. The command line trains both.`,
    );
  }
  return recipe;
}

/** A recipe as it would be trained, what it takes, and what was changed to fit. */
export interface TrainPlan {
  readonly recipe: Recipe;
  readonly note?: string;
  readonly needs?: Needs;
  /** Training steps of an epoch, about. */
  readonly steps: number;
}

const planTraining: Handler<
  { readonly data: string; readonly recipe: string; readonly changes: readonly string[] },
  TrainPlan
> = async ({ data, recipe: name, changes }) => {
  const { dataset } = dataOf(data);
  const { recipe, note } = fitRecipe(labelled(overrideRecipe(recipeCalled(name), changes)), dataset.identities);
  const gpu = await gpuOf().catch(() => undefined);
  const needs = gpu && apart(() => recipeNeeds(recipe, dataset.identities, gpu));
  const { sampler } = recipe;
  const each =
    'cover' in sampler && sampler.cover === 'images'
      ? dataset.train.length / (sampler.identities * sampler.images)
      : dataset.identities / sampler.identities;
  return { recipe, note, needs, steps: Math.max(1, Math.floor(each)) };
};

/** Opens the run's data and makes its pictures small; those that cannot be read are left out. */
async function withPictures(
  data: OpenData,
  recipe: Recipe,
  { tell }: Job<TrainEvent>,
): Promise<{ readonly data: OpenData; readonly prepared: Prepared }> {
  const shrink = (dataset: ReidDataset) =>
    prepare(
      dataset,
      recipe.input,
      (done, total) => tell({ kind: 'doing', words: `Making pictures small: ${done} of ${total}`, done, total }),
      control.preparing.signal,
    );
  const prepared = await shrink(data.dataset);
  if (prepared.broken.size === 0) return { data, prepared };
  const [first] = prepared.broken.values();
  await prepared.store.close();
  const left = await withoutPictures(data, [...prepared.broken.keys()]);
  tell({ kind: 'note', words: `${prepared.broken.size} pictures cannot be read and are left out, first: ${first}` });
  return { data: left, prepared: await shrink(left.dataset) };
}

/** The data set as its small copies, so that photographs are not decoded once more. */
const smallCopies = (dataset: ReidDataset, { store: pictures, size }: Prepared): ReidDataset => ({
  ...dataset,
  onDisk: false,
  read: async (record) => ({ width: size.width, height: size.height, data: await pictures.get(record) }),
});

async function trainAlone(input: TrainInput, job: Job<TrainEvent>): Promise<TrainResult> {
  const { tell } = job;
  control.wanted = 'run';
  control.preparing = new AbortController();
  const name = input.resume ? input.run : checkRunName(input.run);
  tell({ kind: 'doing', words: 'Getting ready …' });
  const gpu = await gpuOf();
  const checkpoint =
    input.resume && (await isStored(runFile(name, 'checkpoint.safetensors'))) ? await readRun(name) : undefined;
  if (!input.resume && (await isStored(runFile(name, 'recipe.json')))) {
    throw new PageError(`There is a run called ${name} already. Choose another name, or go on with it below.`);
  }
  const begun = input.resume ? await storedJson<RunPlan>(runFile(name, 'recipe.json')) : undefined;
  const chosen = overrideRecipe(checkpoint?.facts.recipe ?? begun?.recipe ?? recipeCalled(input.recipe), input.changes);
  const found = input.data === undefined ? await runData(name) : dataOf(input.data);
  const { data, prepared } = await withPictures(found, labelled(chosen), job);
  const { dataset, spec } = data;
  if (wanted() === 'stop') {
    await prepared.store.close();
    return { finished: false, step: 0 };
  }
  if (checkpoint && checkpoint.facts.identities !== dataset.identities) {
    throw new PageError(
      `The run ${name} was trained on ${checkpoint.facts.identities} identities, ${dataset.name} has ${dataset.identities}. Choose the pictures that it began with.`,
    );
  }
  const { recipe, note } = fitRecipe(labelled(chosen), dataset.identities);
  if (note) tell({ kind: 'note', words: note });
  const seed = checkpoint?.facts.seed ?? input.seed;
  manualSeed(seed);
  const trainer = new Trainer({
    gpu,
    dataset,
    recipe,
    seed,
    model: buildModel(recipe, dataset.identities),
    store: prepared.store,
  });
  const output: ProgressOutput = {
    isTerminal: true,
    write: (text) => text.trim() && tell({ kind: 'doing', words: text.trim() }),
  };
  const context: EvaluationContext = { gpu, dataset, recipe, output, store: prepared.store };
  let run: Run | undefined;
  try {
    await storeJson(runFile(name, 'recipe.json'), { recipe, data: spec, seed });
    if (prepared.shelf)
      await storeJson(runFile(name, 'data.json'), shelvedData(prepared.shelf, prepared.size, dataset));
    let facts: CheckpointFacts = { recipe, data: spec, seed, identities: dataset.identities };
    if (checkpoint) {
      restore(trainer, checkpoint);
      facts = { ...checkpoint.facts, recipe, data: spec };
      if (facts.rawPixels && facts.untrained)
        tell({ kind: 'before', rawPixels: facts.rawPixels, untrained: facts.untrained });
    } else {
      tell({ kind: 'doing', words: 'Measuring what the pictures’ own pixels reach …' });
      const rawPixels = metricsOf(await evaluateRawPixels({ ...context, dataset: smallCopies(dataset, prepared) }));
      const untrained = metricsOf(await evaluateModel(trainer.model, context));
      if (wanted() === 'stop') return { finished: false, step: 0 };
      facts = { ...facts, rawPixels, untrained };
      tell({ kind: 'before', rawPixels, untrained });
      await gpu.trim();
    }
    const log = checkpoint ? (await readLog(name)).filter(({ step }) => step <= trainer.step) : [];
    tell({ kind: 'begins', recipe, step: trainer.step, log });
    run = new Run(job, { gpu, name, trainer, facts, log, before: checkpoint?.seconds ?? 0 });
    await makeSteps(run, trainer, context, seed, job);
    if (wanted() === 'stop') return { finished: false, step: trainer.step };
    tell({ kind: 'doing', words: 'Evaluating …' });
    const result = await evaluateModel(trainer.model, context);
    const metrics = metricsOf(result);
    tell({ kind: 'evaluated', step: trainer.step, epoch: recipe.epochs, metrics });
    await storeJson(runFile(name, 'metrics.json'), {
      ...metrics,
      rawPixels: facts.rawPixels,
      untrained: facts.untrained,
      queries: result.queries,
      validQueries: result.valid,
      gallery: result.gallery,
      protocol: result.protocol,
      averagePrecision: result.averagePrecision,
      distance: recipe.evaluation.distance,
      steps: trainer.step,
      seconds: Math.round(10 * run.seconds) / 10,
      adapter: gpu.name,
    });
    return { finished: true, step: trainer.step, metrics };
  } catch (error) {
    throw saved(error, name, run?.savedStep ?? (checkpoint ? trainer.step : -1));
  } finally {
    if (gpu.healthy) await trainer.close();
    await prepared.store.close();
  }
}

/** The error with what is left of the run. */
function saved(error: unknown, name: string, step: number): unknown {
  if (!(error instanceof Error) || step < 0) return error;
  return Object.assign(
    new PageError(`${error.message}\nThe run ${name} is saved as it was after step ${step}: go on with it from there.`),
    { cause: error },
  );
}

const train: Handler<TrainInput, TrainResult, TrainEvent> = (input, job) =>
  alone('training', () => trainAlone(input, job));

/** The recipes that train on pictures with labels. */
const trainRecipes: Handler<void, Recipe[]> = async () =>
  [...recipes.values()].filter(
    (recipe): recipe is Recipe => !isUnsupervised(recipe) && !isGCL(recipe) && !recipe.clips,
  );

export const trainCalls = { trainRecipes, planTraining, train, ...controlCalls };

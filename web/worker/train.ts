import type { ReidDataset } from '../../datasets/index.js';
import { type Gpu, GpuError, manualSeed } from '../../engine/index.js';
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
import { type Checkpoint, type RunFacts as CheckpointFacts, restore } from '../../reid/training/checkpoint.js';
import { type EvaluationContext, evaluateModel, evaluateRawPixels } from '../../reid/training/evaluation.js';
import { buildModel } from '../../reid/training/model.js';
import { type Needs, recipeNeeds } from '../../reid/training/needs.js';
import { type Metrics, metricsOf } from '../../reid/training/retrieval.js';
import { Trainer } from '../../reid/training/trainer.js';
import { RunClock, trainingLoop } from '../../reid/training/training-loop.js';
import { counted } from '../words.js';
import { dataOf, type OpenData, runData, withoutPictures } from './data.js';
import { type Handler, isAbort, type Job, PageError } from './job.js';
import { alone, gpuOf } from './machine.js';
import { apart } from './models.js';
import { type Prepared, prepare } from './prepare.js';
import { checkRunName, type RunPlan, readLog, readRun, runFile } from './runs.js';
import { shelvedData } from './shelf.js';
import { isStored, storedJson, storeJson } from './storage.js';
import { control, controlCalls, wanted } from './training-control.js';
import { PageHost, type TrainEvent } from './training-run.js';

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

/** @throws PageError where a tensor is larger than the GPU binds, with a batch that is not too large */
function needsOn(gpu: Gpu, recipe: Recipe, identities: number): Needs {
  const needs = (one: Recipe): Needs => apart(() => recipeNeeds(one, identities, gpu));
  try {
    return needs(recipe);
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    const fits = (batch: number): boolean => {
      try {
        needs(overrideRecipe(recipe, [`sampler.identities=${batch}`, `evaluation.batch=${batch * images}`]) as Recipe);
        return true;
      } catch {
        return false;
      }
    };
    const { images } = recipe.sampler;
    let batch = recipe.sampler.identities;
    do batch = Math.floor(batch / 2);
    while (batch >= 2 && !fits(batch));
    const mend =
      batch >= 2
        ? `With ${batch} identities in a batch and evaluation.batch=${batch * images} among the other settings it fits; smaller pictures help, too.`
        : 'Take smaller pictures (height and width), or a smaller recipe.';
    throw new PageError(`This GPU is too small for ${recipe.name} as it stands: ${error.message}\n${mend}`);
  }
}

const planTraining: Handler<
  { readonly data: string; readonly recipe: string; readonly changes: readonly string[] },
  TrainPlan
> = async ({ data, recipe: name, changes }) => {
  const { dataset } = dataOf(data);
  const { recipe, note } = fitRecipe(labelled(overrideRecipe(recipeCalled(name), changes)), dataset.identities);
  const gpu = await gpuOf().catch(() => undefined);
  const needs = gpu && needsOn(gpu, recipe, dataset.identities);
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
  const { signal } = control.preparing;
  const prepared = await prepare(data.dataset, recipe.input, (far) => tell({ kind: 'doing', ...far }), signal);
  if (prepared.broken.size === 0) return { data, prepared };
  const [first] = prepared.broken.values();
  tell({ kind: 'note', words: `${prepared.broken.size} pictures cannot be read and are left out, first: ${first}` });
  return { data: await withoutPictures(data, [...prepared.broken.keys()]), prepared };
}

/** The data set as its small copies, so that photographs are not decoded once more. */
const smallCopies = (dataset: ReidDataset, { store: pictures, size }: Prepared): ReidDataset => ({
  ...dataset,
  onDisk: false,
  read: async (record) => ({ width: size.width, height: size.height, data: await pictures.get(record) }),
});

/** What is known before any picture is opened. */
interface Begun {
  readonly name: string;
  readonly checkpoint?: Checkpoint;
  /** The recipe with its changes, not yet fitted to the data. */
  readonly chosen: Recipe;
}

async function begin({ run, resume, recipe, changes }: TrainInput): Promise<Begun> {
  const name = resume ? run : checkRunName(run);
  const file = (of: string): string => runFile(name, of);
  if (!resume && (await isStored(file('recipe.json')))) {
    throw new PageError(`There is a run called ${name} already. Choose another name, or go on with it below.`);
  }
  const checkpoint = resume && (await isStored(file('checkpoint.safetensors'))) ? await readRun(name) : undefined;
  const plan = resume ? await storedJson<RunPlan>(file('recipe.json')) : undefined;
  const chosen = overrideRecipe(checkpoint?.facts.recipe ?? plan?.recipe ?? recipeCalled(recipe), changes);
  return { name, checkpoint, chosen: labelled(chosen) };
}

async function trainAlone(input: TrainInput, job: Job<TrainEvent>): Promise<TrainResult> {
  const { tell } = job;
  control.wanted = 'run';
  control.preparing = new AbortController();
  const { signal } = control.preparing;
  tell({ kind: 'doing', words: 'Getting ready …' });
  const gpu = await gpuOf();
  const { name, checkpoint, chosen } = await begin(input);
  const found = input.data === undefined ? await runData(name) : dataOf(input.data);
  const { data, prepared } = await withPictures(found, chosen, job);
  const { dataset, spec } = data;
  if (checkpoint && checkpoint.facts.identities !== dataset.identities) {
    await prepared.store.close();
    throw new PageError(
      `The run ${name} was trained on ${checkpoint.facts.identities} identities, ${dataset.name} has ${dataset.identities}. Choose the pictures that it began with.`,
    );
  }
  const { recipe, note } = fitRecipe(chosen, dataset.identities);
  if (note) tell({ kind: 'note', words: note });
  const seed = checkpoint?.facts.seed ?? input.seed;
  manualSeed(seed);
  const { store } = prepared;
  const trainer = new Trainer({ gpu, dataset, recipe, seed, model: buildModel(recipe, dataset.identities), store });
  /** Progress is told between batches: there an evaluation ends when somebody stops. */
  const contextThatEnds = (ends: boolean): EvaluationContext => {
    const write = (text: string): void => {
      if (ends) signal.throwIfAborted();
      if (text.trim()) tell({ kind: 'doing', words: text.trim() });
    };
    return { gpu, dataset, recipe, output: { isTerminal: true, write }, store };
  };
  let host: PageHost | undefined;
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
      facts = { ...facts, ...(await measureBefore(trainer, contextThatEnds(true), prepared, tell)) };
      signal.throwIfAborted();
      await gpu.trim();
    }
    const log = checkpoint ? (await readLog(name)).filter(({ step }) => step <= trainer.step) : [];
    tell({ kind: 'begins', recipe, step: trainer.step, log });
    const clock = new RunClock(checkpoint?.seconds);
    host = new PageHost(job, { gpu, name, trainer, log, clock, batches: { dataset, recipe, seed, store } });
    await trainingLoop({ trainer, context: contextThatEnds(false), facts, clock, host });
    if (wanted() === 'stop') return { finished: false, step: trainer.step };
    tell({ kind: 'doing', words: 'Evaluating …' });
    const result = await evaluateModel(trainer.model, contextThatEnds(true));
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
      seconds: Math.round(10 * clock.seconds) / 10,
      adapter: gpu.name,
    });
    return { finished: true, step: trainer.step, metrics };
  } catch (error) {
    if (isAbort(error)) return { finished: false, step: trainer.step };
    throw saved(error, name, host?.savedStep ?? (checkpoint ? trainer.step : -1));
  } finally {
    if (gpu.healthy) await trainer.close();
    await prepared.store.close();
  }
}

/** What the pictures' own pixels reach, and the model before it is trained. */
async function measureBefore(
  trainer: Trainer,
  context: EvaluationContext,
  prepared: Prepared,
  tell: Job<TrainEvent>['tell'],
): Promise<Required<Pick<CheckpointFacts, 'rawPixels' | 'untrained'>>> {
  const { query, gallery } = context.dataset;
  tell({
    kind: 'doing',
    words: `Measuring what the pictures’ own pixels reach: ${counted(query.length, 'query', 'queries')} among ${counted(gallery.length, 'picture')} …`,
  });
  const small = { ...context, dataset: smallCopies(context.dataset, prepared) };
  const rawPixels = metricsOf(await evaluateRawPixels(small));
  const untrained = metricsOf(await evaluateModel(trainer.model, context));
  tell({ kind: 'before', rawPixels, untrained });
  return { rawPixels, untrained };
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
  alone('training', () =>
    trainAlone(input, job).catch((error) => {
      if (isAbort(error)) return { finished: false, step: 0 };
      throw error;
    }),
  );

/** The recipes that train on pictures with labels. */
const trainRecipes: Handler<void, Recipe[]> = async () =>
  [...recipes.values()].filter(
    (recipe): recipe is Recipe => !isUnsupervised(recipe) && !isGCL(recipe) && !recipe.clips,
  );

export const trainCalls = { trainRecipes, planTraining, train, ...controlCalls };

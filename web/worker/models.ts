import { type Gpu, manualSeed } from '../../engine/index.js';
import type { NamedArray } from '../../engine/io/arrays.js';
import { readPth } from '../../engine/io/pth.js';
import { openSafetensors } from '../../engine/io/safetensors.js';
import { blobSource } from '../../engine/io/source.js';
import { randomPosition, restoreRandomPosition } from '../../engine/random.js';
import { arraysOf, type ImportRow } from '../../reid/models/checkpoints/import.js';
import { importWeights } from '../../reid/models/checkpoints/import-weights.js';
import type { RetrievalModel } from '../../reid/models/model.js';
import { type AnyRecipe, overrideRecipe, recipeCalled, recipes } from '../../reid/recipes/index.js';
import { type Checkpoint, checkpointOf, loadWeights } from '../../reid/training/checkpoint.js';
import { buildModel } from '../../reid/training/model.js';
import { type Handler, PageError } from './job.js';
import { gpuOf } from './machine.js';
import { readRun } from './runs.js';

/** A model with its weights, ready to compute features. */
export interface OpenModel {
  readonly id: string;
  readonly title: string;
  readonly recipe: AnyRecipe;
  readonly identities: number;
  readonly model: RetrievalModel;
  /** The GPU that holds its weights. */
  readonly gpu: Gpu;
  /** Where it is a checkpoint of this project. */
  readonly run?: Checkpoint;
}

/** What the page knows of it. */
export interface ModelFacts {
  readonly id: string;
  readonly title: string;
  readonly recipe: AnyRecipe;
  readonly identities: number;
  readonly epoch?: number;
  readonly step?: number;
  /** What it was trained on, as it says. */
  readonly data?: string;
  /** The run of this page that it is of. */
  readonly run?: string;
  /** What of file and model did not match. */
  readonly unmatched: readonly string[];
}

const opened = new Map<string, OpenModel>();
let next = 1;

/** @throws PageError when it was opened before a reload, or before the GPU was lost */
export function modelOf(id: string): OpenModel {
  const found = opened.get(id);
  if (!found?.gpu.healthy) throw new PageError('This model is not open any more. Choose it again.');
  return found;
}

/** Builds models without moving the random numbers of a training that is paused. */
export function apart<T>(work: () => T): T {
  const position = randomPosition();
  try {
    return work();
  } finally {
    restoreRandomPosition(position);
  }
}

function ofRun(gpu: Gpu, run: Checkpoint, name: string | undefined): { open: OpenModel; facts: ModelFacts } {
  const { facts, position } = run;
  const model = apart(() => {
    manualSeed(facts.seed);
    const built = buildModel(facts.recipe, facts.identities);
    loadWeights(built, run);
    return built;
  });
  const id = `model-${next++}`;
  const title = `${facts.recipe.name}, ${name ?? run.path}, epoch ${position.epoch}, step ${position.step}`;
  const { recipe, identities } = facts;
  return {
    open: { id, title, recipe, identities, model, gpu, run },
    facts: {
      id,
      title,
      recipe,
      identities,
      epoch: position.epoch,
      step: position.step,
      data: facts.data,
      run: name,
      unmatched: [],
    },
  };
}

/** Weights of a file whose names are those of an original system, as one of the recipes. */
async function foreign(gpu: Gpu, file: File, name: string): Promise<{ open: OpenModel; facts: ModelFacts }> {
  const recipe = overrideRecipe(recipeCalled(name), []);
  const arrays = file.name.endsWith('.safetensors') ? await safetensorsOf(file) : await pthOf(file);
  const classifier = [...arrays].find(
    ([key, { shape }]) => /(^|\.)(cls|classifier|fc)\.weight$/.test(key) && shape.length === 2,
  );
  const identities = classifier?.[1].shape[0] ?? 2;
  const { model, rows } = apart(() => {
    manualSeed(1);
    const built = buildModel(recipe, identities);
    return { model: built, rows: importWeights(built, arrays) };
  });
  const id = `model-${next++}`;
  const title = `${recipe.name}, ${file.name}`;
  const unmatched = rows
    .filter(({ action }: ImportRow) => action !== 'loaded' && action !== 'left out')
    .map(({ name: key, action }: ImportRow) => `${key}: ${action}`);
  return { open: { id, title, recipe, identities, model, gpu }, facts: { id, title, recipe, identities, unmatched } };
}

async function safetensorsOf(file: File): Promise<Map<string, NamedArray>> {
  const { entries, read } = await openSafetensors(blobSource(file));
  const arrays = new Map<string, NamedArray>();
  for (const key of entries.keys()) arrays.set(key, await read(key));
  return arraysOf(arrays);
}

const pthOf = async (file: File): Promise<Map<string, NamedArray>> =>
  arraysOf((await readPth(new Uint8Array(await file.arrayBuffer()), file.name)).value);

/**
 * Opens a model: of a run of this page, a checkpoint of this project, or with `recipe` weights of an original system.
 *
 * @throws CheckpointError or FormatError naming the file
 */
const openModel: Handler<
  { readonly run: string } | { readonly file: File; readonly recipe?: string },
  ModelFacts
> = async (from) => {
  const gpu = await gpuOf();
  const found =
    'run' in from
      ? ofRun(gpu, await readRun(from.run), from.run)
      : from.recipe !== undefined
        ? await foreign(gpu, from.file, from.recipe)
        : ofRun(gpu, await checkpointOf(blobSource(from.file)), undefined);
  // One model at a time: the memory of others goes back with them.
  opened.clear();
  opened.set(found.open.id, found.open);
  found.open.model.eval();
  return found.facts;
};

/** Recipes that weights of an original system may belong to. */
const modelRecipes: Handler<void, string[]> = async () => [...recipes.keys()];

export const modelCalls = { openModel, modelRecipes };

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { manualSeed } from '../engine/index.js';
import type { NamedArray } from '../engine/io/arrays.js';
import { openFile, readFileBytes } from '../engine/io/files.node.js';
import { readPth } from '../engine/io/pth.js';
import { openSafetensors } from '../engine/io/safetensors.js';
import { FormatError } from '../engine/io/source.js';
import { formatShape } from '../engine/shape.js';
import { arraysOf, type ImportRow, importTable } from '../reid/models/checkpoints/import.js';
import { importWeights } from '../reid/models/checkpoints/import-weights.js';
import type { RetrievalModel } from '../reid/models/model.js';
import { type AnyRecipe, overrideRecipe, recipeCalled } from '../reid/recipes/index.js';
import { type Checkpoint, CheckpointError, loadWeights, readCheckpoint } from '../reid/training/checkpoint.node.js';
import { buildModel } from '../reid/training/model.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { UsageError } from './command.js';
import { quoted } from './shell-word.js';

/** A model whose weights lie in a file: of a run, or of an original system. */
export interface TrainedModel {
  /** The file with the weights. */
  readonly path: string;
  readonly recipe: AnyRecipe;
  /** Rows of its classifier. */
  readonly identities: number;
  /** Where it is the checkpoint of a run of this project, and is read as one. */
  readonly run?: Checkpoint;
  /** What it is, for people: `baseline from runs/a/checkpoint.safetensors, epoch 30`. */
  readonly title: string;
  /** Builds it anew, with random weights. Needs an open GPU. */
  build(): RetrievalModel;
  /**
   * Takes the weights over.
   *
   * @returns what of file and model did not match; nothing for a run, where everything must
   * @throws CheckpointError or FormatError naming the file
   */
  load(model: RetrievalModel): readonly ImportRow[];
}

/** How a file is to be read. */
export interface TrainedModelOptions {
  /** The recipe that the weights belong to, where the file does not say. */
  readonly recipe?: string;
  /** Changes to the recipe, as `--set`. */
  readonly set?: readonly string[];
}

/** The file with the weights of a run's folder, or the file itself. */
export function weightsFile(path: string): string {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new UsageError(
      `${path} is not there. Give the folder of a run, such as runs/quickstart, or a checkpoint.safetensors.`,
    );
  }
  if (!isFolder) return path;
  const folder = new RunFolder(path);
  if (!folder.hasCheckpoint)
    throw new CheckpointError(`${path} holds no checkpoint.safetensors. Is it the folder of a run?`);
  return folder.checkpoint;
}

/**
 * Finds and reads a model: the folder of a run, its checkpoint, or with `recipe` any safetensors or PyTorch file whose names are
 * those of an original system.
 *
 * @throws UsageError, CheckpointError, FileError or FormatError naming the file and what to do
 */
export async function openTrainedModel(place: string, options: TrainedModelOptions = {}): Promise<TrainedModel> {
  const path = weightsFile(place);
  const changes = options.set ?? [];
  const isSafetensors = path.endsWith('.safetensors');
  if (options.recipe === undefined) {
    if (!isSafetensors) {
      throw new UsageError(
        `${path} does not say which model it is of. Say which recipe it belongs to, as --recipe rga; "node cli/list.js recipes" names them all.`,
      );
    }
    return modelOfRun(await readCheckpoint(path), changes);
  }
  const recipe = overrideRecipe(recipeCalled(options.recipe), changes);
  const weights = await storedWeights(path);
  return foreignModel(path, recipe, weights);
}

function modelOfRun(run: Checkpoint, changes: readonly string[]): TrainedModel {
  const { facts, position, path } = run;
  const recipe = overrideRecipe(facts.recipe, changes);
  return {
    path,
    recipe,
    identities: facts.identities,
    run,
    title: `${recipe.name} from ${path}, epoch ${position.epoch}, step ${position.step}`,
    build: () => {
      manualSeed(facts.seed);
      return buildModel(recipe, facts.identities);
    },
    load: (model) => {
      loadWeights(model, run);
      return [];
    },
  };
}

/** The weights of a file: PyTorch's or safetensors; of a run's checkpoint those of its model. */
export async function storedWeights(path: string): Promise<Map<string, NamedArray>> {
  return path.endsWith('.safetensors') ? safetensorsArrays(path) : pthArrays(path);
}

async function pthArrays(path: string): Promise<Map<string, NamedArray>> {
  return arraysOf((await readPth(await readFileBytes(path), path)).value);
}

/** The arrays of a file; of a checkpoint of this project those of the model, under their own names. */
async function safetensorsArrays(path: string): Promise<Map<string, NamedArray>> {
  const file = await openFile(path);
  try {
    const { entries, read } = await openSafetensors(file);
    const names = [...entries.keys()];
    const isRun =
      names.some((name) => name.startsWith('model.')) &&
      names.every((name) => /^(model|optimiser|beside|pseudo)\./.test(name));
    const arrays = new Map<string, NamedArray>();
    for (const name of names) {
      if (isRun && !name.startsWith('model.')) continue;
      arrays.set(isRun ? name.slice('model.'.length) : name, await read(name));
    }
    return arraysOf(arrays);
  } finally {
    await file.close();
  }
}

/** Names under which the original systems keep the classifier of identities. */
const CLASSIFIER = /(^|\.)(cls|classifier|fc)\.weight$/;

/**
 * Weights that a model has in another shape are of another model, or of RGA at another picture size: features would be noise.
 *
 * @throws FormatError naming the first
 */
function refuseOtherShapes(rows: readonly ImportRow[], { input }: AnyRecipe): void {
  const other = rows.filter(({ name, action }) => action === 'other shape' && !CLASSIFIER.test(name));
  if (other.length === 0) return;
  const { name, found, expected } = other[0]!;
  throw new FormatError(
    `${other.length} of its arrays have another shape than the model's, first ${name}: ${formatShape(found!)} in the file, ` +
      `${formatShape(expected!)} in the model for pictures of ${input.height} x ${input.width}. Was it trained with another ` +
      'picture size or backbone? Say so, as --set input.height=256; node cli/convert.js FILE --recipe NAME --dry-run shows every name',
  );
}

function foreignModel(path: string, recipe: AnyRecipe, weights: Map<string, NamedArray>): TrainedModel {
  const classifier = [...weights].find(([name, { shape }]) => CLASSIFIER.test(name) && shape.length === 2);
  const identities = classifier?.[1].shape[0] ?? 2;
  return {
    path,
    recipe,
    identities,
    title: `${recipe.name} from ${path}`,
    build: () => {
      manualSeed(1);
      return buildModel(recipe, identities);
    },
    load: (model) => {
      try {
        const rows = importWeights(model, weights);
        refuseOtherShapes(rows, recipe);
        return rows.filter(({ action }) => action !== 'loaded');
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        throw new FormatError(`${path} as ${recipe.name}: ${error.message}.`, { cause: error });
      }
    },
  };
}

/** What of file and model did not match, for people; undefined where everything that counts did. */
export function sayUnmatched(path: string, rows: readonly ImportRow[]): string | undefined {
  const notable = rows.filter(({ action }) => action !== 'left out');
  if (notable.length === 0) return undefined;
  const [, ...lines] = importTable(notable).split('\n');
  const kept = notable.filter(({ action }) => action === 'missing' || action === 'other shape').length;
  const advice = kept > 0 ? `\n${kept} of the model's arrays keep the random numbers that they began with.` : '';
  return `${path} and the model do not match in ${notable.length} names:\n${lines.join('\n')}${advice}`;
}

/** SHA-256 of a file, in hexadecimal. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** The folder in which a run's results belong; undefined where the file is of no run of this project. */
export const runFolderOf = ({ path, run }: TrainedModel): string | undefined => (run ? dirname(path) : undefined);

/** A short name for tables: the run's folder, or the file without its ending. */
export const shortName = ({ path, run }: Pick<TrainedModel, 'path' | 'run'>): string =>
  run && basename(path) === 'checkpoint.safetensors'
    ? basename(dirname(path))
    : basename(path).replace(/(\.\w+)+$/, '');

/** The words of a command line that name a model again. */
export const modelWords = (place: string, { recipe, set = [] }: TrainedModelOptions): string =>
  [place, ...(recipe === undefined ? [] : ['--recipe', recipe]), ...set.flatMap((change) => ['--set', change])]
    .map(quoted)
    .join(' ');

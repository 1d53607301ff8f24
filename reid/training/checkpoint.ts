import { ShapeError } from '../../engine/errors.js';
import { type NamedArray, toFloat32 } from '../../engine/io/arrays.js';
import { openSafetensors, writeSafetensors } from '../../engine/io/safetensors.js';
import type { ByteSource } from '../../engine/io/source.js';
import { StateDictError } from '../../engine/nn/index.js';
import type { GradScaler, GroupOptions, Optimiser, OptimiserState } from '../../engine/optim/index.js';
import { type RandomPosition, randomPosition, restoreRandomPosition } from '../../engine/random.js';
import { formatShape, sameShape } from '../../engine/shape.js';
import { write } from '../../engine/tensor.js';
import type { RetrievalModel } from '../models/model.js';
import type { AnyRecipe } from '../recipes/recipe.js';
import type { Beside } from './objective.js';
import type { Metrics } from './retrieval.js';
import type { DivergedError, Trainer } from './trainer.js';
import type { RoundRecord } from './unsupervised/hindsight.js';
import type { UnsupervisedPosition, UnsupervisedTrainer } from './unsupervised/trainer.js';

/** All of a run that is no array: what was trained on what, how far, and what was measured before training. */
export interface RunFacts {
  readonly recipe: AnyRecipe;
  /** As given to `--data`. */
  readonly data: string;
  readonly seed: number;
  /** Training identities: the classifier's rows. */
  readonly identities: number;
  /** Files whose weights it began with. */
  readonly weights?: readonly { readonly file: string; readonly sha256: string; readonly trunk?: string }[];
  /** Of runs whose data is labelled, as are the next. */
  readonly rawPixels?: Metrics;
  readonly untrained?: Metrics;
  /** What a run without labels found so far, as it writes it down for itself. */
  readonly rounds?: readonly RoundRecord[];
}

/** What a checkpoint is made of. */
export interface Checkpointed {
  readonly model: RetrievalModel;
  readonly optimiser: Optimiser<GroupOptions>;
  readonly scaler: GradScaler | undefined;
  readonly step: number;
  readonly state: Checkpoint['position'];
  /** What the loss trains beside the model. */
  readonly objective?: { readonly beside?: Beside };
  /** What belongs to neither model nor optimiser. */
  arrays?(): Promise<ReadonlyMap<string, NamedArray>>;
  diverged(what: string): DivergedError;
}

/** A checkpoint as read from its file. */
export interface Checkpoint {
  readonly path: string;
  readonly facts: RunFacts;
  readonly position: { readonly epoch: number; readonly batch: number; readonly step: number };
  readonly random: RandomPosition;
  /** Seconds of training so far, over all processes. */
  readonly seconds: number;
  readonly model: ReadonlyMap<string, NamedArray>;
  readonly optimiser: OptimiserState;
  /** What the loss trained beside the model, and its optimiser's state. */
  readonly beside?: { readonly parameters: ReadonlyMap<string, NamedArray>; readonly optimiser: OptimiserState };
  /** Of runs without labels: pseudo-labels, and the memory of clusters. */
  readonly pseudo: ReadonlyMap<string, NamedArray>;
  /** State of the loss scale, of runs in float16. */
  readonly scale?: readonly number[];
}

/** A file that is no checkpoint of this project, or one that does not fit. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

const FORMAT = 'reid-webgpu checkpoint 1';

/** A larger number has a square beyond float32, which is what a variance is made of. */
const LARGEST = 1e19;

/**
 * Model, optimiser, schedule, sampler and random state as they are now, as the content of one safetensors file.
 *
 * @throws DivergedError when they hold a number that no training can go on from: not every such number shows in the loss,
 *   since ReLU and batch norm may make finite ones of them
 */
export async function takeCheckpoint(
  trainer: Checkpointed,
  facts: RunFacts,
  seconds: number,
): Promise<AsyncIterable<Uint8Array>> {
  const { arrays, ...optimiser } = await trainer.optimiser.stateDict();
  const model = await trainer.model.stateArrays();
  const { arrays: besideArrays = new Map<string, NamedArray>(), ...beside } = await besideState(
    trainer.objective?.beside,
  );
  const tensors = [
    ...[...model].map(([name, array]) => [`model.${name}`, array] as const),
    ...[...arrays].map(([name, array]) => [`optimiser.${name}`, array] as const),
    ...[...besideArrays].map(([name, array]) => [`beside.${name}`, array] as const),
    ...[...((await trainer.arrays?.()) ?? [])].map(([name, array]) => [`pseudo.${name}`, array] as const),
  ];
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float32Array)) continue;
    const bad = data.find((value) => !(Math.abs(value) < LARGEST));
    if (bad !== undefined) throw trainer.diverged(`After step ${trainer.step}, ${name} holds ${bad}`);
  }
  const scale = trainer.scaler && Array.from(await trainer.scaler.stateDict());
  const run = { facts, position: trainer.state, random: randomPosition(), seconds, optimiser, ...beside, scale };
  return writeSafetensors(tensors, { format: FORMAT, run: JSON.stringify(run) });
}

/** What the loss trains beside the model, as arrays; those of its optimiser begin with `optimiser.`. */
async function besideState(beside: Beside | undefined): Promise<{
  readonly arrays?: Map<string, NamedArray>;
  readonly beside?: Omit<OptimiserState, 'arrays'>;
}> {
  if (!beside) return {};
  const { arrays: ofOptimiser, ...state } = await beside.optimiser.stateDict();
  const arrays = new Map<string, NamedArray>();
  for (const [name, parameter] of beside.parameters) {
    arrays.set(name, { dtype: 'float32', shape: parameter.shape, data: (await parameter.read()) as Float32Array });
  }
  for (const [name, array] of ofOptimiser) arrays.set(`optimiser.${name}`, array);
  return { arrays, beside: state };
}

/** Reads a checkpoint; @throws CheckpointError or FormatError naming the file and what is wrong with it */
export async function checkpointOf(file: ByteSource): Promise<Checkpoint> {
  const { entries, metadata, read } = await openSafetensors(file);
  if (metadata.format !== FORMAT || !metadata.run) {
    throw new CheckpointError(
      `${file.name} is a safetensors file, but no checkpoint of this project (its format is ${metadata.format ?? 'not given'}).`,
    );
  }
  const { facts, position, random, seconds, optimiser, beside, scale } = JSON.parse(metadata.run) as Omit<
    Checkpoint,
    'path' | 'model' | 'pseudo' | 'beside'
  > & { readonly beside?: Omit<OptimiserState, 'arrays'> };
  const map = () => new Map<string, NamedArray>();
  const parts = { model: map(), optimiser: map(), beside: map(), pseudo: map() };
  for (const name of entries.keys()) {
    const dot = name.indexOf('.');
    const part = name.slice(0, dot);
    if (part in parts) parts[part as keyof typeof parts].set(name.slice(dot + 1), await read(name));
  }
  return {
    path: file.name,
    facts,
    position,
    random,
    seconds,
    scale,
    model: parts.model,
    pseudo: parts.pseudo,
    optimiser: { ...optimiser, arrays: parts.optimiser },
    beside: beside && besideOf(beside, parts.beside),
  };
}

function besideOf(state: Omit<OptimiserState, 'arrays'>, all: ReadonlyMap<string, NamedArray>): Checkpoint['beside'] {
  const prefix = 'optimiser.';
  const isState = ([name]: readonly [string, NamedArray]) => name.startsWith(prefix);
  const arrays = [...all].filter(isState).map(([name, array]) => [name.slice(prefix.length), array] as const);
  return {
    parameters: new Map([...all].filter((entry) => !isState(entry))),
    optimiser: { ...state, arrays: new Map(arrays) },
  };
}

/** Loads a checkpoint's weights; @throws CheckpointError naming the file and the first tensor that does not fit */
export function loadWeights(model: RetrievalModel, { path, model: weights }: Checkpoint): void {
  try {
    model.loadStateDict(weights);
  } catch (error) {
    if (!(error instanceof StateDictError)) throw error;
    const { missing, unexpected, mismatched } = error.report;
    const reasons = [
      ...mismatched.map((m) => `${m.name} is [${m.given}] in the file and [${m.shape}] in the model`),
      ...missing.map((name) => `${name} is missing`),
      ...unexpected.map((name) => `the model has no ${name}`),
    ];
    const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
    throw new CheckpointError(`${path} is of another model than the recipe's: ${reasons[0]}${more}.`, { cause: error });
  }
}

/**
 * Puts a trainer where a checkpoint was made: what follows has the same bits as if it had never stopped. The optimiser's
 * numbers are the recipe's, which may have been changed since.
 *
 * @throws CheckpointError when it is of another model or optimiser
 */
export function restore(trainer: Trainer, checkpoint: Checkpoint): void {
  loadWeights(trainer.model, checkpoint);
  loadOptimiser(trainer, checkpoint);
  if (trainer.objective.beside) loadBeside(trainer.objective.beside, checkpoint);
  trainer.state = checkpoint.position;
  restoreRandomPosition(checkpoint.random);
}

/**
 * The same for training without labels.
 *
 * @throws CheckpointError when it is of another model, optimiser or number of pictures
 */
export async function restoreUnsupervised(trainer: UnsupervisedTrainer, checkpoint: Checkpoint): Promise<void> {
  loadWeights(trainer.model, checkpoint);
  try {
    await trainer.restore(checkpoint.position as UnsupervisedPosition, checkpoint.pseudo);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointError(`${checkpoint.path}: ${error.message}`, { cause: error });
  }
  loadOptimiser(trainer, checkpoint);
  restoreRandomPosition(checkpoint.random);
}

function loadOptimiser(trainer: Checkpointed, checkpoint: Checkpoint): void {
  loadState(trainer.optimiser, checkpoint.optimiser, checkpoint.path);
  if (checkpoint.scale) trainer.scaler?.loadStateDict(checkpoint.scale);
}

/** An optimiser's state with the numbers of the recipe. */
function loadState(optimiser: Optimiser<GroupOptions>, state: OptimiserState, path: string): void {
  const groups = optimiser.groups.map(({ parameters: _, ...numbers }) => numbers);
  try {
    optimiser.loadStateDict({ ...state, groups });
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CheckpointError(`${path} does not fit the recipe's optimiser: ${error.message}`, { cause: error });
  }
}

function loadBeside({ parameters, optimiser }: Beside, { path, beside }: Checkpoint): void {
  for (const [name, parameter] of parameters) {
    const array = beside?.parameters.get(name);
    if (!array || !sameShape(array.shape, parameter.shape)) {
      const held = array ? `${name} as ${formatShape(array.shape)}, not ${formatShape(parameter.shape)}` : `no ${name}`;
      throw new CheckpointError(`${path} holds ${held}: it is of another loss or data set than the recipe's.`);
    }
    write(parameter, toFloat32(array, name));
  }
  loadState(optimiser, beside!.optimiser, path);
}

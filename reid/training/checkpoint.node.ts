import { ShapeError } from '../../engine/errors.js';
import type { NamedArray } from '../../engine/io/arrays.js';
import { openFile } from '../../engine/io/files.node.js';
import { openSafetensors, writeSafetensors } from '../../engine/io/safetensors.js';
import { StateDictError } from '../../engine/nn/index.js';
import type { GradScaler, GroupOptions, Optimiser, OptimiserState } from '../../engine/optim/index.js';
import { type RandomPosition, randomPosition, restoreRandomPosition } from '../../engine/random.js';
import type { RetrievalModel } from '../models/model.js';
import type { AnyRecipe } from '../recipes/recipe.js';
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
  const tensors = [
    ...[...model].map(([name, array]) => [`model.${name}`, array] as const),
    ...[...arrays].map(([name, array]) => [`optimiser.${name}`, array] as const),
    ...[...((await trainer.arrays?.()) ?? [])].map(([name, array]) => [`pseudo.${name}`, array] as const),
  ];
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float32Array)) continue;
    const bad = data.find((value) => !(Math.abs(value) < LARGEST));
    if (bad !== undefined) throw trainer.diverged(`After step ${trainer.step}, ${name} holds ${bad}`);
  }
  const scale = trainer.scaler && Array.from(await trainer.scaler.stateDict());
  const run = { facts, position: trainer.state, random: randomPosition(), seconds, optimiser, scale };
  return writeSafetensors(tensors, { format: FORMAT, run: JSON.stringify(run) });
}

/** Reads a checkpoint; @throws CheckpointError or FileError naming the file and what is wrong with it */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openFile(path);
  try {
    const { entries, metadata, read } = await openSafetensors(file);
    if (metadata.format !== FORMAT || !metadata.run) {
      throw new CheckpointError(
        `${path} is a safetensors file, but no checkpoint of this project (its format is ${metadata.format ?? 'not given'}).`,
      );
    }
    const { facts, position, random, seconds, optimiser, scale } = JSON.parse(metadata.run) as Omit<
      Checkpoint,
      'path' | 'model' | 'pseudo'
    >;
    const map = () => new Map<string, NamedArray>();
    const parts = { model: map(), optimiser: map(), pseudo: map() };
    for (const name of entries.keys()) {
      const dot = name.indexOf('.');
      const part = name.slice(0, dot);
      if (part === 'model' || part === 'optimiser' || part === 'pseudo')
        parts[part].set(name.slice(dot + 1), await read(name));
    }
    return {
      path,
      facts,
      position,
      random,
      seconds,
      scale,
      model: parts.model,
      pseudo: parts.pseudo,
      optimiser: { ...optimiser, arrays: parts.optimiser },
    };
  } finally {
    await file.close();
  }
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
  const groups = trainer.optimiser.groups.map(({ parameters: _, ...numbers }) => numbers);
  try {
    trainer.optimiser.loadStateDict({ ...checkpoint.optimiser, groups });
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CheckpointError(`${checkpoint.path} does not fit the recipe's optimiser: ${error.message}`, {
      cause: error,
    });
  }
  if (checkpoint.scale) trainer.scaler?.loadStateDict(checkpoint.scale);
}

import type { NamedArray } from '../../engine/io/arrays.js';
import { openFile, writeFileAtomically } from '../../engine/io/files.node.js';
import { openSafetensors, writeSafetensors } from '../../engine/io/safetensors.js';
import type { OptimiserState } from '../../engine/optim/index.js';
import { type RandomPosition, randomPosition, restoreRandomPosition } from '../../engine/random.js';
import type { Recipe } from '../recipes/recipe.js';
import type { Metrics } from './retrieval.js';
import type { Trainer } from './trainer.js';

/** All of a run that is no array: what was trained on what, how far, and what was measured before training. */
export interface RunFacts {
  readonly recipe: Recipe;
  /** As given to `--data`. */
  readonly data: string;
  readonly seed: number;
  /** Training identities: the classifier's rows. */
  readonly identities: number;
  readonly rawPixels: Metrics;
  readonly untrained: Metrics;
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
}

/** A file that is no checkpoint of this project, or one that does not fit. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

const FORMAT = 'reid-webgpu checkpoint 1';

/** Writes model, optimiser, schedule, sampler and random state as one safetensors file: whole, or not at all. */
export async function saveCheckpoint(path: string, trainer: Trainer, facts: RunFacts, seconds: number): Promise<void> {
  const { arrays, ...optimiser } = await trainer.optimiser.stateDict();
  const model = await trainer.model.stateArrays();
  const tensors = [
    ...[...model].map(([name, array]) => [`model.${name}`, array] as const),
    ...[...arrays].map(([name, array]) => [`optimiser.${name}`, array] as const),
  ];
  const run = { facts, position: trainer.state, random: randomPosition(), seconds, optimiser };
  await writeFileAtomically(path, writeSafetensors(tensors, { format: FORMAT, run: JSON.stringify(run) }));
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
    const { facts, position, random, seconds, optimiser } = JSON.parse(metadata.run) as Omit<
      Checkpoint,
      'path' | 'model'
    >;
    const parts = { model: new Map<string, NamedArray>(), optimiser: new Map<string, NamedArray>() };
    for (const name of entries.keys()) {
      const dot = name.indexOf('.');
      const part = name.slice(0, dot);
      if (part === 'model' || part === 'optimiser') parts[part].set(name.slice(dot + 1), await read(name));
    }
    return {
      path,
      facts,
      position,
      random,
      seconds,
      model: parts.model,
      optimiser: { ...optimiser, arrays: parts.optimiser },
    };
  } finally {
    await file.close();
  }
}

/** Puts a trainer where a checkpoint was made: what follows has the same bits as if it had never stopped. */
export function restore(trainer: Trainer, checkpoint: Checkpoint): void {
  trainer.model.loadStateDict(checkpoint.model);
  trainer.optimiser.loadStateDict(checkpoint.optimiser);
  trainer.state = checkpoint.position;
  restoreRandomPosition(checkpoint.random);
}

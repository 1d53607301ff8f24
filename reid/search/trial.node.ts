import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageStore, ReidDataset } from '../../datasets/index.js';
import { type Gpu, manualSeed } from '../../engine/index.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import type { ReidModel } from '../models/model.js';
import type { Recipe } from '../recipes/recipe.js';
import { type RunFacts, readCheckpoint, restore, takeCheckpoint } from '../training/checkpoint.node.js';
import { evaluateModel } from '../training/evaluation.js';
import { buildModel } from '../training/model.js';
import type { ProgressOutput } from '../training/progress.js';
import { metricsOf } from '../training/retrieval.js';
import { DivergedError, type StepReport, Trainer } from '../training/trainer.js';

/** Weights that trainings begin with, and what their checkpoints tell of them. */
export interface InitialWeights {
  readonly facts: RunFacts['weights'];
  begin(model: ReidModel): void;
}

export interface TrialOptions {
  readonly gpu: Gpu;
  /** Its query and gallery are what the trial is judged by. */
  readonly dataset: ReidDataset;
  /** Of the whole training: `until` may come before its last epoch, and the course of the rate is that of all. */
  readonly recipe: Recipe;
  /** As given to `--data`, for the checkpoint. */
  readonly data: string;
  readonly seed: number;
  /** Where the checkpoint lies; one that is there is gone on from. */
  readonly checkpoint: string;
  /** Epoch at which to stop. */
  readonly until: number;
  /** Weights that a new model takes over before it is trained. */
  readonly initial?: InitialWeights;
  readonly store?: ImageStore;
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport, stepsLeft: number) => void;
}

/** What a trial came to at an epoch. */
export interface TrialResult {
  /** On the validation split, as fractions; null where training diverged. */
  readonly mAP: number | null;
  readonly rank1: number | null;
  readonly steps: number;
  /** Of training, over all processes. */
  readonly seconds: number;
  /** Why there are no figures: the message of what diverged. */
  readonly diverged?: string;
}

/** Seconds between checkpoints inside of an epoch. */
const CHECKPOINT_SECONDS = 60;

const SILENT: ProgressOutput = { isTerminal: false, write: () => {} };

/**
 * Trains a trial up to an epoch, from its checkpoint where there is one, to the same bits as if it had never stopped, and evaluates
 * it. Undefined when the signal stopped it; a later call goes on.
 *
 * @throws CheckpointError, FileError, GpuError; a training that diverges is a result
 */
export async function runTrial(options: TrialOptions): Promise<TrialResult | undefined> {
  const { gpu, dataset, recipe, data, seed, store } = options;
  manualSeed(seed);
  const model = buildModel(recipe, dataset.identities);
  const trainer = new Trainer({ gpu, dataset, recipe, seed, model, store });
  let before = 0;
  let works = true;
  const start = performance.now();
  const seconds = () => Math.round(10 * (before + (performance.now() - start) / 1000)) / 10;
  try {
    if (existsSync(options.checkpoint)) {
      const checkpoint = await readCheckpoint(options.checkpoint);
      restore(trainer, checkpoint);
      before = checkpoint.seconds;
    } else options.initial?.begin(model);
    const facts: RunFacts = { recipe, data, seed, identities: dataset.identities, weights: options.initial?.facts };
    const save = async () => writeFileAtomically(options.checkpoint, await takeCheckpoint(trainer, facts, seconds()));
    const done = await trainUntil(trainer, options, save);
    if (!done) return undefined;
    const trained = seconds();
    const { mAP, cmc } = metricsOf(await evaluateModel(model, { gpu, dataset, recipe, output: SILENT, store }));
    return { mAP, rank1: cmc['1']!, steps: trainer.step, seconds: trained };
  } catch (error) {
    works = error instanceof DivergedError;
    if (!(error instanceof DivergedError)) throw error;
    const diverged = error.message.replace(/\. Training stopped;.*$/s, '');
    return { mAP: null, rank1: null, steps: trainer.step, seconds: seconds(), diverged };
  } finally {
    await trainer.close();
    // After another error there may be no GPU to ask.
    if (works) await releaseMemory(model, trainer);
  }
}

/** False where the signal came first. A checkpoint of the last step is there in any case. */
async function trainUntil(
  trainer: Trainer,
  { until, signal, onStep }: TrialOptions,
  save: () => Promise<void>,
): Promise<boolean> {
  let taken = performance.now();
  let saved = trainer.step;
  const store = async () => {
    await save();
    taken = performance.now();
    saved = trainer.step;
  };
  if (trainer.state.epoch >= until) return true;
  for await (const report of trainer) {
    onStep?.(report, trainer.stepsLeft);
    const { epoch, batch } = trainer.state;
    if (signal?.aborted || batch === 0 || performance.now() - taken > 1000 * CHECKPOINT_SECONDS) await store();
    if (signal?.aborted) return false;
    if (batch === 0 && epoch >= until) break;
    await sleep(0); // Lets signals in.
  }
  if (saved !== trainer.step) await store();
  return true;
}

/** Gives the memory of weights, gradients and optimiser back now: the collector would come after the next trials asked for theirs. */
async function releaseMemory(model: ReidModel, { optimiser, objective }: Trainer): Promise<void> {
  const { rule, groups, steps } = await optimiser.stateDict();
  optimiser.zeroGrad();
  optimiser.loadStateDict({ rule, groups, steps: steps.map(() => 0), arrays: new Map() });
  for (const tensor of model.stateDict().values()) tensor.storage.release();
  for (const parameter of objective.beside?.parameters.values() ?? []) parameter.storage.release();
}

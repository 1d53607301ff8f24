import { type RunFacts, takeCheckpoint } from './checkpoint.js';
import { type EvaluationContext, evaluateModel } from './evaluation.js';
import { type Metrics, metricsOf } from './retrieval.js';
import { DivergedError, type StepReport, type Trainer } from './trainer.js';

/** A line of a run's log: a step, an evaluation, or another event. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly step: number };

/** Where a run stands: steps that were made, and whole epochs. */
export interface RunPlace {
  readonly epoch: number;
  readonly step: number;
}

/** What somebody wants of the run that is under way. */
export type RunWish = 'go on' | 'pause' | 'stop';

/** Where a run is kept and watched: a folder and a terminal, or a page of a browser. */
export interface TrainingHost {
  /**
   * Writes a checkpoint, whole or not at all.
   *
   * @returns false where its content has to be taken anew: it could not be written, and somebody has mended that meanwhile
   */
  save(content: AsyncIterable<Uint8Array>, place: RunPlace): Promise<boolean>;
  log(line: LogLine): void;
  /** After each step. */
  stepped(report: StepReport): void | Promise<void>;
  /** After an evaluation between two epochs. */
  evaluated(report: StepReport, metrics: Metrics): void;
  /** Asked after each step. */
  wish(): RunWish;
  /** Waits, with everything saved, until somebody goes on or stops. */
  pause?(): Promise<void>;
}

/** Seconds of training, over all processes of a run, without those that it waited. */
export class RunClock {
  /** Seconds of the processes before. */
  readonly before: number;
  readonly #start = performance.now();
  #waited = 0;

  constructor(before = 0) {
    this.before = before;
  }

  get seconds(): number {
    return this.before + (performance.now() - this.#start - this.#waited) / 1000;
  }

  /** Does not count what `work` takes. */
  async apart<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#waited += performance.now() - start;
    }
  }
}

/** Milliseconds between checkpoints inside of an epoch. */
export const CHECKPOINT_EVERY = 60_000;

/** Milliseconds of a log's seconds are enough. */
const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/**
 * Makes the steps that are left, or those until somebody stops, with a checkpoint at the start, after each epoch, every minute, and at
 * the end; and evaluates as the recipe says. A checkpoint is written when the loss of the step after it has shown that its weights are
 * good.
 *
 * @param steps the trainer's steps; those made before the first of them have a checkpoint all the same
 * @throws DivergedError, and what the host throws; a good checkpoint that was not yet written is written first
 */
export async function trainingLoop({
  trainer,
  context,
  facts,
  clock,
  host,
  steps = trainer,
}: {
  readonly trainer: Trainer;
  readonly context: EvaluationContext;
  readonly facts: RunFacts;
  readonly clock: RunClock;
  readonly host: TrainingHost;
  readonly steps?: AsyncIterable<StepReport>;
}): Promise<void> {
  const { epochs, evaluation } = trainer.recipe;
  let held: (RunPlace & { readonly content: AsyncIterable<Uint8Array> }) | undefined;
  let taken = performance.now();
  let takenStep = -1;
  const take = async (): Promise<void> => {
    if (takenStep === trainer.step) return;
    const { step, state } = trainer;
    held = { content: await takeCheckpoint(trainer, facts, clock.seconds), epoch: state.epoch, step };
    taken = performance.now();
    takenStep = step;
  };
  const save = async (): Promise<void> => {
    while (held) {
      const { content, ...place } = held;
      held = undefined;
      if (await host.save(content, place)) return;
      takenStep = -1;
      await take();
    }
  };
  if (trainer.step === 0) await take();
  await save();
  try {
    for await (const report of steps) {
      await save();
      host.log({ ...report, seconds: rounded(clock.seconds) });
      await host.stepped(report);
      if (host.wish() !== 'go on') {
        await take();
        await save();
        if (host.wish() === 'pause') await host.pause?.();
        if (host.wish() === 'stop') return;
      }
      const { batch, epoch } = trainer.state;
      if (batch === 0 || performance.now() - taken > CHECKPOINT_EVERY) await take();
      const { every } = evaluation;
      if (batch === 0 && every > 0 && epoch % every === 0 && epoch < epochs) {
        const metrics = metricsOf(await evaluateModel(trainer.model, context));
        host.log({ step: report.step, epoch: report.epoch, evaluation: metrics });
        host.evaluated(report, metrics);
      }
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) await save().catch(() => undefined);
    throw error;
  }
  await take();
  await save();
}

import type { Gpu } from '../../engine/index.js';
import { randomPosition, restoreRandomPosition } from '../../engine/random.js';
import type { Recipe } from '../../reid/recipes/index.js';
import { type RunFacts as CheckpointFacts, takeCheckpoint } from '../../reid/training/checkpoint.js';
import { type EvaluationContext, evaluateModel } from '../../reid/training/evaluation.js';
import { type Metrics, metricsOf } from '../../reid/training/retrieval.js';
import type { StepReport, Trainer } from '../../reid/training/trainer.js';
import { type BatchPicture, batchPictures } from './batch-pictures.js';
import type { Job } from './job.js';
import { lend } from './machine.js';
import { type LogLine, runFile } from './runs.js';
import { StorageError, store, storeJson } from './storage.js';
import { control, wanted } from './training-control.js';

/** What is told while training. */
export type TrainEvent =
  | { readonly kind: 'doing'; readonly words: string; readonly done?: number; readonly total?: number }
  | { readonly kind: 'begins'; readonly recipe: Recipe; readonly step: number; readonly log: readonly LogLine[] }
  | { readonly kind: 'before'; readonly rawPixels: Metrics; readonly untrained: Metrics }
  | {
      readonly kind: 'steps';
      readonly reports: readonly StepReport[];
      readonly left: number;
      readonly perSecond: number;
      readonly seconds: number;
      /** Bytes on the GPU now, and at most. */
      readonly memory: number;
      readonly peak: number;
    }
  | { readonly kind: 'batch'; readonly step: number; readonly pictures: readonly BatchPicture[] }
  | { readonly kind: 'evaluated'; readonly step: number; readonly epoch: number; readonly metrics: Metrics }
  | { readonly kind: 'saved'; readonly step: number }
  | { readonly kind: 'paused'; readonly step: number; readonly problem?: string }
  | { readonly kind: 'goes on' }
  | { readonly kind: 'note'; readonly words: string };

/** Milliseconds between two tellings of the page, and of its pictures of batches. */
const TELL_EVERY = 200;
const PICTURES_EVERY = 2500;
/** Milliseconds between checkpoints inside of an epoch. */
const SAVE_EVERY = 60_000;

/** A training run under way. */
export class Run {
  readonly #job: Job<TrainEvent>;
  readonly #gpu: Gpu;
  readonly #name: string;
  readonly #trainer: Trainer;
  readonly #facts: CheckpointFacts;
  readonly #log: LogLine[];
  readonly #before: number;
  readonly #start = performance.now();
  #savedAt = performance.now();
  #savedStep = -1;
  #waited = 0;

  constructor(
    job: Job<TrainEvent>,
    options: { gpu: Gpu; name: string; trainer: Trainer; facts: CheckpointFacts; log: LogLine[]; before: number },
  ) {
    this.#job = job;
    this.#gpu = options.gpu;
    this.#name = options.name;
    this.#trainer = options.trainer;
    this.#facts = options.facts;
    this.#log = options.log;
    this.#before = options.before;
  }

  /** Seconds of training, over all times that the run was gone on with. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#start - this.#waited) / 1000;
  }

  get savedStep(): number {
    return this.#savedStep;
  }

  get due(): boolean {
    return performance.now() - this.#savedAt > SAVE_EVERY;
  }

  log(line: LogLine): void {
    this.#log.push(line);
  }

  /** Checkpoint and log, each whole or not at all. */
  async save(): Promise<void> {
    const { step, state } = this.#trainer;
    if (this.#savedStep === step) return;
    const content = await takeCheckpoint(this.#trainer, this.#facts, this.seconds);
    await store(runFile(this.#name, 'checkpoint.safetensors'), content);
    await store(runFile(this.#name, 'log.jsonl'), this.#log.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await storeJson(runFile(this.#name, 'where.json'), { epoch: state.epoch, step });
    this.#savedAt = performance.now();
    this.#savedStep = step;
    this.#job.tell({ kind: 'saved', step });
  }

  /** The same; where it fails for want of room the run waits, so that somebody can make some. */
  async saveOrWait(): Promise<void> {
    for (;;) {
      try {
        return await this.save();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        control.wanted = 'pause';
        await this.wait(error.message);
        // Somebody stops for want of room: what can be saved is saved.
        if (wanted() === 'stop') return await this.save().catch(() => undefined);
      }
    }
  }

  /** Waits until somebody goes on or stops. The GPU is lent out meanwhile, and random numbers are put back. */
  async wait(problem?: string): Promise<void> {
    const position = randomPosition();
    const start = performance.now();
    this.#job.tell({ kind: 'paused', step: this.#trainer.step, problem });
    await lend(
      () =>
        new Promise<void>((resolve) => {
          control.wake = resolve;
          if (wanted() !== 'pause') resolve();
        }),
    );
    this.#waited += performance.now() - start;
    restoreRandomPosition(position);
    if (wanted() === 'run') this.#job.tell({ kind: 'goes on' });
  }

  memory(): { readonly memory: number; readonly peak: number } {
    const { live, peak } = this.#gpu.memory();
    return { memory: live, peak };
  }
}

/** Makes the steps that are left, or those until somebody stops. */
export async function makeSteps(
  run: Run,
  trainer: Trainer,
  context: EvaluationContext,
  seed: number,
  { tell, signal }: Job<TrainEvent>,
): Promise<void> {
  const { recipe } = trainer;
  const { dataset, store: pictures } = context;
  if (trainer.step === 0) await run.saveOrWait();
  let reports: StepReport[] = [];
  let told = performance.now();
  let shown = Number.NEGATIVE_INFINITY;
  let position = trainer.state;
  const speed = new Speed();
  tell({ kind: 'doing', words: 'Compiling the first step …' });
  for await (const report of trainer) {
    run.log({ ...report, seconds: Math.round(run.seconds * 1000) / 1000 });
    reports.push(report);
    speed.step();
    if (performance.now() - told > TELL_EVERY || trainer.stepsLeft === 0 || report.step <= 2) {
      told = performance.now();
      tell({
        kind: 'steps',
        reports,
        left: trainer.stepsLeft,
        perSecond: speed.perSecond,
        seconds: run.seconds,
        ...run.memory(),
      });
      reports = [];
    }
    if (performance.now() - shown > PICTURES_EVERY) {
      const made = await batchPictures({ dataset, recipe, seed, store: pictures }, position);
      tell({ kind: 'batch', step: report.step, pictures: made });
      shown = performance.now();
    }
    position = trainer.state;
    const epochEnds = position.batch === 0;
    const { every } = recipe.evaluation;
    if (epochEnds && every > 0 && position.epoch % every === 0 && position.epoch < recipe.epochs) {
      const metrics = metricsOf(await evaluateModel(trainer.model, context));
      run.log({ step: report.step, epoch: report.epoch, evaluation: metrics });
      tell({ kind: 'evaluated', step: report.step, epoch: position.epoch, metrics });
      speed.forget();
    }
    if (signal.aborted) control.wanted = 'stop';
    if (epochEnds || run.due || wanted() !== 'run') await run.saveOrWait();
    if (wanted() === 'pause') {
      await run.wait();
      speed.forget();
    }
    if (wanted() === 'stop') return;
  }
  await run.saveOrWait();
}

/** Steps in a second, over the last few. */
class Speed {
  #times: number[] = [];

  step(): void {
    this.#times.push(performance.now());
    if (this.#times.length > 20) this.#times.shift();
  }

  /** Something else took time. */
  forget(): void {
    this.#times = [];
  }

  get perSecond(): number {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    return first === undefined || last === first ? 0 : ((this.#times.length - 1) * 1000) / (last! - first);
  }
}

import type { Gpu } from '../../engine/index.js';
import { randomPosition, restoreRandomPosition } from '../../engine/random.js';
import type { Recipe } from '../../reid/recipes/index.js';
import type { BatchSource } from '../../reid/training/batches.js';
import type { Metrics } from '../../reid/training/retrieval.js';
import type { StepReport, Trainer } from '../../reid/training/trainer.js';
import type { LogLine, RunClock, RunPlace, RunWish, TrainingHost } from '../../reid/training/training-loop.js';
import { type BatchPicture, batchPictures } from './batch-pictures.js';
import type { Job } from './job.js';
import { lend } from './machine.js';
import { Pace } from './pace.js';
import { runFile } from './runs.js';
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

/** What a run under way in this page is made of. */
export interface PageRun {
  readonly gpu: Gpu;
  readonly name: string;
  readonly trainer: Trainer;
  /** Lines until now. */
  readonly log: readonly LogLine[];
  readonly clock: RunClock;
  /** What batches are made of, to be shown. */
  readonly batches: BatchSource;
}

/** A training run in this page: kept in its storage, shown while it goes, held up by its buttons. */
export class PageHost implements TrainingHost {
  readonly #job: Job<TrainEvent>;
  readonly #run: PageRun;
  readonly #log: LogLine[];
  readonly #pace = new Pace();
  #savedStep = -1;
  /** Steps that the page was not told of. */
  #reports: StepReport[] = [];
  #told = performance.now();
  #shown = Number.NEGATIVE_INFINITY;
  /** Where the next batch is. */
  #position: Trainer['state'];

  constructor(job: Job<TrainEvent>, run: PageRun) {
    this.#job = job;
    this.#run = run;
    this.#log = [...run.log];
    this.#position = run.trainer.state;
    job.tell({ kind: 'doing', words: 'Compiling the first step …' });
  }

  /** The step that the last checkpoint is of; −1 where there is none yet. */
  get savedStep(): number {
    return this.#savedStep;
  }

  log(line: LogLine): void {
    this.#log.push(line);
  }

  /** Checkpoint and log, each whole or not at all. For want of room the run waits, so that somebody can make some. */
  async save(content: AsyncIterable<Uint8Array>, place: RunPlace): Promise<boolean> {
    const file = (name: string): string => runFile(this.#run.name, name);
    try {
      await store(file('checkpoint.safetensors'), content);
      await store(file('log.jsonl'), this.#log.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await storeJson(file('where.json'), place);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // Somebody stopped for want of room.
      if (wanted() === 'stop') return true;
      control.wanted = 'pause';
      await this.pause(error.message);
      return false;
    }
    this.#savedStep = place.step;
    this.#job.tell({ kind: 'saved', step: place.step });
    return true;
  }

  async stepped(report: StepReport): Promise<void> {
    const { trainer, clock, gpu, batches } = this.#run;
    this.#reports.push(report);
    this.#pace.mark(report.step);
    const now = performance.now();
    if (now - this.#told > TELL_EVERY || trainer.stepsLeft === 0 || report.step <= 2) {
      const { live: memory, peak } = gpu.memory();
      const { perSecond } = this.#pace;
      const { seconds } = clock;
      this.#job.tell({
        kind: 'steps',
        reports: this.#reports,
        left: trainer.stepsLeft,
        perSecond,
        seconds,
        memory,
        peak,
      });
      this.#reports = [];
      this.#told = now;
    }
    if (now - this.#shown > PICTURES_EVERY) {
      const pictures = await batchPictures(batches, this.#position);
      this.#job.tell({ kind: 'batch', step: report.step, pictures });
      this.#shown = performance.now();
    }
    this.#position = trainer.state;
  }

  evaluated({ step, epoch }: StepReport, metrics: Metrics): void {
    this.#job.tell({ kind: 'evaluated', step, epoch: epoch + 1, metrics });
    this.#pace.forget();
  }

  wish(): RunWish {
    if (this.#job.signal.aborted) control.wanted = 'stop';
    const now = wanted();
    return now === 'run' ? 'go on' : now;
  }

  /** Waits until somebody goes on or stops. The GPU is lent out meanwhile, and random numbers are put back. */
  async pause(problem?: string): Promise<void> {
    const position = randomPosition();
    this.#job.tell({ kind: 'paused', step: this.#run.trainer.step, problem });
    await this.#run.clock.apart(() =>
      lend(
        () =>
          new Promise<void>((resolve) => {
            control.wake = resolve;
            if (wanted() !== 'pause') resolve();
          }),
      ),
    );
    restoreRandomPosition(position);
    this.#pace.forget();
    if (wanted() === 'run') this.#job.tell({ kind: 'goes on' });
  }
}

import type { ImageStore, LoaderState, ReidDataset } from '../../datasets/index.js';
import { type Gpu, GpuError, type StaticStep, scope, staticStep, type Tensor, tensor } from '../../engine/index.js';
import { GradScaler, type GroupOptions, type Optimiser, Scheduler } from '../../engine/optim/index.js';
import type { ReidModel } from '../models/model.js';
import type { Recipe } from '../recipes/recipe.js';
import { type TrainingBatches, trainingBatches } from './batches.js';
import { buildOptimiser } from './model.js';
import { type LossName, type Objective, objectiveOf } from './objective.js';
import { trainingStep } from './step.js';

/** What a finished step tells. */
export interface StepReport {
  /** Steps since the beginning of the run, this one included. */
  readonly step: number;
  readonly epoch: number;
  readonly images: number;
  readonly lr: number;
  readonly loss: number;
  readonly idLoss: number;
  readonly tripletLoss: number;
  /** Other parts of the loss. */
  readonly [part: LossName]: number;
}

/** Numbers are finite no more, because of too high a learning rate most likely. The last checkpoint is from before. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/**
 * Trains a model by a recipe, step by step. What a step does depends on the recipe, the data, the seed and the number of the
 * step alone; `state` and the model's and optimiser's tensors are all that a later run needs to go on to the same bits.
 *
 * @example
 *   const trainer = new Trainer({ gpu, dataset, recipe, seed: 1, model });
 *   for await (const report of trainer) console.log(report.loss);
 */
export class Trainer implements AsyncIterable<StepReport> {
  readonly recipe: Recipe;
  readonly model: ReidModel;
  readonly objective: Objective;
  readonly optimiser: Optimiser<GroupOptions>;
  /** Of recipes with float16. */
  readonly scaler: GradScaler | undefined;
  readonly #gpu: Gpu;
  readonly #loader: TrainingBatches;
  readonly #scheduler: Scheduler;
  readonly #update: StaticStep<[Tensor, Tensor], Tensor>;
  #step = 0;
  #left = 0;

  constructor(options: {
    readonly gpu: Gpu;
    readonly dataset: ReidDataset;
    readonly recipe: Recipe;
    readonly seed: number;
    readonly model: ReidModel;
    readonly store?: ImageStore;
  }) {
    const { gpu, dataset, recipe, seed, model, store } = options;
    this.recipe = recipe;
    this.model = model;
    this.#gpu = gpu;
    this.#loader = trainingBatches({ dataset, recipe, seed, store });
    this.objective = objectiveOf(recipe, model);
    this.optimiser = buildOptimiser(recipe, model);
    this.#scheduler = new Scheduler(this.optimiser, recipe.schedule);
    if (recipe.precision === 'float16') {
      if (!gpu.has('shader-f16')) {
        throw new GpuError(
          'precision float16: this adapter has no half precision (shader-f16). Train with --set precision=float32.',
        );
      }
      this.scaler = new GradScaler({ gpu });
    }
    this.#update = staticStep((images, labels) => trainingStep(this, images, labels), gpu);
  }

  /** Steps that were made. */
  get step(): number {
    return this.#step;
  }

  /** About how many steps are to come, once the first was made: epochs differ a little in length. */
  get stepsLeft(): number {
    return this.#left;
  }

  /** Where training stands: the next batch, and the number of steps made. */
  get state(): LoaderState & { readonly step: number } {
    return { ...this.#loader.state, step: this.#step };
  }

  set state({ step, ...loader }: LoaderState & { readonly step: number }) {
    this.#loader.state = loader;
    this.#step = step;
  }

  /**
   * Makes the steps that are left, up to the recipe's last epoch.
   *
   * @throws DivergedError when a loss is no finite number, naming the step and the learning rate
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StepReport, void, undefined> {
    this.model.train();
    const { epochs } = this.recipe;
    while (this.#loader.state.epoch < epochs) {
      if (this.#loader.batchCount === 0)
        throw new RangeError('An epoch has no batches: the training set is too small for one.');
      for await (const { images, shape, labels, indices, epoch, index, count } of this.#loader) {
        this.#scheduler.epoch = epoch + index / count;
        const lr = this.optimiser.groups[0]!.lr;
        const losses = await this.#run(images, shape, labels);
        const loss = losses.at(-1)!;
        this.#step++;
        this.#left = count - 1 - index + (epochs - 1 - epoch) * count;
        if (!Number.isFinite(loss)) throw this.diverged(`The loss of step ${this.#step} is ${loss}`);
        const parts = Object.fromEntries(this.objective.names.map((name, i) => [name, losses[i]!]));
        yield { step: this.#step, epoch, images: indices.length, lr, loss, ...parts } as StepReport;
      }
    }
  }

  /** The error that ends training after the newest step; `what` is what is not finite. */
  diverged(what: string): DivergedError {
    const lr = this.optimiser.groups[0]!.lr.toPrecision(3);
    return new DivergedError(
      `${what}, at learning rate ${lr}. Training stopped; the last checkpoint is from before. Resume with a lower rate, for ` +
        `example --set optimiser.lr=${(this.recipe.optimiser.lr / 10).toPrecision(1)}.`,
    );
  }

  /** One step; the parts of the loss and the whole come back in one read. */
  #run(images: Float32Array, shape: readonly number[], labels: Int32Array): Promise<Float32Array> {
    return scope(async () => {
      const gpu = this.#gpu;
      const losses = this.#update(tensor(images, shape, { gpu }), tensor(labels, [labels.length], { gpu }));
      return (await losses.read()) as Float32Array;
    }, this.#gpu);
  }

  /** Ends the loader's threads, and gives the memory of the recorded step back. */
  async close(): Promise<void> {
    await this.#loader.close();
    await this.#update.release();
  }
}

import {
  type ImageStore,
  identitySampler,
  Loader,
  type LoaderState,
  type ReidDataset,
  trainTransform,
} from '../../datasets/index.js';
import { backward, crossEntropy, type Gpu, scope, type Tensor, tensor } from '../../engine/index.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { type GroupOptions, type Optimiser, Scheduler } from '../../engine/optim/index.js';
import { batchHardTriplet } from '../losses/triplet.js';
import type { Baseline } from '../models/baseline.js';
import type { Recipe } from '../recipes/recipe.js';
import { buildOptimiser } from './model.js';

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
  readonly model: Baseline;
  readonly optimiser: Optimiser<GroupOptions>;
  readonly #gpu: Gpu;
  readonly #loader: Loader;
  readonly #scheduler: Scheduler;
  #step = 0;
  #left = 0;

  constructor(options: {
    readonly gpu: Gpu;
    readonly dataset: ReidDataset;
    readonly recipe: Recipe;
    readonly seed: number;
    readonly model: Baseline;
    readonly store?: ImageStore;
  }) {
    const { gpu, dataset, recipe, seed, model, store } = options;
    this.recipe = recipe;
    this.model = model;
    this.#gpu = gpu;
    this.#loader = new Loader(dataset, dataset.train, {
      sampler: identitySampler({ labels: dataset.train.map(({ identity }) => identity), ...recipe.sampler, seed }),
      transform: trainTransform({ erase: undefined, ...recipe.input, ...recipe.augment }),
      seed,
      store,
    });
    this.optimiser = buildOptimiser(recipe, model);
    this.#scheduler = new Scheduler(this.optimiser, recipe.schedule);
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
      for await (const { images, shape, labels, epoch, index, count } of this.#loader) {
        this.#scheduler.epoch = epoch + index / count;
        const lr = this.optimiser.groups[0]!.lr;
        const [idLoss, tripletLoss, loss] = await this.#update(images, shape, labels);
        this.#step++;
        this.#left = count - 1 - index + (epochs - 1 - epoch) * count;
        if (!Number.isFinite(loss)) throw this.diverged(`The loss of step ${this.#step} is ${loss}`);
        yield { step: this.#step, epoch, images: shape[0], lr, loss, idLoss, tripletLoss };
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

  /** One step: forward, backward, update. The three losses come back in one read. */
  #update(images: Float32Array, shape: readonly number[], labels: Int32Array): Promise<[number, number, number]> {
    const { loss: weights } = this.recipe;
    return scope(async () => {
      const { features, logits } = this.model.losses(tensor(images, shape, { gpu: this.#gpu }));
      const id = crossEntropy(logits, tensor(labels, [labels.length], { gpu: this.#gpu }), {
        labelSmoothing: weights.labelSmoothing,
      });
      const triplet = batchHardTriplet(features, labels, weights.margin);
      const loss = add(mul(id, weights.idWeight), mul(triplet, weights.tripletWeight));
      backward(loss);
      this.optimiser.step();
      this.optimiser.zeroGrad();
      return readScalars(id, triplet, loss);
    }, this.#gpu);
  }

  /** Ends the loader's threads. */
  close(): Promise<void> {
    return this.#loader.close();
  }
}

async function readScalars(...scalars: readonly Tensor[]): Promise<[number, number, number]> {
  const values = await Promise.all(scalars.map((scalar) => scalar.item()));
  return values as [number, number, number];
}

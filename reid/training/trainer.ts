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

/** Training stopped because a loss was no number; nothing was saved after that step. */
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

  get stepsPerEpoch(): number {
    return this.#loader.sampler.batches(this.#loader.state.epoch).length;
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
    while (this.#loader.state.epoch < this.recipe.epochs) {
      let seen = 0;
      for await (const { images, shape, labels, epoch, index, count } of this.#loader) {
        seen++;
        this.#scheduler.epoch = epoch + index / count;
        const lr = this.optimiser.groups[0]!.lr;
        const [idLoss, tripletLoss, loss] = await this.#update(images, shape, labels);
        this.#step++;
        if (!Number.isFinite(loss)) {
          throw new DivergedError(
            `The loss of step ${this.#step} (epoch ${epoch + 1}) is ${loss} at learning rate ${lr.toPrecision(3)}. ` +
              'Training stopped; the last checkpoint is from before this step. Resume with a lower rate, for example ' +
              `--set optimiser.lr=${(this.recipe.optimiser.lr / 3).toPrecision(1)}.`,
          );
        }
        yield { step: this.#step, epoch, images: shape[0], lr, loss, idLoss, tripletLoss };
      }
      if (seen === 0 && this.stepsPerEpoch === 0)
        throw new RangeError('An epoch has no batches: the training set is too small for one.');
    }
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

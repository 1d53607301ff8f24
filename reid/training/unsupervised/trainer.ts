import type { ImageStore, LoaderState, UnlabelledDataset } from '../../../datasets/index.js';
import { type Gpu, type StaticStep, scope, staticStep, type Tensor, tensor } from '../../../engine/index.js';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { type GroupOptions, type Optimiser, Scheduler } from '../../../engine/optim/index.js';
import { gpuPoints } from '../../metrics/reranking/gpu-points.js';
import type { Encoder } from '../../models/encoder.js';
import type { GAM } from '../../models/gam.js';
import type { RetrievalModel } from '../../models/model.js';
import type { UnsupervisedRecipe } from '../../recipes/unsupervised.js';
import { extractFeatures, type Features } from '../features.js';
import type { Progress } from '../progress.js';
import { DivergedError } from '../trainer.js';
import type { Batches } from './batches.js';
import { camerasFor, centredByCamera } from './cameras.js';
import { contrastMethod } from './contrast-method.js';
import { gamMethod } from './gam-method.js';
import type { Clustering, Method, PseudoLabels } from './method.js';

/** A step of training was made. */
export interface UnsupervisedStep {
  readonly kind: 'step';
  /** Steps since the beginning of the run, this one included. */
  readonly step: number;
  readonly round: number;
  readonly epoch: number;
  readonly images: number;
  readonly lr: number;
  readonly clusters: number;
  /** By name; `loss` is what was minimised. */
  readonly losses: Readonly<Record<string, number>> & { readonly loss: number };
}

/** The training of a round is done: the moment to evaluate. */
export interface RoundTrained {
  readonly kind: 'trained';
  readonly round: number;
  readonly clusters: number;
}

/** There are new clusters, with which `round` trains. */
export interface RoundClustered extends Clustering {
  readonly kind: 'clustered';
  readonly round: number;
  /** The clusters before; of the first clustering of a run every picture its own. */
  readonly before: PseudoLabels;
}

export type UnsupervisedEvent = UnsupervisedStep | RoundTrained | RoundClustered;

/** Where training without labels stands. */
export interface UnsupervisedPosition extends LoaderState {
  readonly step: number;
  readonly round: number;
  /** What comes next in the round. */
  readonly phase: 'train' | 'cluster';
}

export interface UnsupervisedTrainerOptions {
  readonly gpu: Gpu;
  readonly dataset: UnlabelledDataset;
  readonly recipe: UnsupervisedRecipe;
  readonly seed: number;
  /** What the recipe builds. */
  readonly model: RetrievalModel;
  readonly store: ImageStore;
  /** Makes what shows how far features are. */
  readonly progress?: () => Progress;
}

function methodOf({ recipe, model, ...context }: UnsupervisedTrainerOptions): Method {
  return recipe.method === 'gam'
    ? gamMethod({ ...context, recipe, model: model as GAM })
    : contrastMethod({ ...context, recipe, model: model as Encoder });
}

/** What a round of training works with. */
interface Round {
  readonly batches: Batches;
  readonly memory: Tensor;
  readonly update: StaticStep<[Tensor, Tensor], Tensor>;
}

/**
 * Trains a model without labels: rounds of training with pseudo-labels, and of clustering that rewrites them. What happens depends on
 * the recipe, the pictures and the seed alone; `state`, `arrays()` and the model's and optimiser's tensors are all that a later run
 * needs to go on to the same bits, from wherever it was stopped.
 *
 * @example
 *   const trainer = new UnsupervisedTrainer({ gpu, dataset: withoutLabels(dataset, 1), recipe, seed: 1, model, store });
 *   for await (const event of trainer) if (event.kind === 'clustered') console.log(event.clusters);
 */
export class UnsupervisedTrainer implements AsyncIterable<UnsupervisedEvent> {
  readonly recipe: UnsupervisedRecipe;
  readonly model: RetrievalModel;
  readonly method: Method;
  readonly scaler: undefined;
  readonly #options: UnsupervisedTrainerOptions;
  readonly #cameras: Int32Array | undefined;
  #optimiser: Optimiser<GroupOptions>;
  /** Knows the rates that its optimiser was made with. */
  #scheduler: Scheduler;
  #position: UnsupervisedPosition;
  #pseudo: PseudoLabels;
  #features: Features | undefined;
  #table: NamedArray | undefined;
  #round: Round | undefined;

  constructor(options: UnsupervisedTrainerOptions) {
    const { recipe, model, dataset } = options;
    this.recipe = recipe;
    this.model = model;
    this.#options = options;
    this.method = methodOf(options);
    this.#cameras = camerasFor(recipe.clustering.cameras, dataset);
    [this.#optimiser, this.#scheduler] = this.#newOptimiser(0)!;
    this.#position = { epoch: 0, batch: 0, step: 0, round: 0, phase: this.method.begins };
    const count = dataset.pictures.length;
    this.#pseudo = { labels: Int32Array.from({ length: count }, (_, i) => i), clusters: count };
  }

  /** What moves the weights from a round on, or undefined where the one before goes on. */
  #newOptimiser(round: number): [Optimiser<GroupOptions>, Scheduler] | undefined {
    const optimiser = this.method.optimiser(round);
    return optimiser && [optimiser, new Scheduler(optimiser, this.method.schedule(round).course)];
  }

  get optimiser(): Optimiser<GroupOptions> {
    return this.#optimiser;
  }

  /** Steps that were made. */
  get step(): number {
    return this.#position.step;
  }

  get state(): UnsupervisedPosition {
    return { ...this.#position, ...this.#round?.batches.state };
  }

  /** The clusters with which the round trains. */
  get pseudo(): PseudoLabels {
    return this.#pseudo;
  }

  /** Steps of the round that were and are to be made, about. */
  get roundSteps(): { readonly done: number; readonly all: number } {
    const { first, count } = this.method.epochs(this.#position.round);
    const { epoch, batch } = this.state;
    const each = this.#round?.batches.count ?? 0;
    return { done: (epoch - first) * each + batch, all: count * each };
  }

  /** What of a run is neither model nor optimiser: pseudo-labels, and the memory that a round trains against. */
  async arrays(): Promise<Map<string, NamedArray>> {
    const { labels } = this.#pseudo;
    const arrays = new Map<string, NamedArray>([['labels', { dtype: 'int32', shape: [labels.length], data: labels }]]);
    const memory = this.#round?.memory;
    if (memory) {
      arrays.set('table', { dtype: 'float32', shape: memory.shape, data: (await memory.read()) as Float32Array });
    } else if (this.#table) arrays.set('table', this.#table);
    return arrays;
  }

  /**
   * Puts the trainer where `state` and `arrays()` were read. The model's weights are loaded before, the optimiser's state after, which
   * is a new one then.
   *
   * @throws RangeError where they are of another number of pictures
   */
  async restore(position: UnsupervisedPosition, arrays: ReadonlyMap<string, NamedArray>): Promise<void> {
    await this.#end();
    const labels = arrays.get('labels');
    const count = this.#pseudo.labels.length;
    if (labels?.data.length !== count) {
      throw new RangeError(
        `the run was trained on ${labels?.data.length ?? 0} pictures, the data has ${count}. Was it changed?`,
      );
    }
    const numbers = Int32Array.from(labels.data as Int32Array);
    this.#pseudo = { labels: numbers, clusters: numbers.reduce((most, label) => Math.max(most, label + 1), 0) };
    this.#position = position;
    this.#table = arrays.get('table');
    // Where clustering comes next, the optimiser is that of the round before.
    const round = position.phase === 'cluster' ? Math.max(position.round - 1, 0) : position.round;
    [this.#optimiser, this.#scheduler] = (this.#newOptimiser(round) ?? this.#newOptimiser(0))!;
  }

  /** @throws DivergedError when a loss or a feature is no finite number */
  async *[Symbol.asyncIterator](): AsyncGenerator<UnsupervisedEvent, void, undefined> {
    const { rounds, begins } = this.method;
    const last = begins === 'train' ? rounds : rounds - 1;
    while (this.#position.round <= last) {
      const { phase, round } = this.#position;
      if (phase === 'cluster') yield await this.#cluster();
      if (round === rounds) break;
      yield* this.#train();
    }
  }

  async #cluster(): Promise<RoundClustered> {
    const { round, step } = this.#position;
    const before = this.#pseudo;
    const features = await this.#extract();
    const { gpu, dataset } = this.#options;
    const nameOf = (i: number) => dataset.pictures[i]!.path;
    const compared = this.#cameras ? centredByCamera(features, this.#cameras) : features;
    const points = await gpuPoints(gpu, compared, { unit: true, nameOf });
    try {
      const clustering = await this.method.cluster(points, before);
      this.#pseudo = { labels: clustering.labels, clusters: clustering.clusters };
      this.#features = features;
      this.#table = undefined;
      if (round < this.method.rounds) {
        const made = round > 0 ? this.#newOptimiser(round) : undefined;
        if (made) [this.#optimiser, this.#scheduler] = made;
        this.#begin();
      }
      this.#position = { epoch: this.method.epochs(round).first, batch: 0, step, round, phase: 'train' };
      // Behind the last clustering nothing is to come.
      if (round === this.method.rounds) this.#position = { ...this.#position, round: round + 1, phase: 'cluster' };
      return { kind: 'clustered', round, before, ...clustering };
    } finally {
      points.release();
    }
  }

  /** Features of all pictures in the order of their numbers, as retrieval would compare them. */
  async #extract(): Promise<Features> {
    const { gpu, dataset, recipe, store, progress } = this.#options;
    const shown = progress?.();
    this.model.eval();
    try {
      const options = { gpu, dataset, recipe, store, progress: shown };
      return await extractFeatures((x) => this.model.forward(x), dataset.pictures, options);
    } finally {
      shown?.end();
      this.model.train();
    }
  }

  /** Makes what the round works with, from where `restore` left it if it did. */
  #begin(): Round {
    const { round, epoch, batch } = this.#position;
    const { gpu } = this.#options;
    const range = this.method.epochs(round);
    const batches = this.method.batches(this.#pseudo);
    const inside = epoch >= range.first;
    batches.state = inside ? { epoch, batch } : { epoch: range.first, batch: 0 };
    const table = this.#table;
    const memory = table
      ? tensor(Float32Array.from(table.data as Float32Array), table.shape, { gpu })
      : this.method.memory(this.#pseudo, this.#features);
    memory.keep();
    this.#features = undefined;
    this.#table = undefined;
    const optimiser = this.#optimiser;
    const update = staticStep(
      (images: Tensor, labels: Tensor) => this.method.step(images, labels, memory, optimiser),
      gpu,
    );
    this.#round = { batches, memory, update };
    return this.#round;
  }

  async *#train(): AsyncGenerator<UnsupervisedEvent, void, undefined> {
    const { round } = this.#position;
    const { first, count } = this.method.epochs(round);
    const { from } = this.method.schedule(round);
    const current = this.#round ?? this.#begin();
    const { batches, memory, update } = current;
    const { clusters } = this.#pseudo;
    this.model.train();
    while (batches.state.epoch < first + count) {
      for await (const batch of batches) {
        const { epoch, index } = batch;
        this.#scheduler.epoch = (from === 'run' ? epoch : epoch - first) + index / batch.count;
        const { lr } = this.#optimiser.groups.at(-1)!;
        const values = await this.#run(update, batch);
        const step = this.#position.step + 1;
        this.#position = { ...this.#position, step };
        const losses = Object.fromEntries(this.method.losses.map((name, i) => [name, values[i]!]));
        const loss = losses.loss!;
        if (!Number.isFinite(loss)) throw this.diverged(`The loss of step ${step} is ${loss}`);
        const images = batch.shape[0];
        yield { kind: 'step', step, round, epoch, images, lr, clusters, losses: { ...losses, loss } };
      }
    }
    await this.#end();
    memory.storage.release();
    this.#position = { ...this.#position, epoch: first + count, batch: 0, round: round + 1, phase: 'cluster' };
    yield { kind: 'trained', round, clusters };
  }

  #run(
    update: Round['update'],
    { images, shape, labels }: { images: Float32Array; shape: readonly number[]; labels: Int32Array },
  ): Promise<ArrayLike<number>> {
    const { gpu } = this.#options;
    return scope(async () => {
      const losses = update(tensor(images, shape, { gpu }), tensor(labels, [labels.length], { gpu }));
      return await losses.read();
    }, gpu);
  }

  async #end(): Promise<void> {
    const round = this.#round;
    this.#round = undefined;
    await round?.batches.close();
    await round?.update.release();
  }

  /** The error that ends training after the newest step; `what` is what is not finite. */
  diverged(what: string): DivergedError {
    const lr = this.#optimiser.groups.at(-1)!.lr.toPrecision(3);
    return new DivergedError(
      `${what}, at learning rate ${lr}. Training stopped; the last checkpoint is from before. Resume with a lower rate, for ` +
        `example --set optimiser.lr=${(this.recipe.optimiser.lr / 10).toPrecision(1)}.`,
    );
  }

  /** Gives the memory of the recorded step back. */
  async close(): Promise<void> {
    await this.#end();
  }
}

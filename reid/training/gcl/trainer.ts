import type { ImageStore, Loader, UnlabelledDataset } from '../../../datasets/index.js';
import { DatasetError } from '../../../datasets/index.js';
import { type Gpu, type StaticStep, scope, staticStep, type Tensor, tensor } from '../../../engine/index.js';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { type GroupOptions, type Optimiser, type Schedule, Scheduler } from '../../../engine/optim/index.js';
import { gpuPoints } from '../../metrics/reranking/gpu-points.js';
import type { IdentityEncoder } from '../../models/gcl/identity-net.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import { extractFeatures } from '../features.js';
import type { Progress } from '../progress.js';
import { DivergedError } from '../trainer.js';
import type { PseudoLabels } from '../unsupervised/method.js';
import { type AnyBatch, type Argument, stepArguments } from './arguments.js';
import { StructuredBatches, type StructureMaps } from './batches.js';
import { clusterMemory, type GCLClusters, prototypesOf } from './clusters.js';
import { RowDraws } from './draws.js';
import type { GCLClustered, GCLEvent, GCLPosition } from './events.js';
import { type GCLOptimisers, optimisersOf, setDrawingRates } from './networks.js';
import { readStage, writeStage } from './stage-state.js';
import { drawingStep, jointStep, type NamedStep, versionStep, warmUpStep } from './stage-steps.js';
import type { GCLNetworks } from './step.js';
import { emptyMemory, warmUpLoader, warmUpMomentum } from './warm-up.js';
import { bankMomentum, clusterBank, isBankDue, randomBank, versionLoader } from './warm-up-versions.js';

export interface GCLTrainerOptions {
  readonly gpu: Gpu;
  readonly dataset: UnlabelledDataset;
  readonly recipe: GCLRecipe;
  readonly seed: number;
  readonly nets: GCLNetworks;
  readonly store: ImageStore;
  /** Not needed by the first stage. */
  readonly maps?: StructureMaps;
  readonly progress?: () => Progress;
  /** Whether the generator came with weights of its own, so that it begins as it is. Default false. */
  readonly drawsAlready?: boolean;
}

/** What an epoch of a stage works with. */
interface Epoch {
  readonly loader: Loader | StructuredBatches;
  readonly step: NamedStep<never>;
  readonly update: StaticStep<readonly Tensor[], Tensor>;
  readonly centres?: Tensor;
  readonly draws?: RowDraws;
}

/**
 * Trains GCL in its stages. What happens depends on the recipe, the pictures, their structure and the seed alone; `state`, `arrays()` and
 * the encoder's and its optimiser's tensors are all that a later run needs to go on to the same bits, from wherever it was stopped.
 *
 * @example
 *   const trainer = new GCLTrainer({ gpu, dataset, recipe: gclSmall, seed: 1, nets: buildGCL(gclSmall), store, maps });
 *   for await (const event of trainer) if (event.kind === 'step') console.log(event.losses.loss);
 */
export class GCLTrainer implements AsyncIterable<GCLEvent> {
  readonly recipe: GCLRecipe;
  readonly nets: GCLNetworks;
  readonly scaler: undefined;
  readonly #options: GCLTrainerOptions;
  #optimisers: GCLOptimisers;
  #scheduler: Scheduler;
  #position: GCLPosition;
  #memory: Tensor | undefined;
  #pseudo: GCLClusters | undefined;
  #centres: NamedArray | undefined;
  #epoch: Epoch | undefined;

  constructor(options: GCLTrainerOptions) {
    const { recipe, nets } = options;
    this.#options = options;
    this.recipe = recipe;
    this.nets = nets;
    const stage = recipe.stages[0]!;
    if (stage > 1 || recipe.stages.length > 1) this.#drawable();
    this.#position = { step: 0, stage, epoch: 0, batch: 0, phase: this.#phaseOf(stage, 0) };
    this.#optimisers = optimisersOf(recipe, nets, stage);
    this.#scheduler = new Scheduler(this.optimiser, this.#course(stage));
  }

  /** The encoder: what retrieves. */
  get model(): IdentityEncoder {
    return this.nets.identity;
  }

  /** Of the encoder; of the second stage the one that the third begins with. */
  get optimiser(): Optimiser<GroupOptions> {
    return this.#optimisers.identity;
  }

  get optimisers(): GCLOptimisers {
    return this.#optimisers;
  }

  get step(): number {
    return this.#position.step;
  }

  get state(): GCLPosition {
    const position = { ...this.#position, ...this.#epoch?.loader.state };
    // Behind the last batch of an epoch there may be new clusters to be made first.
    const next = position.epoch > this.#position.epoch;
    return { ...position, phase: next ? this.#phaseOf(position.stage, position.epoch) : position.phase };
  }

  /** What an epoch begins with. */
  #phaseOf(stage: number, epoch: number): GCLPosition['phase'] {
    if (stage === 2) {
      const fits = epoch === 0 && this.recipe.generator.start === 'fitted' && !this.#options.drawsAlready;
      return fits ? 'fit' : 'train';
    }
    return stage === 3 || (stage === 1 && isBankDue(this.recipe, epoch)) ? 'cluster' : 'train';
  }

  /** The newest clusters: of stage 3, or of a warm-up by JVTC. */
  get pseudo(): PseudoLabels | undefined {
    return this.#pseudo;
  }

  /** Steps of the stage that were and are to be made, about. */
  get stageSteps(): { readonly done: number; readonly all: number } {
    const { stage, epoch, batch } = this.state;
    const loader = this.#epoch?.loader;
    const each = loader instanceof StructuredBatches ? loader.count : (loader?.batchCount ?? 0);
    return { done: epoch * each + batch, all: this.#epochs(stage) * each };
  }

  #epochs(stage: number): number {
    const { epochs, drawing, joint } = this.recipe;
    return stage === 1 ? epochs : stage === 2 ? drawing.epochs : joint.epochs;
  }

  /** Of the encoder's rate. Generator and discriminator keep theirs. */
  #course(stage: number): Schedule {
    const { schedule, joint } = this.recipe;
    if (stage === 1) return schedule;
    if (stage === 2) return { kind: 'constant' };
    return { kind: 'multiStep', milestones: [joint.milestone], gamma: joint.gamma, each: 'epoch' };
  }

  /** Pictures of which something can be drawn. */
  #drawable(): number[] {
    const { dataset, maps } = this.#options;
    if (!maps) {
      throw new DatasetError(
        'Stages 2 and 3 of GCL draw from structure maps: give them by --structure, for example --structure walker.',
      );
    }
    return Array.from(dataset.pictures.keys()).filter((i) => maps.has(dataset.pictures[i]!));
  }

  /** All of a run that is neither the encoder nor its optimiser. */
  arrays(): Promise<Map<string, NamedArray>> {
    return writeStage({
      nets: this.nets,
      optimisers: this.#optimisers,
      memory: this.#memory,
      pseudo: this.#pseudo,
      centres: this.#epoch?.centres ?? this.#centres,
    });
  }

  /**
   * Puts the trainer where `state` and `arrays()` were read. The encoder's weights are loaded before, its optimiser's state after.
   *
   * @throws RangeError where they are of another number of pictures
   */
  async restore(position: GCLPosition, arrays: ReadonlyMap<string, NamedArray>): Promise<void> {
    await this.#end();
    const { gpu, dataset, nets, recipe } = this.#options;
    this.#position = position;
    this.#optimisers = optimisersOf(recipe, nets, Math.min(position.stage, 3));
    this.#scheduler = new Scheduler(this.optimiser, this.#course(position.stage));
    const found = readStage(arrays, { gpu, nets, optimisers: this.#optimisers });
    const rows = found.memory?.shape[0] ?? found.pseudo?.labels.length ?? dataset.pictures.length;
    if (rows !== dataset.pictures.length) {
      throw new RangeError(
        `the run was trained on ${rows} pictures, the data has ${dataset.pictures.length}. Was it changed?`,
      );
    }
    this.#memory = found.memory;
    this.#pseudo = found.pseudo;
    this.#centres = found.centres;
  }

  /** @throws DivergedError when a loss or a feature is no finite number */
  async *[Symbol.asyncIterator](): AsyncGenerator<GCLEvent, void, undefined> {
    const { stages } = this.recipe;
    const last = stages.at(-1)!;
    while (this.#position.stage <= last) {
      const { stage } = this.#position;
      const frozen = stage === 2;
      this.nets.identity.requiresGrad_(!frozen);
      while (this.#position.epoch < this.#epochs(stage)) {
        if (this.#position.phase === 'cluster') yield await this.#cluster();
        if (this.#position.phase === 'fit') await this.#fit();
        yield* this.#train();
      }
      this.nets.identity.requiresGrad_(true);
      this.#next(stage);
      yield { kind: 'stage', stage };
    }
  }

  /** Goes on to the stage behind one that is done. */
  #next(stage: number): void {
    const { step } = this.#position;
    this.#position = { step, stage: stage + 1, epoch: 0, batch: 0, phase: this.#phaseOf(stage + 1, 0) };
    // Generator and discriminator go on with their moments in stage 3.
    if (stage === 1) this.#optimisers = optimisersOf(this.recipe, this.#options.nets, 2);
    this.#scheduler = new Scheduler(this.optimiser, this.#course(stage + 1));
    if (stage === 3) return;
    this.#memory?.storage.release();
    this.#memory = undefined;
  }

  async #cluster(): Promise<GCLClustered> {
    const { stage, epoch } = this.#position;
    const found = stage === 1 ? await this.#clusterBank() : await this.#clusterMemory();
    this.#pseudo = found;
    this.#position = { ...this.#position, phase: 'train' };
    return { kind: 'clustered', stage, epoch, ...found };
  }

  /** The memory of the warm-up, as it is or as it begins. */
  #warmUpMemory(): Tensor {
    const { gpu, dataset, recipe, seed, nets } = this.#options;
    const [rows, width] = [dataset.pictures.length, nets.identity.embedding];
    this.#memory ??= recipe.warmup === 'jvtc' ? randomBank(gpu, rows, width, seed) : emptyMemory(gpu, rows, width);
    return this.#memory;
  }

  #clusterBank(): Promise<GCLClusters> {
    const { pictures } = this.#options.dataset;
    return clusterBank(this.#warmUpMemory(), this.recipe, (i) => pictures[i]!.path);
  }

  async #clusterMemory(): Promise<GCLClusters> {
    const { gpu, dataset } = this.#options;
    const features = !this.#memory || this.recipe.joint.refresh ? await this.#features() : undefined;
    if (features) {
      this.#memory?.storage.release();
      this.#memory = tensor(features.data, [features.count, features.dimension], { gpu }).keep();
    }
    const memory = this.#memory!;
    const [count, dimension] = memory.shape as [number, number];
    const data = (await memory.read()) as Float32Array;
    const points = await gpuPoints(gpu, { data, dimension }, { unit: true, nameOf: (i) => dataset.pictures[i]!.path });
    const found = await clusterMemory(points, this.recipe.clustering).finally(() => points.release());
    const { labels, clusters, eps } = found;
    const { batch } = this.recipe.joint;
    const usable = this.#drawable().filter((i) => labels[i]! >= 0).length;
    if (clusters < 1 || usable < batch) {
      throw new DatasetError(
        `DBSCAN puts ${usable} of ${count} pictures into ${clusters} clusters: too few for a batch of ${batch}. Take a larger ` +
          `--set clustering.eps= (now ${eps.toPrecision(3)}), a smaller --set clustering.minSamples=, or a longer first stage.`,
      );
    }
    const centres = prototypesOf(found, data, dimension);
    this.#centres = { dtype: 'float32', shape: [clusters, dimension], data: centres };
    return found;
  }

  /** What the encoder says of all pictures; by default their features as retrieval compares them. */
  async #features(
    ofPictures = (images: Tensor): Tensor => this.model.forward(images),
    recipe: Pick<GCLRecipe, 'input' | 'evaluation'> = this.recipe,
  ) {
    const { gpu, dataset, store, progress } = this.#options;
    const shown = progress?.();
    this.model.eval();
    try {
      const options = { gpu, dataset, recipe, store, progress: shown };
      return await extractFeatures(ofPictures, dataset.pictures, options);
    } finally {
      shown?.end();
    }
  }

  /** Lets the generator begin with the codes of the pictures. */
  async #fit(): Promise<void> {
    const { input, evaluation } = this.recipe;
    // Codes as they are drawn from: never those of mirrored pictures.
    const asDrawn = { input, evaluation: { ...evaluation, flip: false } };
    const { data, dimension } = await this.#features((images) => this.model.identify(images).code, asDrawn);
    await this.nets.generator.fitCodes(data, dimension);
    this.#position = { ...this.#position, phase: 'train' };
  }

  /** What the rest of an epoch works with. */
  #begin(): Epoch {
    const { gpu, dataset, recipe, seed, store, maps, nets } = this.#options;
    const { stage, epoch, batch } = this.#position;
    const context = { recipe, nets, optimisers: this.#optimisers };
    const made = (loader: Epoch['loader'], step: NamedStep<never>, rest: Partial<Epoch> = {}): Epoch => {
      loader.state = { epoch, batch };
      const run = step.run as unknown as (...args: readonly Tensor[]) => Tensor;
      return { loader, step, update: staticStep(run, gpu), ...rest };
    };
    if (stage === 1 && recipe.warmup === 'jvtc') {
      const course = { momentum: bankMomentum(recipe, epoch), clustered: this.#pseudo !== undefined };
      const step = versionStep(context, this.#warmUpMemory(), course);
      return made(versionLoader(recipe, dataset, seed, store), step as NamedStep<never>);
    }
    if (stage === 1) {
      const step = warmUpStep(context, this.#warmUpMemory(), warmUpMomentum(recipe, epoch));
      return made(warmUpLoader(recipe, dataset, seed, store), step as NamedStep<never>);
    }
    const labels = stage === 3 ? this.#pseudo!.labels : undefined;
    const rows = this.#drawable().filter((i) => !labels || labels[i]! >= 0);
    const size = stage === 3 ? recipe.joint.batch : recipe.drawing.batch;
    if (rows.length < size) {
      throw new DatasetError(
        `${rows.length} pictures with structure maps are too few for a batch of ${size}: take a smaller --set drawing.batch= and joint.batch=.`,
      );
    }
    const loader = new StructuredBatches({
      dataset,
      rows,
      batch: size,
      recipe,
      seed: seed + stage,
      store,
      maps: maps!,
    });
    if (stage === 2) return made(loader, drawingStep(context) as NamedStep<never>);
    const { shape, data } = this.#centres!;
    const centres = tensor(Float32Array.from(data as Float32Array), shape, { gpu }).keep();
    const step = jointStep(context, { memory: this.#memory!, centres });
    return made(loader, step as NamedStep<never>, { centres, draws: new RowDraws(labels!, recipe.joint.negatives) });
  }

  async *#train(): AsyncGenerator<GCLEvent, void, undefined> {
    const { stage, epoch } = this.#position;
    this.nets.identity.train(stage === 1 || (stage === 3 && this.recipe.joint.bnStats !== 'frozen'));
    this.nets.generator.train();
    this.nets.discriminator.train();
    this.#epoch ??= this.#begin();
    const { loader, step, update } = this.#epoch;
    // Where the loop was left behind the last batch, the loader stands at the next epoch.
    const batches = loader.state.epoch === epoch ? (loader as AsyncIterable<AnyBatch>) : [];
    for await (const batch of batches) {
      const time = epoch + batch.index / batch.count;
      this.#scheduler.epoch = time;
      if (stage > 1) setDrawingRates(this.#optimisers, stage === 2 ? this.recipe.drawing : this.recipe.joint, time);
      const args = await stepArguments(batch, {
        ...this.#options,
        stage,
        memory: this.#memory,
        draws: this.#epoch.draws,
        labels: this.#pseudo?.labels,
      });
      const values = await this.#run(update, args);
      const number = this.#position.step + 1;
      this.#position = { ...this.#position, step: number };
      const losses = Object.fromEntries(step.names.map((name, i) => [name, values[i]!]));
      const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
      if (bad) throw this.diverged(`The ${bad[0]} of step ${number} is ${bad[1]}`);
      const images = args[0]!.shape[0]!;
      const lr = stage === 2 ? this.#optimisers.generator.groups[0]!.lr : this.optimiser.groups.at(-1)!.lr;
      yield { kind: 'step', step: number, stage, epoch, images, lr, losses: { ...losses, loss: losses.loss! } };
    }
    // A stage's step is recorded once and kept while nothing of it changes between epochs.
    if (stage !== 2 || epoch + 1 >= this.#epochs(stage)) await this.#end();
    this.#position = { ...this.#position, epoch: epoch + 1, batch: 0, phase: this.#phaseOf(stage, epoch + 1) };
    yield { kind: 'epoch', stage, epoch };
  }

  #run(update: Epoch['update'], args: readonly Argument[]): Promise<ArrayLike<number>> {
    const { gpu } = this.#options;
    return scope(async () => await update(...args.map(({ data, shape }) => tensor(data, shape, { gpu }))).read(), gpu);
  }

  async #end(): Promise<void> {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    await epoch?.loader.close();
    await epoch?.update.release();
    epoch?.centres?.storage.release();
  }

  /** The error that ends training after the newest step; `what` is what is not finite. */
  diverged(what: string): DivergedError {
    const { stage } = this.#position;
    const key = stage === 1 ? 'optimiser.lr' : stage === 2 ? 'drawing.lrGenerator' : 'joint.lr';
    return new DivergedError(
      `${what}, in stage ${stage}. Training stopped; the last checkpoint is from before. Resume with a lower rate (--set ${key}=).`,
    );
  }

  /** Gives the memory of the recorded step back. */
  async close(): Promise<void> {
    await this.#end();
  }
}

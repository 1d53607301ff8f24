import { setTimeout as sleep } from 'node:timers/promises';
import { encodePng, ImageStore, type ReidDataset, type UnlabelledDataset } from '../../../datasets/index.js';
import { type Gpu, manualSeed } from '../../../engine/index.js';
import { writeFileAtomically } from '../../../engine/io/files.node.js';
import type { RetrievalModel } from '../../models/model.js';
import type { UnsupervisedRecipe } from '../../recipes/unsupervised.js';
import { clusterSections, clusterSheet } from '../../report/evidence/clusters.js';
import { evidenceOf } from '../../report/evidence/evidence.js';
import { EventFile } from '../../report/tensorboard/event-file.node.js';
import { writeReport } from '../../report/write-report.node.js';
import { type Checkpoint, type RunFacts, restoreUnsupervised, takeCheckpoint } from '../checkpoint.node.js';
import { type EvaluationContext, evaluateRawPixels, retrievalSides } from '../evaluation.js';
import { buildModel } from '../model.js';
import { duration, Progress, type ProgressOutput } from '../progress.js';
import { type Metrics, metricsOf, reportRetrieval } from '../retrieval.js';
import { figures } from '../run.node.js';
import type { RunFolder } from '../run-folder.node.js';
import { CHECKPOINT_EVERY, RunClock } from '../training-loop.js';
import { publishedRound } from './gam-method.js';
import { identitiesOf, type RoundMetrics, type RoundRecord, recordOf, TOO_LARGE } from './hindsight.js';
import { type RoundClustered, type RoundTrained, type UnsupervisedStep, UnsupervisedTrainer } from './trainer.js';

export interface UnsupervisedRunOptions {
  readonly gpu: Gpu;
  /** What is trained on. */
  readonly pictures: UnlabelledDataset;
  /** The same with labels, where there are any: to look back, and to evaluate on its query and gallery if it has them. */
  readonly labelled?: ReidDataset;
  readonly recipe: UnsupervisedRecipe;
  /** As given to `--data`, for the checkpoint. */
  readonly data: string;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly output: ProgressOutput;
  /** Where to go on. */
  readonly checkpoint?: Checkpoint;
  /** Weights to begin with, of a new run. */
  readonly initial?: { readonly facts: RunFacts['weights']; begin(model: RetrievalModel): void };
  /** Stop (with a checkpoint) when this is aborted. */
  readonly signal?: AbortSignal;
}

/** A round, by its number and figures. */
export interface RoundFigures extends RoundMetrics {
  readonly round: number;
  readonly clusters: number;
}

/** What a finished run found, as metrics.json holds it. The figures themselves are those of `published`. */
export interface UnsupervisedMetrics extends Partial<RoundMetrics> {
  readonly pictures: number;
  readonly clusters: number;
  readonly outliers: number;
  /** The round that was fixed before the run began. */
  readonly published?: RoundFigures;
  /** The best of all rounds by mAP on the test set: what no one can know without labels. */
  readonly oracle?: RoundFigures;
  readonly rawPixels?: Metrics;
  readonly untrained?: Metrics;
  readonly rounds: readonly RoundRecord[];
  readonly distance: string;
  readonly steps: number;
  readonly seconds: number;
  readonly adapter: string;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Whether there is something to look for and somewhere to find it. */
const isTestable = (dataset: ReidDataset | undefined): dataset is ReidDataset =>
  dataset !== undefined && dataset.query.length > 0 && dataset.gallery.length > 0;

/**
 * A whole run without labels in a folder: trains, clusters, evaluates where there are labels to do it with, and leaves checkpoints,
 * clusters.json, metrics.json and report.html. Resolves to undefined when it was stopped by the signal; a later run with `checkpoint`
 * goes on to the same bits.
 */
export async function trainUnsupervised(options: UnsupervisedRunOptions): Promise<UnsupervisedMetrics | undefined> {
  const { gpu, pictures, labelled, recipe, seed, output } = options;
  manualSeed(seed);
  const model = buildModel(recipe, 0);
  if (!options.checkpoint) options.initial?.begin(model);
  const size = { height: recipe.input.height, width: recipe.input.width };
  const store = new ImageStore(pictures, size);
  const tested = isTestable(labelled) ? labelled : undefined;
  const testStore = tested && new ImageStore(tested, size);
  const progress = () => new Progress(output, 'features', 'pictures');
  const trainer = new UnsupervisedTrainer({ gpu, dataset: pictures, recipe, seed, model, store, progress });
  const context = tested && { gpu, dataset: tested, recipe, output, store: testStore };
  const run = new UnsupervisedRun(options, trainer, model, context);
  try {
    return await run.make();
  } finally {
    options.folder.listener = undefined;
    await trainer.close();
    await store.close();
    await testStore?.close();
  }
}

class UnsupervisedRun {
  readonly #options: UnsupervisedRunOptions;
  readonly #trainer: UnsupervisedTrainer;
  readonly #model: RetrievalModel;
  readonly #context: EvaluationContext | undefined;
  readonly #identities: Int32Array | undefined;
  readonly #published: number;
  #records: RoundRecord[] = [];
  #clock = new RunClock();

  constructor(
    options: UnsupervisedRunOptions,
    trainer: UnsupervisedTrainer,
    model: RetrievalModel,
    context: EvaluationContext | undefined,
  ) {
    const { pictures, labelled, recipe } = options;
    this.#options = options;
    this.#trainer = trainer;
    this.#model = model;
    this.#context = context;
    this.#identities = labelled && identitiesOf(pictures.pictures, labelled.train);
    const { rounds } = trainer.method;
    this.#published = recipe.method === 'gam' ? publishedRound(recipe, pictures.pictures.length) : rounds - 1;
  }

  async make(): Promise<UnsupervisedMetrics | undefined> {
    const { gpu, folder, output, checkpoint, signal } = this.#options;
    const trainer = this.#trainer;
    let facts: RunFacts;
    if (checkpoint) {
      await restoreUnsupervised(trainer, checkpoint);
      facts = { ...checkpoint.facts, recipe: this.#options.recipe, data: this.#options.data };
      this.#records = [...(facts.rounds ?? [])];
      await folder.goOnAfter(trainer.step);
      output.write(`goes on after step ${trainer.step} (round ${trainer.state.round + 1})\n`);
    } else {
      facts = await this.#measureBefore();
      await gpu.trim(); // Evaluation's sizes are not training's.
      await folder.goOnAfter(-1);
    }
    const events = await EventFile.open(folder.path, checkpoint ? trainer.step : -1);
    folder.listener = (line) => events.log(line);
    this.#clock = new RunClock(checkpoint?.seconds);
    const save = async () => {
      const content = await takeCheckpoint(trainer, { ...facts, rounds: this.#records }, this.#clock.seconds);
      await writeFileAtomically(folder.checkpoint, content);
    };
    if (!checkpoint) {
      if (trainer.state.phase === 'train') this.#records.push(this.#firstRecord());
      await save();
    }
    let saved = performance.now();
    const progress = new Progress(output, 'step', 'steps of the round');
    for await (const event of trainer) {
      if (event.kind === 'step') this.#logStep(event, progress);
      else {
        progress.end();
        if (event.kind === 'trained') await this.#evaluate(event);
        else await this.#clustered(event);
      }
      if (signal?.aborted || event.kind !== 'step' || performance.now() - saved > CHECKPOINT_EVERY) {
        await save();
        saved = performance.now();
      }
      if (signal?.aborted) return undefined;
      await sleep(0); // Lets signals in.
    }
    progress.end();
    output.write(`trained ${trainer.step} steps in ${duration(this.#clock.seconds)}\n`);
    return await this.#finish(facts);
  }

  async #measureBefore(): Promise<RunFacts> {
    const { recipe, data, seed, output, initial } = this.#options;
    const facts = { recipe, data, seed, identities: 0, weights: initial?.facts };
    if (!this.#context) return facts;
    const rawPixels = metricsOf(await evaluateRawPixels(this.#context));
    output.write(`raw pixels: ${figures(rawPixels)}\n`);
    const untrained = await this.#measure();
    output.write(`untrained:  ${figures(untrained)}\n`);
    return { ...facts, rawPixels, untrained };
  }

  /** Of a round that begins with every picture a cluster of its own. */
  #firstRecord(): RoundRecord {
    const { clusters } = this.#trainer.pseudo;
    return { round: 0, clusters, largest: 1, outliers: 0, ...(this.#identities ? { purity: 1 } : {}) };
  }

  #logStep({ step, round, epoch, images, lr, clusters, losses }: UnsupervisedStep, progress: Progress): void {
    const seconds = Math.round(this.#clock.seconds * 1000) / 1000;
    this.#options.folder.log({ step, epoch, images, lr, clusters, ...losses, seconds });
    const { done, all } = this.#trainer.roundSteps;
    const each = Object.entries(losses).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    progress.update(done, all, `round ${round + 1}, ${clusters} clusters, ${each.join(', ')}, lr ${lr.toPrecision(2)}`);
  }

  /** Figures of the model as it is, on the labelled test set. */
  async #measure(): Promise<RoundMetrics> {
    const context = this.#context!;
    const { query, gallery } = await retrievalSides(this.#model, context);
    const report = await reportRetrieval(context.gpu, context.recipe.evaluation.distance, query, gallery, {
      pairs: false,
    });
    const { mAP, mINP, cmc } = report.means.skip;
    const at = [1, 5, 10, 20].map((k) => [String(k), cmc[Math.min(k, cmc.length) - 1]!]);
    return { mAP: mAP.rect, trapezoid: mAP.trapezoid, cmc: Object.fromEntries(at), mINP };
  }

  async #evaluate({ round, clusters }: RoundTrained): Promise<void> {
    const { recipe, folder, output } = this.#options;
    const { every } = recipe.evaluation;
    const isDue = every > 0 && (round + 1) % every === 0;
    if (!this.#context || !(isDue || round === this.#published || round === this.#trainer.method.rounds - 1)) return;
    const metrics = await this.#measure();
    this.#records = this.#records.map((record) => (record.round === round ? { ...record, metrics } : record));
    folder.log({ step: this.#trainer.step, evaluation: metrics });
    const both = `trapezoid mAP ${percent(metrics.trapezoid)}`;
    output.write(`round ${round + 1}, ${clusters} clusters: ${figures(metrics)}, ${both}\n`);
  }

  async #clustered(event: RoundClustered): Promise<void> {
    const { output, pictures } = this.#options;
    const record = recordOf(event, this.#identities);
    this.#records = [...this.#records.filter(({ round }) => round !== record.round), record];
    const { clusters, largest, outliers, sharedPairs, purity } = record;
    const share = largest / pictures.pictures.length;
    const facts = [
      `${clusters} clusters for round ${record.round + 1}, the largest of ${largest} pictures (${percent(share)})`,
      outliers > 0 && `${outliers} pictures in none`,
      sharedPairs !== undefined && `${percent(sharedPairs)} of the merged pairs share an identity`,
      purity !== undefined && `purity ${percent(purity)}`,
    ];
    output.write(`${facts.filter(Boolean).join(', ')}\n`);
    if (share > TOO_LARGE) {
      output.write(
        `warning: a cluster of more than ${percent(TOO_LARGE)} of all pictures is a chain of different people most likely. ` +
          'More epochs, a larger clustering.sizePenalty or a smaller clustering.eps break such chains.\n',
      );
    }
    await this.#writeClusters();
  }

  #writeClusters(): Promise<string> {
    const { folder, pictures } = this.#options;
    const { labels, clusters } = this.#trainer.pseudo;
    const groups = pictures.pictures.map(({ path }, i) => ({ path, cluster: labels[i]! }));
    return folder.writeJson('clusters.json', { clusters, pictures: groups });
  }

  async #finish({ rawPixels, untrained }: RunFacts): Promise<UnsupervisedMetrics> {
    const { gpu, recipe, folder, output, pictures } = this.#options;
    const { pseudo, step } = this.#trainer;
    const measured = this.#records.flatMap(({ round, clusters, metrics }): RoundFigures[] =>
      metrics ? [{ round, clusters, ...metrics }] : [],
    );
    const published = measured.find(({ round }) => round === this.#published);
    const oracle = measured.reduce<RoundFigures | undefined>(
      (best, one) => (best && best.mAP >= one.mAP ? best : one),
      undefined,
    );
    const { mAP, cmc, mINP, trapezoid } = published ?? {};
    const metrics: UnsupervisedMetrics = {
      ...(published ? { mAP, cmc, mINP, trapezoid } : {}),
      pictures: pictures.pictures.length,
      clusters: pseudo.clusters,
      outliers: pseudo.labels.reduce((count, label) => count + Number(label < 0), 0),
      published,
      oracle,
      rawPixels,
      untrained,
      rounds: this.#records,
      distance: recipe.evaluation.distance,
      steps: step,
      seconds: Math.round(10 * this.#clock.seconds) / 10,
      adapter: gpu.name,
    };
    await folder.writeJson('metrics.json', metrics);
    await this.#writeClusters();
    await this.#writeReport().catch((error: Error) =>
      // The run is done and its figures are safe.
      output.write(`report.html could not be made: ${error.message}\n`),
    );
    return metrics;
  }

  async #writeReport(): Promise<void> {
    const { gpu, recipe, seed, folder, output, pictures } = this.#options;
    const { pseudo } = this.#trainer;
    const sheet = await clusterSheet(pictures, pseudo);
    if (sheet) await writeFileAtomically(folder.file('clusters.png'), await encodePng(sheet));
    const clusters = await clusterSections({ records: this.#records, pseudo, sheet });
    if (!this.#context) {
      await writeReport(folder.path, { clusters });
      return;
    }
    const { dataset } = this.#context;
    const { query, gallery } = await retrievalSides(this.#model, this.#context);
    const report = await reportRetrieval(gpu, recipe.evaluation.distance, query, gallery);
    const features = { query: query.features, gallery: gallery.features };
    this.#model.eval();
    const looks = { gpu, model: this.#model, input: recipe.input };
    const parts = await evidenceOf({ dataset, report, seed, features, looks });
    const { path } = await writeReport(folder.path, { ...parts, clusters });
    output.write(`report: ${path}\n`);
  }
}

import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  encodePng,
  type Image,
  ImageStore,
  type Picture,
  type ReidDataset,
  type UnlabelledDataset,
} from '../../../datasets/index.js';
import type { StructureProvider } from '../../../datasets/structure/provider.js';
import { type Gpu, manualSeed } from '../../../engine/index.js';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { writeFileAtomically } from '../../../engine/io/files.node.js';
import { FormatError } from '../../../engine/io/source.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import { clusterSheet } from '../../report/evidence/clusters.js';
import { embed } from '../../report/page/picture.js';
import type { Plate } from '../../report/report-data.js';
import { EventFile } from '../../report/tensorboard/event-file.node.js';
import { writeReport } from '../../report/write-report.node.js';
import { type Checkpoint, takeCheckpoint } from '../checkpoint.js';
import { type EvaluationContext, evaluateModel, evaluateRawPixels } from '../evaluation.js';
import { duration, Progress, type ProgressOutput } from '../progress.js';
import { type Metrics, metricsOf } from '../retrieval.js';
import { figures } from '../run.node.js';
import type { RunFolder } from '../run-folder.node.js';
import { identitiesOf, purityOf } from '../unsupervised/hindsight.js';
import { StructureMaps } from './batches.js';
import { Drawer } from './drawer.js';
import type { GCLClustered, GCLEpoch, GCLStep } from './events.js';
import { buildGCL } from './networks.js';
import { drawPanel, drawTurns } from './panels.js';
import type { GCLEpochRecord, GCLFacts, GCLMetrics, GCLStageRecord } from './records.js';
import { restoreGCL } from './restore.js';
import { sayScores, scoreDrawings } from './scores.js';
import type { GCLNetworks } from './step.js';
import { GCLTrainer } from './trainer.js';
import { loadGCLWeights } from './weights.js';

export interface GCLRunOptions {
  readonly gpu: Gpu;
  readonly pictures: UnlabelledDataset;
  /** The same with labels, to evaluate with and to look back. */
  readonly labelled?: ReidDataset;
  readonly recipe: GCLRecipe;
  /** As given to `--data` and `--structure`, for the checkpoint. */
  readonly data: string;
  readonly structureSpec?: string;
  readonly structure?: StructureProvider;
  /** Truth of novel views, of drawn people. */
  readonly trueView?: (picture: Picture, view: number) => Promise<Image>;
  /** Files to begin with, by name. */
  readonly weights?: ReadonlyMap<string, ReadonlyMap<string, NamedArray>>;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly output: ProgressOutput;
  readonly checkpoint?: Checkpoint;
  /** Stop (with a checkpoint) when this is aborted. */
  readonly signal?: AbortSignal;
}

/** Seconds between checkpoints inside of an epoch. */
const CHECKPOINT_SECONDS = 60;
/** Pictures on which the generator is measured. */
const SCORED = 48;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/**
 * A whole run of GCL in a folder: its stages one after the other, with checkpoints, a file of each stage's end (`stage2.safetensors`),
 * pictures of what the generator draws (`images/`), metrics.json and report.html. Resolves to undefined when it was stopped by the
 * signal; a later run with `checkpoint` goes on to the same bits.
 */
export async function trainGCL(options: GCLRunOptions): Promise<GCLMetrics | undefined> {
  const { gpu, pictures, labelled, recipe, seed, output, structure, weights } = options;
  manualSeed(seed);
  const nets = buildGCL(recipe);
  let drawsAlready = false;
  for (const [file, arrays] of weights ?? []) {
    const found = loadFrom(file, nets, arrays);
    drawsAlready ||= found.includes('generator');
    output.write(`${file}: ${found.join(', ')}\n`);
  }
  const size = { height: recipe.input.height, width: recipe.input.width, filter: recipe.input.resize };
  const store = new ImageStore(pictures, size);
  const tested = labelled && labelled.query.length > 0 && labelled.gallery.length > 0 ? labelled : undefined;
  const testStore = tested && new ImageStore(tested, size);
  const maps = structure && new StructureMaps(structure, recipe.input);
  const progress = () => new Progress(output, 'features', 'pictures');
  const trainer = new GCLTrainer({ gpu, dataset: pictures, recipe, seed, nets, store, maps, progress, drawsAlready });
  const context = tested && { gpu, dataset: tested, recipe, output, store: testStore };
  const run = new GCLRun(options, { trainer, nets, store, maps, context });
  try {
    return await run.make();
  } finally {
    options.folder.listener = undefined;
    await trainer.close();
    await store.close();
    await testStore?.close();
  }
}

/** @throws FormatError naming the file */
function loadFrom(file: string, nets: GCLNetworks, arrays: ReadonlyMap<string, NamedArray>) {
  try {
    return loadGCLWeights(nets, arrays);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${file}: ${error.message}.`, { cause: error });
  }
}

interface RunParts {
  readonly trainer: GCLTrainer;
  readonly nets: GCLNetworks;
  readonly store: ImageStore;
  readonly maps: StructureMaps | undefined;
  readonly context: EvaluationContext | undefined;
}

class GCLRun {
  readonly #options: GCLRunOptions;
  readonly #parts: RunParts;
  readonly #identities: Int32Array | undefined;
  /** Pictures of which something can be drawn. */
  readonly #drawable: readonly Picture[];
  #facts: GCLFacts;
  #events: EventFile | undefined;
  #start = performance.now();
  #before = 0;

  constructor(options: GCLRunOptions, parts: RunParts) {
    const { pictures, labelled, recipe, data, seed, structureSpec } = options;
    this.#options = options;
    this.#parts = parts;
    this.#identities = labelled && identitiesOf(pictures.pictures, labelled.train);
    this.#facts = { recipe, data, seed, identities: 0, ...(structureSpec ? { structure: structureSpec } : {}) };
    const { maps } = parts;
    this.#drawable = maps ? pictures.pictures.filter((picture) => maps.has(picture)) : [];
  }

  get #seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000;
  }

  get #stages(): readonly GCLStageRecord[] {
    return this.#facts.stages ?? [];
  }

  /** Changes what is known of a stage. */
  #note(stage: number, change: (record: GCLStageRecord) => GCLStageRecord): void {
    const found = this.#stages.find((record) => record.stage === stage) ?? { stage, epochs: [] };
    const others = this.#stages.filter((record) => record.stage !== stage);
    this.#facts = { ...this.#facts, stages: [...others, change(found)].sort((a, b) => a.stage - b.stage) };
  }

  #noteEpoch(stage: number, epoch: number, change: Partial<GCLEpochRecord>): void {
    this.#note(stage, (record) => {
      const before = record.epochs.find((one) => one.epoch === epoch);
      const others = record.epochs.filter((one) => one.epoch !== epoch);
      return { ...record, epochs: [...others, { ...before, ...change, epoch }].sort((a, b) => a.epoch - b.epoch) };
    });
  }

  async make(): Promise<GCLMetrics | undefined> {
    const { gpu, folder, output, checkpoint, signal, recipe } = this.#options;
    const { trainer } = this.#parts;
    if (checkpoint) {
      await this.#restore(checkpoint);
      await folder.goOnAfter(trainer.step);
      output.write(
        `goes on after step ${trainer.step} (stage ${trainer.state.stage}, epoch ${trainer.state.epoch + 1})\n`,
      );
    } else {
      await this.#measureBefore();
      await gpu.trim(); // Evaluation's sizes are not training's.
      await folder.goOnAfter(-1);
    }
    const events = await EventFile.open(folder.path, checkpoint ? trainer.step : -1);
    this.#events = events;
    folder.listener = (line) => events.log(line);
    this.#start = performance.now();
    const content = () => takeCheckpoint(trainer, this.#facts, this.#seconds);
    const save = async () => writeFileAtomically(folder.checkpoint, await content());
    if (!checkpoint) await save();
    let saved = performance.now();
    let progress: Progress | undefined;
    for await (const event of trainer) {
      if (event.kind === 'step') {
        // How far a stage is, is known with its first step, also of a run that goes on.
        progress ??= new Progress(output, 'step', `steps of stage ${event.stage}`, trainer.stageSteps.done - 1);
        this.#logStep(event, progress);
        if (this.#isPanelDue(event)) await this.#panel(event.stage);
        // The event of the epoch's end comes at once, and is not to be missed.
        if (trainer.state.batch === 0) continue;
      } else {
        progress?.end();
        if (event.kind === 'clustered') this.#clustered(event);
        if (event.kind === 'epoch') await this.#epochEnds(event);
        if (event.kind === 'stage') {
          await this.#stageEnds(event.stage);
          await writeFileAtomically(folder.file(`stage${event.stage}.safetensors`), await content());
          progress = undefined;
        }
      }
      if (signal?.aborted || event.kind !== 'step' || performance.now() - saved > 1000 * CHECKPOINT_SECONDS) {
        await save();
        saved = performance.now();
      }
      if (signal?.aborted && !(event.kind === 'stage' && event.stage === recipe.stages.at(-1))) return undefined;
      await sleep(0); // Lets signals in.
    }
    progress?.end();
    output.write(`trained ${trainer.step} steps in ${duration(this.#seconds)}\n`);
    return await this.#finish();
  }

  async #restore(checkpoint: Checkpoint): Promise<void> {
    const { recipe, data, structureSpec } = this.#options;
    const { trainer } = this.#parts;
    await restoreGCL(trainer, checkpoint);
    this.#facts = {
      ...(checkpoint.facts as GCLFacts),
      recipe,
      data,
      ...(structureSpec ? { structure: structureSpec } : {}),
    };
    this.#before = checkpoint.seconds;
  }

  async #measure(): Promise<Metrics | undefined> {
    const { context, nets } = this.#parts;
    return context && metricsOf(await evaluateModel(nets.identity, context));
  }

  async #measureBefore(): Promise<void> {
    const { output, recipe } = this.#options;
    const { context } = this.#parts;
    if (!context) return;
    const rawPixels = metricsOf(await evaluateRawPixels(context));
    const untrained = (await this.#measure())!;
    output.write(`raw pixels: ${figures(rawPixels)}\nbefore:     ${figures(untrained)}\n`);
    this.#facts = { ...this.#facts, rawPixels, untrained };
    this.#note(recipe.stages[0]!, (record) => ({ ...record, before: untrained }));
  }

  #logStep({ step, stage, epoch, images, lr, losses }: GCLStep, progress: Progress): void {
    const seconds = Math.round(this.#seconds * 1000) / 1000;
    this.#options.folder.log({ step, stage, epoch, images, lr, ...losses, seconds });
    const { done, all } = this.#parts.trainer.stageSteps;
    const shown = [
      ...['loss', 'localLoss', 'bankLoss'],
      ...['disLoss', 'reconstructionLoss', 'cycleLoss', 'memoryLoss', 'identityLoss'],
    ];
    const each = shown.flatMap((name) => (losses[name] === undefined ? [] : [`${name} ${losses[name].toFixed(3)}`]));
    progress.update(done, all, `epoch ${epoch + 1}, ${each.join(', ')}, lr ${lr.toPrecision(2)}`);
  }

  #isPanelDue({ step, stage }: GCLStep): boolean {
    const { every, photos } = this.#options.recipe.panels;
    return stage > 1 && every > 0 && photos > 0 && step % every === 0;
  }

  /** The same pictures each time. */
  get #shown(): readonly Picture[] {
    const { photos } = this.#options.recipe.panels;
    const step = Math.max(1, Math.floor(this.#drawable.length / Math.max(photos, 1)));
    return this.#drawable.filter((_, i) => i % step === 0).slice(0, photos);
  }

  get #drawing() {
    const { gpu, recipe } = this.#options;
    const { nets, store, maps } = this.#parts;
    return { drawer: new Drawer(gpu, nets, recipe), store, maps: maps!, recipe };
  }

  async #write(name: string, tag: string, image: Image): Promise<void> {
    const { folder } = this.#options;
    const png = await encodePng(image);
    mkdirSync(folder.file('images'), { recursive: true });
    await writeFileAtomically(folder.file(`images/${name}.png`), png);
    this.#events?.image(this.#parts.trainer.step, tag, png);
  }

  async #panel(stage: number): Promise<void> {
    if (this.#shown.length === 0) return;
    const number = String(this.#parts.trainer.step).padStart(8, '0');
    await this.#write(`stage${stage}-${number}`, 'pictures', await drawPanel(this.#shown, this.#drawing));
  }

  #clustered({ stage, epoch, labels, clusters, eps }: GCLClustered): void {
    const { output, folder, pictures } = this.#options;
    const outliers = labels.reduce((count, label) => count + Number(label < 0), 0);
    const purity = this.#identities && purityOf(labels, this.#identities);
    this.#noteEpoch(stage, epoch, { clusters, outliers, eps, ...(purity === undefined ? {} : { purity }) });
    folder.log({
      step: this.#parts.trainer.step,
      clusters,
      outliers,
      eps,
      ...(purity === undefined ? {} : { purity }),
    });
    const share = purity === undefined ? '' : `, purity ${percent(purity)}`;
    output.write(
      `epoch ${epoch + 1}: ${labels.length - outliers} of ${pictures.pictures.length} pictures in ${clusters} clusters, ${outliers} in none, eps ${eps.toPrecision(3)}${share}\n`,
    );
  }

  async #epochEnds({ stage, epoch }: GCLEpoch): Promise<void> {
    const { recipe, folder, output } = this.#options;
    const { every } = recipe.evaluation;
    if (stage === 2 || every === 0 || (epoch + 1) % every !== 0) return;
    const metrics = await this.#measure();
    if (!metrics) return;
    this.#noteEpoch(stage, epoch, { metrics });
    folder.log({ step: this.#parts.trainer.step, stage, evaluation: metrics });
    output.write(`stage ${stage}, epoch ${epoch + 1}: ${figures(metrics)}\n`);
  }

  async #stageEnds(stage: number): Promise<void> {
    const { folder, output, recipe } = this.#options;
    const { trainer } = this.#parts;
    const after = await this.#measure();
    const seconds = Math.round(this.#seconds);
    this.#note(stage, (record) => ({ ...record, ...(after ? { after } : {}), steps: trainer.step, seconds }));
    if (after) {
      folder.log({ step: trainer.step, stage, evaluation: after });
      output.write(`stage ${stage} is done: ${figures(after)}\n`);
      if (stage < recipe.stages.at(-1)!) this.#note(stage + 1, (record) => ({ ...record, before: after }));
    }
    if (stage === 1 || this.#drawable.length === 0) return;
    await this.#panel(stage);
    await this.#write(`stage${stage}-views`, 'views', await drawTurns(this.#shown, this.#drawing));
    const step = Math.max(1, Math.floor(this.#drawable.length / SCORED));
    const scored = this.#drawable.filter((_, i) => i % step === 0).slice(0, SCORED);
    try {
      const drawing = await scoreDrawings(scored, { ...this.#drawing, trueView: this.#options.trueView });
      this.#note(stage, (record) => ({ ...record, drawing }));
      output.write(`${sayScores(drawing)}\n`);
    } catch (error) {
      // Figures for people: training goes on without them.
      output.write(`the generator could not be measured: ${(error as Error).message}\n`);
    }
  }

  async #finish(): Promise<GCLMetrics> {
    const { gpu, recipe, folder, output, pictures, structure } = this.#options;
    const { trainer } = this.#parts;
    const { rawPixels, untrained } = this.#facts;
    const { mAP, cmc, mINP } = this.#stages.at(-1)?.after ?? {};
    const metrics: GCLMetrics = {
      ...(mAP === undefined ? {} : { mAP, cmc, mINP }),
      pictures: pictures.pictures.length,
      ...(structure ? { structure: structure.name } : {}),
      rawPixels,
      untrained,
      stages: this.#stages,
      distance: recipe.evaluation.distance,
      steps: trainer.step,
      seconds: Math.round(10 * this.#seconds) / 10,
      adapter: gpu.name,
    };
    await folder.writeJson('metrics.json', metrics);
    await this.#writeReport().catch((error: Error) =>
      // The run is done and its figures are safe.
      output.write(`report.html could not be made: ${error.message}\n`),
    );
    return metrics;
  }

  async #writeReport(): Promise<void> {
    const { folder, output, pictures } = this.#options;
    const plates: Plate[] = [];
    const add = async (title: string, note: string, image: Image) =>
      plates.push({ title, note, picture: await embed(image, title, { maxWidth: 1100, quality: 90 }) });
    if (this.#shown.length > 0 && this.#options.recipe.stages.at(-1)! > 1) {
      await add(
        'What the generator draws',
        'Each row: a photo, its structure as it stands and turned; drawn again, as a novel view, back from that; another photo and a blend of both.',
        await drawPanel(this.#shown, this.#drawing),
      );
      await add(
        'From all around',
        'Each row: a photo, then the same person drawn from eight sides.',
        await drawTurns(this.#shown, this.#drawing),
      );
    }
    const { pseudo } = this.#parts.trainer;
    const sheet = pseudo && (await clusterSheet(pictures, pseudo));
    if (sheet) await add('Clusters of the last epoch', 'Some of them, from the largest to the smallest.', sheet);
    const { path } = await writeReport(folder.path, plates.length > 0 ? { plates } : {});
    output.write(`report: ${path}\n`);
  }
}

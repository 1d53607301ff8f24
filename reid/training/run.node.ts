import { setTimeout as sleep } from 'node:timers/promises';
import { encodePng, ImageStore, type ReidDataset } from '../../datasets/index.js';
import { type Gpu, manualSeed, profileTable, traceEvents } from '../../engine/index.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import type { RankingResult } from '../metrics/ranking.js';
import { FGReID } from '../models/fgreid/fgreid.js';
import type { ReidModel } from '../models/model.js';
import type { Recipe } from '../recipes/recipe.js';
import { evidenceOf } from '../report/evidence/evidence.js';
import { EventFile } from '../report/tensorboard/event-file.node.js';
import { writeReport } from '../report/write-report.node.js';
import { type Checkpoint, type RunFacts, restore } from './checkpoint.node.js';
import {
  asRanked,
  type EvaluationContext,
  evaluateModel,
  evaluateRawPixels,
  type RetrievalSides,
  retrievalSides,
} from './evaluation.js';
import { buildModel } from './model.js';
import { duration, Progress, type ProgressOutput } from './progress.js';
import { drawRankedQueries } from './ranks.js';
import { evaluateRetrieval, type Metrics, metricsOf, reportRetrieval } from './retrieval.js';
import type { RunFolder } from './run-folder.node.js';
import { type StepReport, Trainer } from './trainer.js';
import { RunClock, type TrainingHost, trainingLoop } from './training-loop.js';

export interface RunOptions {
  readonly gpu: Gpu;
  readonly dataset: ReidDataset;
  readonly recipe: Recipe;
  /** As given to `--data`, for the checkpoint. */
  readonly data: string;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly output: ProgressOutput;
  /** Where to go on. */
  readonly checkpoint?: Checkpoint;
  /** Weights that the new model takes over before it is trained. */
  readonly initial?: { readonly facts: RunFacts['weights']; begin(model: ReidModel): void };
  /** Times some steps kernel by kernel first. */
  readonly profile?: boolean;
  /** Stop (with a checkpoint) when this is aborted. */
  readonly signal?: AbortSignal;
}

type LabelledFacts = RunFacts & Required<Pick<RunFacts, 'rawPixels' | 'untrained'>>;

/** What a finished run measured, as metrics.json holds it. */
export interface RunMetrics extends Metrics {
  readonly rawPixels: Metrics;
  readonly untrained: Metrics;
  readonly queries: number;
  readonly validQueries: number;
  readonly gallery: number;
  readonly protocol: string;
  readonly averagePrecision: string;
  readonly distance: string;
  readonly steps: number;
  readonly seconds: number;
  readonly adapter: string;
}

/** Steps that `--profile` times. */
const PROFILED_STEPS = 5;

const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

/** One line of figures for people. */
export const figures = ({ mAP, cmc, mINP }: Metrics): string =>
  `mAP ${percent(mAP)}, rank-1 ${percent(cmc['1']!)}, rank-5 ${percent(cmc['5']!)}, rank-10 ${percent(cmc['10']!)}, rank-20 ${percent(cmc['20']!)}, mINP ${percent(mINP)}`;

/**
 * A whole training run in a folder: measures raw pixels and the untrained model, trains with checkpoints, evaluates, draws the
 * ranks. Resolves to undefined when it was stopped by the signal; a later run with `checkpoint` goes on to the same bits.
 */
export async function trainRun(options: RunOptions): Promise<RunMetrics | undefined> {
  const { gpu, dataset, recipe, data, seed, folder, output, checkpoint } = options;
  manualSeed(seed);
  const model = buildModel(recipe, dataset.identities);
  if (!checkpoint) options.initial?.begin(model);
  const { height, width, resize: filter } = recipe.input;
  const store = new ImageStore(dataset, { height, width, filter });
  const trainer = new Trainer({ gpu, dataset, recipe, seed, model, store });
  const context: EvaluationContext = { gpu, dataset, recipe, output, store };
  try {
    let facts: LabelledFacts;
    if (checkpoint) {
      restore(trainer, checkpoint);
      facts = { ...(checkpoint.facts as LabelledFacts), recipe, data };
      await folder.goOnAfter(trainer.step);
      output.write(`goes on after step ${trainer.step} (epoch ${trainer.state.epoch + 1})\n`);
    } else {
      facts = await measureBefore(options, context, trainer);
      await gpu.trim(); // Evaluation's sizes are not training's.
      await folder.goOnAfter(-1);
    }
    const events = await EventFile.open(folder.path, checkpoint ? trainer.step : -1);
    folder.listener = (line) => events.log(line);
    const clock = new RunClock(checkpoint?.seconds);
    await trainSteps(options, context, trainer, facts, clock);
    if (options.signal?.aborted) return undefined;
    const sides = await retrievalSides(model, context);
    const result = await evaluateRetrieval(gpu, recipe.evaluation.distance, sides.query, sides.gallery);
    const metrics: RunMetrics = {
      ...metricsOf(result),
      rawPixels: facts.rawPixels,
      untrained: facts.untrained,
      queries: result.queries,
      validQueries: result.valid,
      gallery: result.gallery,
      protocol: result.protocol,
      averagePrecision: result.averagePrecision,
      distance: recipe.evaluation.distance,
      steps: trainer.step,
      seconds: Math.round(10 * clock.seconds) / 10,
      adapter: gpu.name,
    };
    await folder.writeJson('metrics.json', metrics);
    await writeRanks(folder, asRanked(dataset, sides), result, `${recipe.name} on ${data}`);
    await writeWholeReport(options, model, sides).catch((error: Error) =>
      // The run is done and its figures are safe.
      output.write(`report.html could not be made: ${error.message}\n`),
    );
    return metrics;
  } finally {
    folder.listener = undefined;
    await trainer.close();
    await store.close();
  }
}

async function measureBefore(
  { recipe, dataset, data, seed, output, initial }: RunOptions,
  context: EvaluationContext,
  trainer: Trainer,
): Promise<LabelledFacts> {
  const rawPixels = metricsOf(await evaluateRawPixels(context));
  output.write(`raw pixels: ${figures(rawPixels)}\n`);
  const untrained = metricsOf(await evaluateModel(trainer.model, context));
  output.write(`untrained:  ${figures(untrained)}\n`);
  return { recipe, data, seed, identities: dataset.identities, weights: initial?.facts, rawPixels, untrained };
}

/** Whose map Grad-CAM weighs, where the last one is not the one that features come from. */
const mapOf = (model: ReidModel) => (model instanceof FGReID ? model.conv1 : undefined);

/** report.html with everything that the finished run knows. */
async function writeWholeReport(
  { gpu, dataset, recipe, seed, folder, output }: RunOptions,
  model: ReidModel,
  sides: RetrievalSides,
): Promise<void> {
  const { query, gallery } = sides;
  const start = performance.now();
  const report = await reportRetrieval(gpu, recipe.evaluation.distance, query, gallery);
  const features = { query: query.features, gallery: gallery.features };
  model.eval();
  const parts = await evidenceOf({
    dataset: asRanked(dataset, sides),
    report,
    seed,
    features,
    looks: { gpu, model, input: recipe.input, layer: mapOf(model) },
  });
  const { path } = await writeReport(folder.path, parts);
  output.write(`report: ${path} (${duration((performance.now() - start) / 1000)})\n`);
}

/** The picture of ranks of a folder. */
export async function writeRanks(
  folder: RunFolder,
  dataset: ReidDataset,
  result: RankingResult,
  title: string,
): Promise<void> {
  const picture = await drawRankedQueries(dataset, result, title);
  await writeFileAtomically(folder.file('ranks.png'), await encodePng(picture));
}

/** Trains to the end, or until the signal. */
async function trainSteps(
  options: RunOptions,
  context: EvaluationContext,
  trainer: Trainer,
  facts: RunFacts,
  clock: RunClock,
): Promise<void> {
  const { gpu, folder, output, signal } = options;
  const progress = new Progress(output, 'step', 'steps', trainer.step);
  const window: StepReport[] = [];
  const host: TrainingHost = {
    async save(content) {
      await writeFileAtomically(folder.checkpoint, content);
      return true;
    },
    log: (line) => folder.log(line),
    async stepped(report) {
      window.push(report);
      if (window.length > 20) window.shift();
      if (report.step <= 1) output.write(firstStep(gpu, clock.seconds - clock.before));
      progress.update(report.step, report.step + trainer.stepsLeft, describe(window));
      await sleep(0); // Lets signals in.
    },
    evaluated: ({ epoch }, metrics) => progress.say(`epoch ${epoch + 1}: ${figures(metrics)}`),
    wish: () => (signal?.aborted ? 'stop' : 'go on'),
  };
  const steps = options.profile ? profiledSteps(gpu, folder, output, trainer) : trainer;
  await trainingLoop({ trainer, context, facts, clock, host, steps });
  progress.end();
  if (!signal?.aborted) output.write(`trained ${trainer.step} steps in ${duration(clock.seconds)}\n`);
}

/** Waiting counts from the start of the run: kernels of the evaluation before it are among them. */
function firstStep(gpu: Gpu, seconds: number): string {
  const { kernels, compileMs } = gpu.queue.counts;
  return `first step after ${seconds.toFixed(1)} s; ${kernels} kernels so far, ${(compileMs / 1000).toFixed(1)} s waited for them\n`;
}

function describe(window: readonly StepReport[]): string {
  const last = window.at(-1)!;
  const mean = (of: (report: StepReport) => number) =>
    window.reduce((sum, report) => sum + of(report), 0) / window.length;
  return `epoch ${last.epoch + 1}, loss ${mean((r) => r.loss).toFixed(3)} (id ${mean((r) => r.idLoss).toFixed(3)}, triplet ${mean((r) => r.tripletLoss).toFixed(3)}), lr ${last.lr.toPrecision(2)}`;
}

/** The steps of a trainer, those that the profiler times before the first that is given. */
async function* profiledSteps(
  gpu: Gpu,
  folder: RunFolder,
  output: ProgressOutput,
  trainer: Trainer,
): AsyncGenerator<StepReport, void, undefined> {
  const steps = trainer[Symbol.asyncIterator]();
  await profileSteps(gpu, folder, output, steps);
  yield* steps;
}

/** Runs some steps under the profiler (the first, which compiles, apart) and leaves a table and a trace. */
async function profileSteps(
  gpu: Gpu,
  folder: RunFolder,
  output: ProgressOutput,
  steps: AsyncGenerator<StepReport, void, undefined>,
): Promise<void> {
  if (!gpu.has('timestamp-query')) {
    output.write(
      '--profile: this adapter has no timestamps, so its kernels can not be timed; training goes on without.\n',
    );
    return;
  }
  const record = async () => {
    const { value } = await steps.next();
    if (value) folder.log({ ...value, profiled: true });
  };
  await record();
  const timings = await gpu.profile(async () => {
    for (let i = 0; i < PROFILED_STEPS; i++) await record();
  });
  const table = profileTable(timings);
  output.write(`kernels of ${PROFILED_STEPS} steps by time:\n${table}\n`);
  await writeFileAtomically(folder.file('profile.txt'), `${table}\n`);
  await writeFileAtomically(folder.file('trace.json'), traceEvents(timings));
  output.write(`trace: ${folder.file('trace.json')} (open it in chrome://tracing or ui.perfetto.dev)\n`);
}

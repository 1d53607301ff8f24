import type { ReidDataset } from '../datasets/index.js';
import type { Gpu } from '../engine/index.js';
import type { EvaluationReport } from '../reid/metrics/report.js';
import type { SingleShotResult } from '../reid/metrics/single-shot.js';
import type { ImportRow } from '../reid/models/checkpoints/import.js';
import {
  type EvaluationContext,
  evaluateFeatures,
  evaluateModel,
  evaluateRawPixels,
  modelFeatures,
  retrievalSides,
} from '../reid/training/evaluation.js';
import { type Metrics, metricsOf } from '../reid/training/retrieval.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { terminal } from './command.js';
import { type EvaluationChoices, recipeFor } from './evaluation-options.js';
import { headlineOf } from './headline.js';
import { multiQueryPictures } from './test-data.js';
import { fileHash, runFolderOf, sayUnmatched, type TrainedModel } from './trained-model.js';

/** What raw pixels and the untrained net reach, and where the figures are from. */
interface Baselines {
  readonly from: 'the run' | 'measured now' | 'not measured';
  readonly rawPixels: Metrics | null;
  readonly untrained: Metrics | null;
}

/** An evaluation, as report.json holds it. */
export interface EvaluationFile extends Metrics {
  readonly checkpoint: string;
  readonly recipe: string;
  readonly data: string;
  readonly adapter: string;
  readonly protocol: string;
  readonly averagePrecision: string;
  readonly invalidQueries: string;
  readonly distance: string;
  readonly queries: number;
  readonly validQueries: number;
  readonly gallery: number;
  readonly rawPixels: Metrics | null;
  readonly untrained: Metrics | null;
  readonly baselines: Baselines['from'];
  /** Names of the file and of the model that did not match. */
  readonly unmatched: readonly ImportRow[];
  readonly singleShot?: SingleShotResult;
  readonly report: EvaluationReport;
}

/**
 * The run's own figures of raw pixels and of the untrained net, which are by Market-1501's rule, where they are of this data: the
 * same `--data`, and as many queries and gallery pictures as the run counted.
 */
function baselinesOfRun(
  { run, recipe }: TrainedModel,
  data: string,
  { query, gallery }: ReidDataset,
  { protocol, distance }: EvaluationChoices,
): Baselines {
  const none: Baselines = { from: 'not measured', rawPixels: null, untrained: null };
  if (run?.facts.data !== data || protocol !== 'market1501') return none;
  if (JSON.stringify(run.facts.recipe.model) !== JSON.stringify(recipe.model)) return none;
  const folder = runFolderOf({ run, path: run.path } as TrainedModel);
  const counted = folder && new RunFolder(folder).readJson<{ queries?: number; gallery?: number }>('metrics.json');
  if (counted && (counted.queries !== query.length || counted.gallery !== gallery.length)) return none;
  const { rawPixels = null, untrained = null } = run.facts;
  return {
    from: 'the run',
    rawPixels,
    untrained: distance && distance !== recipe.evaluation.distance ? null : untrained,
  };
}

/** A model, the data that it is to be tested on, and how. */
export interface EvaluationWork {
  readonly trained: TrainedModel;
  readonly data: string;
  readonly dataset: ReidDataset;
  readonly choices: EvaluationChoices;
  readonly baselines: boolean;
}

/** Evaluates a model on the test pictures of a data set. */
export async function evaluateTrained(
  gpu: Gpu,
  { trained, data, dataset, choices, baselines }: EvaluationWork,
): Promise<EvaluationFile> {
  const recipe = recipeFor(trained.recipe, choices);
  const context: EvaluationContext = { gpu, dataset, recipe, output: terminal };
  const distance = choices.distance ?? recipe.evaluation.distance;
  const model = trained.build();
  let beside = baselinesOfRun(trained, data, dataset, choices);
  if (baselines && beside.from === 'not measured') {
    const rawPixels = metricsOf(await evaluateRawPixels(context));
    terminal.write('the untrained net …\n');
    const untrained = trained.run ? metricsOf(await evaluateModel(model, context)) : null;
    beside = { from: 'measured now', rawPixels, untrained };
  }
  const unmatched = trained.load(model);
  const warning = sayUnmatched(trained.path, unmatched);
  if (warning) terminal.write(`${warning}\n`);
  const start = performance.now();
  const { query, gallery } = await retrievalSides(model, context);
  const pictures = choices.multiQuery ? await multiQueryPictures(dataset) : undefined;
  const multiQuery = pictures && {
    records: pictures.records,
    features: await modelFeatures(model, pictures.records, context),
  };
  const { expansion } = choices;
  const notes = {
    ...(pictures && { 'multi-query': `${pictures.records.length} pictures, ${pictures.from}` }),
    ...(expansion && { 'query expansion': { k: expansion.k ?? 5, alpha: expansion.alpha ?? 3 } }),
  };
  const seconds = { features: (performance.now() - start) / 1000 };
  const { report, singleShot } = await evaluateFeatures(gpu, query, gallery, {
    distance,
    protocol: choices.protocol,
    rerank: choices.rerank,
    expansion,
    multiQuery,
    draws: choices.draws ?? (dataset.protocol && !choices.rerank ? 'exact' : undefined),
    pairs: choices.verification,
    seconds,
    facts: {
      flip: recipe.evaluation.flip,
      feature: { name: recipe.model.kind ?? 'baseline', dimension: query.features.dimension },
      image: { width: recipe.input.width, height: recipe.input.height },
      data: { name: dataset.name },
      trainedOn: trained.run && trained.run.facts.data !== data ? trained.run.facts.data : undefined,
      checkpoint: { file: trained.path, sha256: await fileHash(trained.path) },
      notes: Object.keys(notes).length > 0 ? notes : undefined,
    },
  });
  return {
    ...headlineOf(report),
    rawPixels: beside.rawPixels,
    untrained: beside.untrained,
    baselines: beside.from,
    data,
    protocol: report.protocol,
    averagePrecision: report.averagePrecision,
    invalidQueries: report.invalidQueries,
    queries: report.queries,
    validQueries: report.valid,
    gallery: report.gallery,
    distance: report.facts.distance,
    checkpoint: trained.path,
    recipe: recipe.name,
    adapter: gpu.name,
    unmatched,
    singleShot,
    report,
  };
}

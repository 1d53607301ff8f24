import type { ReidDataset } from '../datasets/index.js';
import type { Gpu } from '../engine/index.js';
import type { EvaluationReport } from '../reid/metrics/report.js';
import type { SingleShotResult } from '../reid/metrics/single-shot.js';
import type { VehicleIdResult } from '../reid/metrics/vehicle-id.js';
import type { ImportRow } from '../reid/models/checkpoints/import.js';
import type { RecipeBase } from '../reid/recipes/index.js';
import {
  type EvaluationContext,
  evaluateModel,
  evaluateRawPixels,
  modelFeatures,
  retrievalSides,
} from '../reid/training/evaluation.js';
import { evaluateFeatures, tracksOf } from '../reid/training/feature-evaluation.js';
import { type Metrics, metricsOf } from '../reid/training/retrieval.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { trackletsShown } from '../reid/training/tracklet-features.js';
import { learnWalks } from '../reid/training/walks.js';
import { terminal, UsageError } from './command.js';
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
  readonly vehicleId?: VehicleIdResult;
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
  { protocol, convention, distance, walks, clips, pooling }: EvaluationChoices,
): Baselines {
  const none: Baselines = { from: 'not measured', rawPixels: null, untrained: null };
  const plain = protocol === 'market1501' && (convention ?? 'mars-split') === 'mars-split' && !walks && !pooling;
  if (run?.facts.data !== data || !plain) return none;
  if (JSON.stringify(run.facts.recipe.model) !== JSON.stringify(recipe.model)) return none;
  const folder = runFolderOf({ run, path: run.path } as TrainedModel);
  const counted = folder && new RunFolder(folder).readJson<{ queries?: number; gallery?: number }>('metrics.json');
  const [queries, found] = [query, gallery].map((list) => (recipe.clips ? trackletsShown(list) : list).length);
  if (counted && (counted.queries !== queries || counted.gallery !== found)) return none;
  const { rawPixels = null, untrained = null } = run.facts;
  return {
    from: 'the run',
    rawPixels,
    untrained: clips || (distance && distance !== recipe.evaluation.distance) ? null : untrained,
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

/** An evaluation, and the data set whose query and gallery are what was ranked. */
export interface Evaluated {
  readonly file: EvaluationFile;
  readonly ranked: ReidDataset;
}

/**
 * What a model's features are by, and how its pictures are put together, for a report.
 *
 * @throws UsageError where what was chosen is not for this model
 */
function notesOf(
  { model, clips }: RecipeBase,
  { convention, pooling, walks }: EvaluationChoices,
  dataset: ReidDataset,
) {
  const { bins = 5000, sigma = 50 } = walks ?? {};
  return {
    ...(convention && { convention }),
    ...(clips && { 'tracklets as means of clips': { ...clips } }),
    ...(pooling && { tracklets: `${pooling} of the features of their frames` }),
    ...(model.kind === 'fgreid' && { minScope: model.minScope }),
    ...(walks && { 'spatial-temporal': `${dataset.train.length} training pictures, ${bins} bins, sigma ${sigma}` }),
  };
}

/** Evaluates a model on the test pictures of a data set. */
export async function evaluateTrained(
  gpu: Gpu,
  { trained, data, dataset, choices, baselines }: EvaluationWork,
): Promise<Evaluated> {
  const recipe = recipeFor(trained.recipe, choices);
  const { convention, pooling } = choices;
  const context: EvaluationContext = { gpu, dataset, recipe, output: terminal, pooling };
  const distance = choices.walks ? 'cosine' : (choices.distance ?? recipe.evaluation.distance);
  // What the data can not give is told before features are extracted.
  const walks = choices.walks && learnWalks(dataset, choices.walks);
  if (convention === 'veri-image-to-track') tracksOf(dataset.gallery);
  if (choices.multiQuery && recipe.clips) {
    throw new UsageError(`--multi-query is of pictures, and ${recipe.name} ranks tracklets.`);
  }
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
    ...notesOf(recipe, choices, dataset),
    ...(pictures && { 'multi-query': `${pictures.records.length} pictures, ${pictures.from}` }),
    ...(expansion && { 'query expansion': { k: expansion.k ?? 5, alpha: expansion.alpha ?? 3 } }),
  };
  const seconds = { features: (performance.now() - start) / 1000 };
  const { report, singleShot, vehicleId, ...ranked } = await evaluateFeatures(gpu, query, gallery, {
    distance,
    protocol: choices.protocol,
    convention,
    walks,
    rerank: choices.rerank,
    expansion,
    multiQuery,
    draws: choices.draws ?? (dataset.protocol && !choices.rerank && !convention ? 'exact' : undefined),
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
  const file: EvaluationFile = {
    ...headlineOf(report, vehicleId),
    rawPixels: beside.rawPixels,
    untrained: beside.untrained,
    baselines: beside.from,
    data,
    protocol: convention ?? report.protocol,
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
    vehicleId,
    report,
  };
  return { file, ranked: { ...dataset, query: ranked.query, gallery: ranked.gallery } };
}

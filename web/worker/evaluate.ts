import type { ReidDataset, Split } from '../../datasets/index.js';
import { writeNpy } from '../../engine/io/npy.js';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import type { DistanceKind } from '../../reid/metrics/distances.js';
import type { Protocol } from '../../reid/metrics/protocols.js';
import type { EvaluationReport } from '../../reid/metrics/report.js';
import type { AnyRecipe } from '../../reid/recipes/index.js';
import { type EvaluationContext, modelFeatures, type RetrievalSides } from '../../reid/training/evaluation.js';
import { evaluateFeatures } from '../../reid/training/feature-evaluation.js';
import type { Features } from '../../reid/training/features.js';
import type { ProgressOutput } from '../../reid/training/progress.js';
import { evaluateRetrieval } from '../../reid/training/retrieval.js';
import { dataOf, withoutPictures } from './data.js';
import { type Handler, PageError } from './job.js';
import { alone, gpuOf } from './machine.js';
import { modelOf, type OpenModel } from './models.js';
import { prepare } from './prepare.js';

/** How features are compared. */
export interface EvaluateInput {
  readonly model: string;
  readonly data: string;
  readonly protocol: Protocol;
  readonly distance: DistanceKind;
  readonly flip: boolean;
  readonly rerank: boolean;
}

/** A query as open-set identification sees it. */
export interface OpenSetQuery {
  /** Distance of its first place. */
  readonly nearest: number;
  /** Whether that is right; undefined for queries whose identity the gallery does not hold. */
  readonly right?: boolean;
  /** Distance of the nearest picture of somebody else. */
  readonly stranger?: number;
}

/** An evaluation as the page shows it. */
export interface Evaluated {
  readonly id: string;
  /** The data set that was evaluated: without what could not be read. */
  readonly data: string;
  readonly report: EvaluationReport;
  readonly dimension: number;
  readonly openSet: readonly OpenSetQuery[];
  /** What was noticed on the way. */
  readonly notes: readonly string[];
}

/** An evaluation as the worker holds it. */
export interface OpenEvaluation {
  readonly id: string;
  readonly dataset: ReidDataset;
  readonly model: OpenModel;
  readonly recipe: Pick<AnyRecipe, 'input' | 'evaluation'>;
  readonly sides: RetrievalSides;
  readonly distance: DistanceKind;
}

/** The newest only: its features may be large. */
let newest: OpenEvaluation | undefined;
let next = 1;

/** @throws PageError when another took its place */
export function evaluationOf(id: string): OpenEvaluation {
  if (newest?.id !== id) throw new PageError('This evaluation is not open any more. Evaluate again.');
  return newest;
}

export type DoingEvent = { readonly words: string; readonly done?: number; readonly total?: number };

/** Progress lines of the project as events. They come between batches: there work that was given up ends. */
export const outputTo = (tell: (event: DoingEvent) => void, signal?: AbortSignal): ProgressOutput => ({
  isTerminal: true,
  write: (text) => {
    signal?.throwIfAborted();
    const words = text.trim();
    const [, done, total] = /(\d+)\/(\d+)/.exec(words) ?? [];
    if (words) tell({ words, done: done === undefined ? undefined : Number(done), total: Number(total) });
  },
});

/** A model's features of the pictures of some splits, one after the other, with those left out that cannot be read. */
export async function featuresOf(
  input: {
    readonly model: OpenModel;
    readonly data: string;
    readonly flip: boolean;
    readonly splits: readonly Split[];
  },
  tell: (event: DoingEvent) => void,
  signal?: AbortSignal,
): Promise<{
  readonly data: string;
  readonly dataset: ReidDataset;
  readonly features: Features;
  readonly notes: string[];
  readonly context: EvaluationContext;
}> {
  const { model, flip, splits } = input;
  const gpu = await gpuOf();
  const recipe = {
    ...model.recipe,
    evaluation: { ...model.recipe.evaluation, flip: flip || model.recipe.evaluation.flip },
  };
  const only = (dataset: ReidDataset): ReidDataset => ({
    ...dataset,
    ...Object.fromEntries(
      (['train', 'query', 'gallery'] as const).filter((split) => !splits.includes(split)).map((split) => [split, []]),
    ),
  });
  let open = dataOf(input.data);
  const prepared = await prepare(only(open.dataset), recipe.input, tell, signal);
  const notes: string[] = [];
  if (prepared.broken.size > 0) {
    const [first] = prepared.broken.values();
    notes.push(`${prepared.broken.size} pictures cannot be read and are left out, first: ${first}`);
    open = await withoutPictures(open, [...prepared.broken.keys()]);
  }
  const { copies } = open;
  const { height, width } = recipe.input;
  if (copies && (copies.height !== height || copies.width !== width)) {
    notes.push(
      `Of these pictures only the small copies of their run were at hand, ${copies.width} × ${copies.height} pixels; this model looks at ${width} × ${height}. Choose their folder under Pictures for figures that count.`,
    );
  }
  const { dataset } = open;
  const context: EvaluationContext = { gpu, dataset, recipe, output: outputTo(tell, signal), store: prepared.store };
  try {
    const records = splits.flatMap((split) => dataset[split]);
    const features = await modelFeatures(model.model, records, context);
    return { data: open.id, dataset, features, notes, context };
  } finally {
    await prepared.store.close();
  }
}

const evaluate: Handler<EvaluateInput, Evaluated, DoingEvent> = (input, { tell, signal }) =>
  alone('evaluating', async () => {
    const { protocol, distance, rerank } = input;
    const model = modelOf(input.model);
    const { query, gallery } = dataOf(input.data).dataset;
    if (query.length === 0 || gallery.length === 0) {
      throw new PageError('This data set has no queries or no gallery: there is nothing to evaluate on.');
    }
    const start = performance.now();
    const splits = ['query', 'gallery'] as const;
    const { data, dataset, features, notes, context } = await featuresOf({ ...input, model, splits }, tell, signal);
    const seconds = { features: (performance.now() - start) / 1000 };
    const { dimension } = features;
    const cut = dataset.query.length * dimension;
    const side = (records: ReidDataset['query'], rows: Float32Array) => ({
      records,
      features: { data: rows, count: records.length, dimension },
    });
    const sides: RetrievalSides = {
      query: side(dataset.query, features.data.subarray(0, cut)),
      gallery: side(dataset.gallery, features.data.subarray(cut)),
    };
    signal.throwIfAborted();
    tell({ words: 'Comparing …' });
    const { report } = await evaluateFeatures(context.gpu, sides.query, sides.gallery, {
      distance,
      protocol,
      rerank: rerank ? {} : undefined,
      nearest: NEAREST,
      seconds,
      facts: {
        flip: context.recipe.evaluation.flip,
        feature: { name: model.recipe.model.kind ?? 'baseline', dimension },
        image: { width: context.recipe.input.width, height: context.recipe.input.height },
        data: { name: dataset.name },
        checkpoint: { file: model.title },
      },
    });
    signal.throwIfAborted();
    const { perQuery } = await evaluateRetrieval(context.gpu, distance, sides.query, sides.gallery, {
      protocol,
      nearest: 1,
    });
    signal.throwIfAborted();
    const held = new Set(dataset.gallery.map(({ identity }) => identity));
    const openSet = perQuery.flatMap(({ query: q, nearest, nearestNonMatch, valid }): OpenSetQuery[] => {
      const [first] = nearest;
      if (!first) return [];
      const known = held.has(dataset.query[q]!.identity);
      if (known && !valid) return [];
      return [
        { nearest: first.distance, right: known ? first.match : undefined, stranger: nearestNonMatch ?? undefined },
      ];
    });
    newest = { id: `evaluation-${next++}`, dataset, model, recipe: context.recipe, sides, distance };
    return { id: newest.id, data, report, dimension, openSet, notes };
  });

/** Gallery pictures that are kept of each query's list. */
const NEAREST = 30;

/** Features in the form of `node cli/extract.js`: a `.npy` or `.safetensors` file of query, then gallery. */
const downloadFeatures: Handler<
  { readonly evaluation: string; readonly format: 'npy' | 'safetensors' },
  Blob
> = async ({ evaluation, format }) => {
  const { sides, dataset, model } = evaluationOf(evaluation);
  const { query, gallery } = sides;
  const { dimension } = query.features;
  const records = [...query.records, ...gallery.records];
  const data = new Float32Array(records.length * dimension);
  data.set(query.features.data);
  data.set(gallery.features.data, query.features.data.length);
  const features = { dtype: 'float32', shape: [records.length, dimension], data } as const;
  const column = (of: (record: (typeof records)[number]) => number) =>
    ({ dtype: 'int32', shape: [records.length], data: Int32Array.from(records, of) }) as const;
  const chunks: Uint8Array[] = [];
  if (format === 'npy') chunks.push(...writeNpy(features));
  else {
    const arrays = [
      ['features', features],
      ['identity', column(({ identity }) => identity)],
      ['camera', column(({ camera }) => camera)],
    ] as const;
    const facts = { checkpoint: model.title, recipe: model.recipe.name, data: dataset.name, splits: 'query,gallery' };
    for await (const chunk of writeSafetensors(arrays, facts)) chunks.push(chunk);
  }
  return new Blob(chunks as Uint8Array<ArrayBuffer>[]);
};

export const evaluateCalls = { evaluate, downloadFeatures };

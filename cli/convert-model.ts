import type { NamedArray } from '../engine/io/arrays.js';
import { exportOnnx, type OnnxModel } from '../engine/io/onnx/export.js';
import { FormatError } from '../engine/io/source.js';
import type { Module } from '../engine/nn/index.js';
import { Tensor } from '../engine/tensor.js';
import { arraysOf, type ImportRow } from '../reid/models/checkpoints/import.js';
import { importWeights } from '../reid/models/checkpoints/import-weights.js';
import type { RetrievalModel } from '../reid/models/model.js';
import type { AnyRecipe } from '../reid/recipes/index.js';
import { buildModel } from '../reid/training/model.js';
import type { ModelFacts, WeightsSource } from './convert-source.js';

/** A model with the weights of a file, and what of both fitted. */
export interface Matched extends ModelFacts {
  readonly model: RetrievalModel;
  readonly rows: readonly ImportRow[];
}

/** Whether the file has everything that the model has, in its shapes. */
export const isWhole = ({ rows }: Matched): boolean =>
  !rows.some(({ action }) => action === 'missing' || action === 'other shape');

function releaseAll(model: Module): void {
  for (const [, entry] of model.entries()) if (entry instanceof Tensor) entry.storage.release();
}

/** How many identities the classifier in a file has: the size in which the model for one differs from it. */
function identitiesOf(recipe: AnyRecipe, arrays: ReadonlyMap<string, NamedArray>): number {
  const model = buildModel(recipe, 1);
  const entries = [...model.entries()].filter((pair): pair is [string, Tensor] => pair[1] instanceof Tensor);
  const counts = entries.flatMap(([name, { shape }]) => {
    const given = arrays.get(name)?.shape;
    const fits = given?.length === shape.length && shape[0] === 1 && shape.every((n, i) => i === 0 || n === given[i]);
    return fits ? [given[0]!] : [];
  });
  releaseAll(model);
  return Math.max(1, ...counts);
}

/**
 * Builds the model of a recipe, takes over the weights that fit, and tells what became of every name. Needs an open GPU.
 *
 * @throws FormatError where nothing fits
 */
export function matchModel({ path, arrays }: WeightsSource, recipe: AnyRecipe, identities?: number): Matched {
  const own = arraysOf(arrays);
  const count = identities ?? identitiesOf(recipe, own);
  const model = buildModel(recipe, count);
  try {
    const rows = importWeights(model, own);
    return { model, rows, recipe, identities: count };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${path} and the recipe ${recipe.name}: ${error.message}`, { cause: error });
  }
}

/** What the user of an exported model has to know, for the file's metadata. */
function describe({ recipe, identities }: ModelFacts): Record<string, string> {
  const { height, width, mean, std } = recipe.input;
  return {
    recipe: recipe.name,
    model: JSON.stringify(recipe.model),
    identities: String(identities),
    input: 'RGB pictures [batch, 3, height, width], (value / 255 - mean) / std of each channel',
    height: String(height),
    width: String(width),
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
    distance: recipe.evaluation.distance,
  };
}

/** How a model is to be exported. */
export interface ExportOptions {
  readonly batch: 'dynamic' | number;
  readonly opset: number;
  readonly producerVersion: string;
}

/**
 * Exports what retrieval compares.
 *
 * @throws FormatError where the file lacks weights that the features depend on
 * @throws OnnxError or TraceError where the model can not be written in ONNX
 */
export async function exportFeatures(path: string, matched: Matched, options: ExportOptions): Promise<OnnxModel> {
  const { model, rows, recipe } = matched;
  const { height, width } = recipe.input;
  const exported = await exportOnnx(model, [3, height, width], {
    ...options,
    metadata: ([features]) => ({ ...describe(matched), features: String(features!.shape.at(-1)) }),
  });
  const used = new Set(exported.parameters);
  const lacking = rows.filter(
    ({ name, action }) => used.has(name) && (action === 'missing' || action === 'other shape'),
  );
  if (lacking.length === 0) return exported;
  const more = lacking.length > 1 ? ` and ${lacking.length - 1} more` : '';
  throw new FormatError(
    `${path} has no weights for ${lacking[0]!.name}${more} of ${recipe.name}, which would be random numbers in the model. ` +
      'Is it the right recipe? --dry-run shows every name',
  );
}

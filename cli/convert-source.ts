import { statSync } from 'node:fs';
import type { NamedArray } from '../engine/io/arrays.js';
import { openFile, readFileBytes } from '../engine/io/files.node.js';
import { readPth, stateDictOf } from '../engine/io/pth.js';
import { openSafetensors } from '../engine/io/safetensors.js';
import { FormatError } from '../engine/io/source.js';
import type { AnyRecipe } from '../reid/recipes/index.js';
import { CheckpointError, readCheckpoint } from '../reid/training/checkpoint.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { UsageError } from './command.js';

/** Which model some weights are of. */
export interface ModelFacts {
  readonly recipe: AnyRecipe;
  /** Rows of its classifier. */
  readonly identities: number;
}

/** Weights that were read, and what is known of them. */
export interface WeightsSource {
  /** The file. */
  readonly path: string;
  readonly kind: 'checkpoint' | 'safetensors' | 'pth';
  readonly arrays: ReadonlyMap<string, NamedArray>;
  /** Where the file tells. */
  readonly facts: ModelFacts | undefined;
  /** What the file holds besides, in words. */
  readonly leftOut: readonly string[];
}

/** What a file of weights alone says of its model, for the metadata of safetensors. */
export const metadataOf = ({ recipe, identities }: ModelFacts): Record<string, string> => ({
  recipe: JSON.stringify(recipe),
  identities: String(identities),
});

function factsOf(metadata: Readonly<Record<string, string>>): ModelFacts | undefined {
  try {
    const recipe = JSON.parse(metadata.recipe ?? '') as AnyRecipe;
    const identities = Number(metadata.identities);
    const whole = Number.isInteger(identities) && identities >= 0;
    return whole && typeof recipe.name === 'string' && recipe.model && recipe.input
      ? { recipe, identities }
      : undefined;
  } catch {
    return undefined; // Of another program, which means something else by the word.
  }
}

/** The file of a place: a run's checkpoint, or the file itself. */
function fileOf(place: string): string {
  let isFolder: boolean;
  try {
    isFolder = statSync(place).isDirectory();
  } catch {
    throw new UsageError(`${place} is not there. Give the folder of a run, a checkpoint, or a file of weights.`);
  }
  if (!isFolder) return place;
  const folder = new RunFolder(place);
  if (!folder.hasCheckpoint)
    throw new CheckpointError(`${place} holds no checkpoint.safetensors. Is it the folder of a run?`);
  return folder.checkpoint;
}

/** What the beginning of a file says that it is; names are not asked. */
async function isSafetensors(path: string): Promise<boolean> {
  const file = await openFile(path);
  try {
    if (file.size < 9) throw new FormatError(`${path} has ${file.size} bytes, too few for any weights; copy it again`);
    return (await file.read(8, 1))[0] === 0x7b;
  } finally {
    await file.close();
  }
}

async function readPlain(path: string): Promise<WeightsSource> {
  const file = await openFile(path);
  try {
    const { entries, metadata, read } = await openSafetensors(file);
    if (metadata.format?.startsWith('reid-webgpu checkpoint')) return await readRun(path);
    const arrays = new Map<string, NamedArray>();
    for (const name of entries.keys()) arrays.set(name, await read(name));
    return { path, kind: 'safetensors', arrays, facts: factsOf(metadata), leftOut: [] };
  } finally {
    await file.close();
  }
}

async function readRun(path: string): Promise<WeightsSource> {
  const { model, optimiser, facts, position } = await readCheckpoint(path);
  const leftOut = [
    `the optimiser (${optimiser.arrays.size} arrays)`,
    `how far training went (epoch ${position.epoch})`,
  ];
  return { path, kind: 'checkpoint', arrays: model, facts, leftOut };
}

/** Whether any of the arrays lies in a value of a pickle. */
function holds(value: unknown, arrays: ReadonlySet<unknown>, seen = new Set<unknown>()): boolean {
  if (arrays.has(value)) return true;
  if (!(value instanceof Map) || seen.has(value)) return false;
  seen.add(value);
  return [...value.values()].some((item) => holds(item, arrays, seen));
}

async function readPickle(path: string, keys: string | undefined): Promise<WeightsSource> {
  const { value } = await readPth(await readFileBytes(path), path);
  let arrays: Map<string, NamedArray>;
  try {
    arrays = stateDictOf(value, keys === undefined ? {} : { path: keys.split('/') });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${path}: ${error.message}. Say where it lies, as --path ema/state_dict.`, { cause: error });
  }
  const taken = new Set<unknown>(arrays.values());
  const others = value instanceof Map ? [...value].filter(([, item]) => !holds(item, taken)) : [];
  return { path, kind: 'pth', arrays, facts: undefined, leftOut: others.map(([key]) => String(key)) };
}

/**
 * Reads weights: of a run (its folder or its checkpoint), of a safetensors file, or of a file of PyTorch.
 *
 * @param keys where the state dict lies in a file of PyTorch, as `ema/state_dict`; by default the usual places are tried
 * @throws UsageError, FileError, FormatError or CheckpointError naming the file
 */
export async function readWeights(place: string, keys?: string): Promise<WeightsSource> {
  const path = fileOf(place);
  if (!(await isSafetensors(path))) return readPickle(path, keys);
  if (keys !== undefined)
    throw new UsageError(`--path is for files of PyTorch; ${path} is a safetensors file, which has no keys.`);
  return readPlain(path);
}

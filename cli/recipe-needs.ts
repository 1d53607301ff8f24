import { type Gpu, GpuError, type Plan } from '../engine/index.js';
import { type AnyRecipe, isGCL, overrideRecipe, recipeCalled } from '../reid/recipes/index.js';
import { type Needs, recipeNeeds } from '../reid/training/needs.js';

/** What a recipe takes on this adapter, or why it can not run there. */
export interface RecipeVerdict {
  readonly recipe: string;
  /** What `identities` counts: GCL has a memory of pictures. */
  readonly counts: 'identities' | 'pictures';
  readonly identities: number;
  readonly needs?: Needs;
  readonly trouble?: string;
  /** Where it can not run here: what it takes on an adapter that binds 2 GiB at once. */
  readonly elsewhere?: Needs;
}

/** Market-1501's training set. */
export const IDENTITIES = 751;

/** Market-1501's training pictures, which GCL's memory has a row of each for. */
export const PICTURES = 12_936;

/** A recipe by its name and changes to it. */
export const recipeOf = (name: string, changes: readonly string[]): AnyRecipe =>
  overrideRecipe(recipeCalled(name), changes);

/** The largest tensor and buffer of most graphics cards. */
const LARGE = 2 ** 31;

/** The same adapter if it bound tensors as large as most graphics cards do; to plan with, not to compute. */
function roomier(gpu: Gpu): Gpu {
  const limits: Record<string, number> = {};
  for (const name in gpu.device.limits) limits[name] = gpu.device.limits[name as keyof GPUSupportedLimits] as number;
  const more = { ...limits, maxStorageBufferBindingSize: LARGE, maxBufferSize: LARGE };
  const { info, host, sharing, device } = gpu;
  return { info, host, sharing, device: { limits: more, features: device.features } } as unknown as Gpu;
}

/** @param identities rows of the classifier; of GCL the pictures */
export function judgeRecipe(gpu: Gpu, recipe: AnyRecipe, identities: number): RecipeVerdict {
  const verdict = {
    recipe: recipe.name,
    counts: isGCL(recipe) ? ('pictures' as const) : ('identities' as const),
    identities,
  };
  try {
    return { ...verdict, needs: recipeNeeds(recipe, identities, gpu) };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { ...verdict, trouble: error.message, elsewhere: needsElsewhere(gpu, recipe, identities) };
  }
}

/** What a recipe takes on an adapter with larger bindings; undefined where these are too small too. */
function needsElsewhere(gpu: Gpu, recipe: AnyRecipe, identities: number): Needs | undefined {
  try {
    return recipeNeeds(recipe, identities, roomier(gpu));
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return undefined;
  }
}

export const gibibytes = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const work = ({ flops, bytes, dispatches, kernels }: Plan): string =>
  `${(flops / 1e9).toFixed(flops < 1e10 ? 1 : 0)} GFLOP, ${(bytes / 1e9).toFixed(1)} GB moved, ${dispatches} dispatches of ${kernels} kernels`;

/** The verdict as lines for people. */
export function describeNeeds({ recipe, counts, identities, needs, trouble, elsewhere }: RecipeVerdict): string {
  if (needs) return linesOf(recipe, `${identities} ${counts}`, needs);
  const advice =
    counts === 'pictures'
      ? 'Try a smaller batch (--set batch=64 --set drawing.microBatch=8 --set joint.batch=8).'
      : 'Try a smaller batch (--set sampler.identities=8) or half precision (--set precision=float16).';
  const there =
    elsewhere && `On an adapter that binds 2 GiB at once:\n${linesOf(recipe, `${identities} ${counts}`, elsewhere)}`;
  return [`${recipe} can not be trained on this adapter: ${trouble}`, advice, there].filter(Boolean).join('\n');
}

function linesOf(recipe: string, of: string, { parameters, training, evaluation }: Needs): string {
  return [
    `${recipe}, ${of}, ${(parameters / 1e6).toFixed(2)} million parameters`,
    `  training needs    ${gibibytes(training.peakBytes)} of GPU memory, ${gibibytes(training.keptBytes)} of them between steps`,
    `  a step            ${work(training)}`,
    `  features need     ${gibibytes(evaluation.peakBytes)}; a batch ${work(evaluation)}`,
  ].join('\n');
}

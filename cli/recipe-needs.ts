import { type Gpu, GpuError, type Plan } from '../engine/index.js';
import { overrideRecipe, recipeCalled } from '../reid/index.js';
import { type Needs, recipeNeeds } from '../reid/training/needs.js';

/** What a recipe takes on this adapter, or why it can not run there. */
export interface RecipeVerdict {
  readonly recipe: string;
  readonly identities: number;
  readonly needs?: Needs;
  readonly trouble?: string;
}

/** Market-1501's training set. */
export const IDENTITIES = 751;

export function judgeRecipe(gpu: Gpu, name: string, changes: readonly string[], identities: number): RecipeVerdict {
  const recipe = overrideRecipe(recipeCalled(name), changes);
  try {
    return { recipe: name, identities, needs: recipeNeeds(recipe, identities, gpu) };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { recipe: name, identities, trouble: error.message };
  }
}

const memory = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const work = ({ flops, bytes, dispatches, kernels }: Plan): string =>
  `${(flops / 1e9).toFixed(flops < 1e10 ? 1 : 0)} GFLOP, ${(bytes / 1e9).toFixed(1)} GB moved, ${dispatches} dispatches of ${kernels} kernels`;

/** The verdict as lines for people. */
export function describeNeeds({ recipe, identities, needs, trouble }: RecipeVerdict): string {
  if (!needs) {
    return (
      `${recipe} can not be trained on this adapter: ${trouble}\n` +
      'Try a smaller batch (--set sampler.identities=8) or half precision (--set precision=float16).'
    );
  }
  const { parameters, training, evaluation } = needs;
  return [
    `${recipe}, ${identities} identities, ${(parameters / 1e6).toFixed(2)} million parameters`,
    `  training needs    ${memory(training.peakBytes)} of GPU memory, ${memory(training.keptBytes)} of them between steps`,
    `  a step            ${work(training)}`,
    `  features need     ${memory(evaluation.peakBytes)}; a batch ${work(evaluation)}`,
  ].join('\n');
}

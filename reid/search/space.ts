import { nearestName } from '../../datasets/nearest.js';
import { overrideRecipe, RecipeError } from '../recipes/override.js';
import type { Recipe } from '../recipes/recipe.js';
import { changesOf, drawSetting, parseSearchKey, type SearchKey, type Setting } from './range.js';

/**
 * Spaces by name. `fgreid` is that of its authors' search scripts (120 trials of 121 epochs; only the margin is logarithmic
 * there), in the names of the recipe's keys.
 */
export const SPACES: Readonly<Record<string, readonly string[]>> = {
  fgreid: [
    'loss.margin=log:1e-6..1',
    'loss.alpha=0.5..3',
    'loss.l=0.1..1',
    'loss.sigma=0.1..1',
    'loss.beta_ratio=1e-6..1',
    'loss.var_weight=1e-6..1e-2',
    'loss.lsr_weight=0.01..3',
    'loss.lcn_weight=0.01..3',
    'optimiser.weightDecay=1e-6..1',
    'schedule.gamma=1e-6..1',
  ],
};

/** The keys of a file of ranges: one KEY=RANGE a line; empty lines and what follows a # do not count. */
export function parseSpaceFile(text: string, name: string): SearchKey[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const keys = lines.flatMap((line, i) => {
    if (line === '') return [];
    try {
      return [parseSearchKey(line)];
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      throw new RecipeError(`${name}, line ${i + 1}: ${error.message}`, { cause: error });
    }
  });
  if (keys.length === 0) throw new RecipeError(`${name} names no key: write KEY=RANGE lines into it.`);
  return keys;
}

/** The keys of a named space. @throws RecipeError naming the nearest */
export function spaceCalled(name: string): SearchKey[] {
  const lines = SPACES[name];
  if (!lines) {
    throw new RecipeError(
      `--space ${name}: neither KEY=RANGE, nor a file, nor a named space. ${nearestName(name, Object.keys(SPACES))}`,
    );
  }
  return lines.map(parseSearchKey);
}

/** Several lists as one space: of a key that is there more than once the last range counts. */
export function joinSpaces(lists: readonly (readonly SearchKey[])[]): SearchKey[] {
  return [...new Map(lists.flat().map((key) => [key.key, key])).values()];
}

/** Keys that the search itself hands out. */
const RESERVED: Readonly<Record<string, string>> = {
  epochs: 'halving hands epochs out; fix their number with --set epochs=N',
};

/** The recipe of a setting. @throws RecipeError naming the setting where one or all together make no sense */
export function recipeOf(recipe: Recipe, setting: Setting, what: string): Recipe {
  try {
    return overrideRecipe(recipe, changesOf(setting));
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw new RecipeError(`${what}: ${error.message.replace(/^--set /, '')}`, { cause: error });
  }
}

/**
 * The settings of all trials, each checked: with it the recipe makes sense, and so it does at the ends of every range.
 *
 * @throws RecipeError naming the key or the trial, before anything runs
 */
export function drawSettings(
  recipe: Recipe,
  keys: readonly SearchKey[],
  { seed, trials }: { readonly seed: number; readonly trials: number },
): Setting[] {
  if (keys.length === 0) throw new RecipeError('There is no key to search over: give --space KEY=RANGE.');
  const settings = Array.from({ length: trials }, (_, trial) => drawSetting(keys, seed, trial));
  for (const { key, range, text } of keys) {
    if (RESERVED[key]) throw new RecipeError(`--space ${key}=${text}: ${RESERVED[key]}.`);
    // One drawn value beside the ends, which may be whole numbers where others are not.
    const some = range.kind === 'choice' ? range.values : [range.low, range.high, settings[0]![key]!].map(String);
    for (const value of some) {
      try {
        recipeOf(recipe, { ...settings[0], [key]: value }, `--space ${key}=${text}`);
      } catch (error) {
        const wantsWhole =
          error instanceof RecipeError && range.kind === 'linear' && /whole number/.test(error.message);
        if (!wantsWhole) throw error;
        throw new RecipeError(`${error.message} Whole numbers are drawn by int:LOW..HIGH.`, { cause: error });
      }
    }
  }
  for (const [trial, setting] of settings.entries()) {
    recipeOf(recipe, setting, `Trial ${trial + 1} (${changesOf(setting).join(', ')})`);
  }
  return settings;
}

import { FormatError } from '../engine/io/source.js';
import type { Module } from '../engine/nn/index.js';
import type { TrunkSource } from '../reid/models/checkpoints/fgreid.js';
import { importTable } from '../reid/models/checkpoints/import.js';
import { importInitial } from '../reid/models/checkpoints/initial.js';
import type { Recipe, UnsupervisedRecipe } from '../reid/recipes/index.js';
import { terminal, UsageError } from './command.js';
import { choiceOf } from './evaluation-options.js';
import { fileHash, storedWeights, weightsFile } from './trained-model.js';

/** Files that training begins with, as a run's recipe.json keeps them. */
export interface InitialFiles {
  readonly weights?: readonly string[];
  /** Of the last file only this trunk. */
  readonly trunk?: string;
}

/** Weights that were read, and what a run writes down of them. */
export interface InitialWeights {
  readonly facts: readonly { readonly file: string; readonly sha256: string; readonly trunk?: string }[];
  /** Takes them over, telling what fitted unless `silent`; @throws FormatError naming the file that does not fit */
  begin(model: Module, silent?: boolean): void;
}

/**
 * Reads the files that a run begins with.
 *
 * @throws UsageError, FileError or FormatError naming the option or file
 */
export async function readInitialWeights(
  recipe: Recipe | UnsupervisedRecipe,
  { weights = [], trunk }: InitialFiles,
): Promise<InitialWeights | undefined> {
  const wanted = choiceOf('trunk', trunk, ['base', 'base_mars'] as const) as TrunkSource | undefined;
  if (wanted && weights.length === 0)
    throw new UsageError('--trunk says what is taken of a file: give --weights FILE too.');
  if (wanted && recipe.model.kind !== 'fgreid')
    throw new UsageError(`--trunk is for recipes fgreid…, and ${recipe.name} has one trunk.`);
  if (weights.length === 0) return undefined;
  const files: { path: string; arrays: Awaited<ReturnType<typeof storedWeights>>; trunk?: TrunkSource }[] = [];
  for (const [i, place] of weights.entries()) {
    const path = weightsFile(place);
    files.push({ path, arrays: await storedWeights(path), trunk: i === weights.length - 1 ? wanted : undefined });
  }
  const facts = [];
  for (const { path, trunk: part } of files) {
    facts.push({ file: path, sha256: await fileHash(path), ...(part && { trunk: part }) });
  }
  return {
    facts,
    begin: (model, silent = false) => {
      for (const { path, arrays, trunk: part } of files) {
        try {
          for (const { what, rows, classifier } of importInitial(model, arrays, part)) {
            const anew = classifier.length > 0 ? `${classifier.join(', ')} left out: classifiers begin anew\n` : '';
            if (!silent) terminal.write(`${path} → ${what}: ${importTable(rows)}\n${anew}`);
          }
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          throw new FormatError(`${path} as a beginning of ${recipe.name}: ${error.message}.`, { cause: error });
        }
      }
    },
  };
}

import { rmSync } from 'node:fs';
import { ImageStore, type ReidDataset } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import { fitRecipe } from '../recipes/fit.js';
import type { Recipe } from '../recipes/recipe.js';
import { Progress, type ProgressOutput } from '../training/progress.js';
import { RunFolder } from '../training/run-folder.node.js';
import { epochsOf, halvingRungs, type Rung, survivors } from './halving.js';
import type { RungResult } from './outcome.js';
import type { SearchKey, Setting } from './range.js';
import { recipeOf } from './space.js';
import { type InitialWeights, runTrial } from './trial.node.js';

/** All that a search depends on, as search.json holds it. */
export interface SearchPlan {
  /** What every trial starts from, its fixed changes made. */
  readonly recipe: Recipe;
  /** The changes, as `--set`. */
  readonly set: readonly string[];
  readonly data: string;
  readonly seed: number;
  readonly keys: readonly SearchKey[];
  /** Of every trial, as drawn and checked by drawSettings. */
  readonly settings: readonly Setting[];
  readonly eta: number;
  /** Undefined: as many as {@link halvingRungs} chooses. */
  readonly rungs?: number;
  /** Share of the training identities that is held out. */
  readonly validation: number;
}

export interface SearchOptions {
  readonly gpu: Gpu;
  readonly plan: SearchPlan;
  /** The validation split: see validationSplit. */
  readonly dataset: ReidDataset;
  /** What every trial begins with. */
  readonly initial?: InitialWeights;
  readonly folder: RunFolder;
  readonly output: ProgressOutput;
  readonly signal?: AbortSignal;
}

/** What a whole search found. */
export interface SearchResult {
  readonly rungs: readonly Rung[];
  readonly results: readonly RungResult[];
}

/** The name of the file of results. */
const RESULTS = 'results.json';

/** The checkpoint of a trial, in the folder of the search. */
export const trialCheckpoint = (folder: RunFolder, trial: number): string =>
  folder.file(`trials/${String(trial + 1).padStart(3, '0')}.safetensors`);

/** How often a search compares its trials, and after how many epochs. @throws RangeError as halvingRungs */
export const rungsOf = ({ settings, eta, rungs, recipe }: SearchPlan): Rung[] =>
  halvingRungs({ trials: settings.length, eta, rungs, epochs: recipe.epochs });

/** The recipe of a trial, as it is trained on the validation split. */
const trialRecipe = ({ recipe, settings }: SearchPlan, trial: number, identities: number): Recipe =>
  fitRecipe(recipeOf(recipe, settings[trial]!, `Trial ${trial + 1}`), identities).recipe;

/**
 * Runs a search, or what is left of one: every result is in the folder before the next trial begins, and a trial that was
 * interrupted goes on from its checkpoint, so that a search that was killed at any moment comes to the same results. Undefined when
 * the signal stopped it.
 */
export async function runSearch(options: SearchOptions): Promise<SearchResult | undefined> {
  const { plan, folder } = options;
  const { settings } = plan;
  const rungs = rungsOf(plan);
  const results = [...(folder.readJson<RungResult[]>(RESULTS) ?? [])];
  // What a killed process left half written goes.
  await new RunFolder(folder.file('trials')).goOnAfter(-1);
  const stage = new Stage(options, rungs);
  try {
    let alive = settings.map((_, trial) => trial);
    for (const [rung, { epochs }] of rungs.entries()) {
      for (const trial of alive) {
        if (results.some((result) => result.trial === trial && result.rung === rung)) continue;
        const result = await stage.run(trial, rung, alive);
        if (!result) return undefined;
        results.push({ trial, rung, epochs, ...result });
        await folder.writeJson(RESULTS, results);
      }
      const reached = results.filter((result) => result.rung === rung && alive.includes(result.trial));
      const next = rungs[rung + 1] ? survivors(reached, rungs[rung + 1]!.trials) : survivors(reached, 1);
      for (const trial of alive) if (!next.includes(trial)) rmSync(trialCheckpoint(folder, trial), { force: true });
      stage.sayRung(rung, reached, next);
      alive = next;
      if (alive.length === 0) break;
    }
  } finally {
    await stage.close();
  }
  return { rungs, results };
}

/** Runs trials one after the other and tells how far the whole search is. */
class Stage {
  readonly #options: SearchOptions;
  readonly #rungs: readonly Rung[];
  readonly #progress: Progress;
  #store: ImageStore | undefined;
  /** Steps of this process. */
  #steps = 0;

  constructor(options: SearchOptions, rungs: readonly Rung[]) {
    this.#options = options;
    this.#rungs = rungs;
    this.#progress = new Progress(options.output, 'search', 'steps');
  }

  async run(trial: number, rung: number, alive: readonly number[]) {
    const { gpu, plan, dataset, folder, initial, signal } = this.#options;
    const recipe = trialRecipe(plan, trial, dataset.identities);
    const { epochs } = this.#rungs[rung]!;
    const from = this.#rungs[rung - 1]?.epochs ?? 0;
    const later = this.#rungs.slice(rung + 1);
    // Epochs behind this trial: of its rung, and of the rungs that follow.
    const waiting =
      (alive.length - 1 - alive.indexOf(trial)) * (epochs - from) +
      epochsOf(later.map((one) => ({ ...one, epochs: one.epochs - epochs })));
    const where = `rung ${rung + 1} of ${this.#rungs.length}, trial ${alive.indexOf(trial) + 1} of ${alive.length}`;
    return runTrial({
      gpu,
      dataset,
      recipe,
      data: plan.data,
      seed: plan.seed,
      checkpoint: trialCheckpoint(folder, trial),
      until: epochs,
      initial,
      store: await this.#storeOf(recipe),
      signal,
      onStep: ({ step, epoch, loss }, stepsLeft) => {
        this.#steps++;
        const anEpoch = (step + stepsLeft) / recipe.epochs;
        const left = Math.max(0, epochs * anEpoch - step) + waiting * anEpoch;
        const note = `${where}, epoch ${epoch + 1} of ${epochs}, loss ${loss.toFixed(3)}`;
        this.#progress.update(this.#steps, this.#steps + Math.ceil(left), note);
      },
    });
  }

  /** Who goes on. */
  sayRung(rung: number, reached: readonly RungResult[], next: readonly number[]): void {
    const best = survivors(reached, 1)[0];
    const diverged = reached.filter(({ mAP }) => mAP === null).length;
    const found = reached.find(({ trial }) => trial === best);
    const parts = [
      found?.mAP == null ? 'every trial diverged' : `best mAP ${(100 * found.mAP).toFixed(1)} % (trial ${best! + 1})`,
      diverged > 0 && found ? `${diverged} diverged` : '',
      this.#rungs[rung + 1] && next.length > 0 ? `${next.length} of ${reached.length} go on` : '',
    ];
    const { epochs } = this.#rungs[rung]!;
    this.#progress.say(`rung ${rung + 1}, epoch ${epochs}: ${parts.filter((part) => part !== '').join(', ')}`);
  }

  async close(): Promise<void> {
    this.#progress.end();
    await this.#store?.close();
  }

  /** Decoded pictures stay from trial to trial as long as their size does. */
  async #storeOf({ input }: Recipe): Promise<ImageStore> {
    const { height, width, resize } = input;
    const filter = resize ?? 'bilinear';
    const same = this.#store?.height === height && this.#store.width === width && this.#store.filter === filter;
    if (!same) {
      await this.#store?.close();
      this.#store = new ImageStore(this.#options.dataset, { height, width, filter });
    }
    return this.#store!;
  }
}

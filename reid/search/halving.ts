/** A stage of successive halving: so many trials are trained up to so many epochs, and compared. */
export interface Rung {
  readonly epochs: number;
  readonly trials: number;
}

export interface HalvingOptions {
  readonly trials: number;
  /** Of a whole training: what the last rung trains to. */
  readonly epochs: number;
  /** Of so many trials one goes on to the next rung, for as many times the epochs. Default 3. */
  readonly eta?: number;
  /** Default: as many as leave at least one trial in the last and one epoch in the first. 1 trains every trial to the end. */
  readonly rungs?: number;
}

/** What came of a trial at a rung, as far as it decides who goes on. */
export interface Ranked {
  readonly trial: number;
  /** Of the validation split, a fraction; null where training diverged. */
  readonly mAP: number | null;
}

/**
 * The rungs of successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
 * optimization", AISTATS 2016; with rungs by epochs as Li et al., "A system for massively parallel hyperparameter tuning",
 * MLSys 2020): each rung trains the best 1/eta of the one before for eta times the epochs, and all of a rung are compared at once,
 * so that nothing depends on the time that trials take. Rungs that would have the same epochs are one.
 *
 * @throws RangeError naming the option that makes no sense
 *
 * @example
 *   halvingRungs({ trials: 9, epochs: 27 }); // 9 trials to epoch 3, 3 to 9, 1 to 27
 */
export function halvingRungs({ trials, epochs, eta = 3, rungs }: HalvingOptions): Rung[] {
  const whole = (name: string, value: number, least: number) => {
    if (!(Number.isInteger(value) && value >= least)) {
      throw new RangeError(`${name} is ${value}; it should be a whole number of at least ${least}`);
    }
  };
  whole('trials', trials, 1);
  whole('epochs', epochs, 1);
  whole('eta', eta, 2);
  if (rungs !== undefined) whole('rungs', rungs, 1);
  let most = 1;
  while (eta ** most <= Math.min(trials, epochs)) most++;
  const count = rungs ?? most;
  const found: Rung[] = [];
  let left = trials;
  for (let rung = 0; rung < count; rung++) {
    const until = Math.ceil(epochs / eta ** (count - 1 - rung));
    if (found.at(-1)?.epochs === until) continue;
    found.push({ epochs: until, trials: left });
    left = Math.max(1, Math.floor(left / eta));
  }
  return found;
}

/** Epochs that all trials of the rungs train together, each going on from where it was. */
export const epochsOf = (rungs: readonly Rung[]): number =>
  rungs.reduce((sum, { epochs, trials }, i) => sum + trials * (epochs - (rungs[i - 1]?.epochs ?? 0)), 0);

/** The best first: by mAP, then by number; what diverged last. */
export function byObjective<T extends Ranked>(outcomes: readonly T[]): T[] {
  return [...outcomes].sort((a, b) => (b.mAP ?? -1) - (a.mAP ?? -1) || a.trial - b.trial);
}

/** Who goes on: the best `count`, in the order of their numbers. What diverged never does. */
export function survivors(outcomes: readonly Ranked[], count: number): number[] {
  const best = byObjective(outcomes.filter(({ mAP }) => mAP !== null)).slice(0, count);
  return best.map(({ trial }) => trial).sort((a, b) => a - b);
}

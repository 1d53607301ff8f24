/** How the learning rate rises in the first epochs. */
export interface Warmup {
  readonly epochs: number;
  /** The part of the rate that it starts with. */
  readonly from: number;
  /** `linear` (default) rises from there, `constant` stays there. */
  readonly mode?: 'linear' | 'constant';
  /** `times` (default): the decay goes on meanwhile, the rate is the product; `instead`: the decay begins after. */
  readonly decay?: 'times' | 'instead';
}

/**
 * A course of the learning rate over epochs, as plain data for recipes; `factorAt` says what it means. Epochs count from 0 and
 * may be fractions, or steps where a recipe counts these.
 */
export type Schedule = {
  readonly warmup?: Warmup;
  /** How often the rate changes: with every `step` (default), or only between epochs. */
  readonly each?: 'step' | 'epoch';
} & (
  | { readonly kind: 'constant' }
  /** Times gamma every `every` epochs. */
  | { readonly kind: 'step'; readonly every: number; readonly gamma: number }
  /** Times gamma at each milestone. */
  | { readonly kind: 'multiStep'; readonly milestones: readonly number[]; readonly gamma: number }
  /** Times gamma each epoch. */
  | { readonly kind: 'exponential'; readonly gamma: number }
  /** Half a cosine from 1 down to `to` (default 0) between the epochs `start` (default 0) and `end`. */
  | { readonly kind: 'cosine'; readonly end: number; readonly start?: number; readonly to?: number }
  /** A line from 1 to `to` (default 0) between the epochs `start` (default 0) and `end`. */
  | { readonly kind: 'linear'; readonly end: number; readonly start?: number; readonly to?: number }
);

/** How far `epoch` is between the schedule's start and end, from 0 to 1. */
function progress(epoch: number, { start = 0, end }: { readonly start?: number; readonly end: number }): number {
  return Math.min(Math.max((epoch - start) / (end - start), 0), 1);
}

function decayAt(schedule: Schedule, epoch: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.gamma ** Math.floor(epoch / schedule.every);
    case 'multiStep':
      return schedule.gamma ** schedule.milestones.filter((milestone) => milestone <= epoch).length;
    case 'exponential':
      return schedule.gamma ** epoch;
    case 'cosine': {
      const { to = 0 } = schedule;
      return to + ((1 - to) * (1 + Math.cos(Math.PI * progress(epoch, schedule)))) / 2;
    }
    case 'linear':
      return 1 + ((schedule.to ?? 0) - 1) * progress(epoch, schedule);
  }
}

/** What the base learning rate is multiplied by at `at`, in epochs. */
export function factorAt(schedule: Schedule, at: number): number {
  const { warmup, each } = schedule;
  const epoch = each === 'epoch' ? Math.floor(at) : at;
  if (!warmup || epoch >= warmup.epochs) return decayAt(schedule, epoch);
  const { epochs, from, mode = 'linear', decay = 'times' } = warmup;
  const rise = mode === 'constant' ? from : from + ((1 - from) * epoch) / epochs;
  return decay === 'times' ? rise * decayAt(schedule, epoch) : rise;
}

/**
 * The learning rate as a function of the epoch.
 *
 * @example
 *   const lr = learningRate(3.5e-4, {
 *     kind: 'multiStep', milestones: [40, 70], gamma: 0.1, warmup: { epochs: 10, from: 0.01 },
 *   });
 *   lr(0); // 3.5e-6
 *   lr(10); // 3.5e-4
 *   lr(40); // 3.5e-5
 */
export function learningRate(base: number, schedule: Schedule): (epoch: number) => number {
  return (epoch) => base * factorAt(schedule, epoch);
}

/** Sets the learning rates of an optimiser's groups epoch by epoch, each from the rate the group had when this was made. */
export class Scheduler {
  readonly #groups: readonly { lr: number }[];
  readonly #bases: readonly number[];
  readonly #schedule: Schedule;
  #epoch = 0;

  /** Sets the rates of epoch 0. To go on from a checkpoint, make it before the optimiser's state is loaded, then set epoch. */
  constructor(optimiser: { readonly groups: readonly { lr: number }[] }, schedule: Schedule) {
    this.#groups = [...optimiser.groups];
    this.#bases = this.#groups.map(({ lr }) => lr);
    this.#schedule = schedule;
    this.epoch = 0;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Sets the rates of an epoch. */
  set epoch(value: number) {
    this.#epoch = value;
    const factor = factorAt(this.#schedule, value);
    this.#groups.forEach((group, i) => {
      group.lr = this.#bases[i]! * factor;
    });
  }

  /** Goes on to the next epoch. */
  step(): void {
    this.epoch++;
  }
}

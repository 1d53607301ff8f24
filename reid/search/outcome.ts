import { byObjective, type Ranked } from './halving.js';
import type { Setting } from './range.js';

/** What a trial came to at a rung. */
export interface RungResult {
  /** From 0, as is the rung. */
  readonly trial: number;
  readonly rung: number;
  readonly epochs: number;
  /** On the validation split, as fractions; null where training diverged. */
  readonly mAP: number | null;
  readonly rank1: number | null;
  readonly steps: number;
  /** Of training, since the trial began. */
  readonly seconds: number;
  readonly diverged?: string;
}

/** A trial with all that it came to. */
export interface Outcome extends Ranked {
  readonly setting: Setting;
  /** By rung. */
  readonly results: readonly RungResult[];
  /** Epochs that it was trained for. */
  readonly epochs: number;
  readonly rank1: number | null;
  readonly seconds: number;
  /** `finished` trained to the last epoch, `stopped` was not among the best of its rung. */
  readonly state: 'finished' | 'stopped' | 'diverged';
  readonly diverged?: string;
}

/**
 * Trials from the best to the worst: those that came to a later rung before others, then by their mAP there; what diverged last.
 * Trials without any result are left out.
 *
 * @param epochs of a whole training
 */
export function outcomesOf(settings: readonly Setting[], results: readonly RungResult[], epochs: number): Outcome[] {
  const all = settings.flatMap((setting, trial): Outcome[] => {
    const own = results.filter((result) => result.trial === trial).sort((a, b) => a.rung - b.rung);
    const last = own.at(-1);
    if (!last) return [];
    const state = last.mAP === null ? 'diverged' : last.epochs >= epochs ? 'finished' : 'stopped';
    const { mAP, rank1, seconds, diverged } = last;
    return [{ trial, setting, results: own, epochs: last.epochs, mAP, rank1, seconds, state, diverged }];
  });
  const reached = [...new Set(all.map((outcome) => outcome.epochs))].sort((a, b) => b - a);
  const stood = reached.flatMap((at) => byObjective(all.filter((one) => one.epochs === at && one.mAP !== null)));
  return [...stood, ...all.filter(({ mAP }) => mAP === null)];
}

/** The rows of a table: a head, then a line for each trial, the best first. */
export function outcomeTable(outcomes: readonly Outcome[], keys: readonly string[]): string[][] {
  const percent = (share: number | null) => (share === null ? '-' : (100 * share).toFixed(2));
  return [
    ['trial', 'mAP %', 'rank-1 %', 'epochs', 'seconds', ...keys, 'state'],
    ...outcomes.map(({ trial, setting, epochs, mAP, rank1, seconds, state, diverged }) => [
      String(trial + 1),
      percent(mAP),
      percent(rank1),
      String(epochs),
      seconds.toFixed(1),
      ...keys.map((key) => setting[key]!),
      state === 'diverged' ? `diverged: ${diverged}` : state,
    ]),
  ];
}

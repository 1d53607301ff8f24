import type { Output, PeerCase } from './cases.js';
import type { Reference } from './convolution-reference.js';
import { fill, positions, sizeOf } from './inputs.js';

/** Positions that are compared of each output. */
const COMPARED = 200;

/** Values of outputs at some positions; null is what JSON makes of NaN and infinity. */
export type Values = Readonly<Record<string, readonly (number | null)[]>>;

/** Of each output the positions that are compared. */
export const comparedPositions = ({ outputs }: PeerCase, most = COMPARED): Record<string, number[]> =>
  Object.fromEntries(outputs.map(({ name, shape }) => [name, positions(sizeOf(shape), most)]));

/** What the compared values must be, and what they are measured from. */
export interface Expected {
  readonly output: Output;
  readonly values: readonly number[];
  readonly from: readonly number[];
}

/** Works out what a case must give at the compared positions. */
export function expectedOf(
  one: PeerCase,
  at: Readonly<Record<string, readonly number[]>>,
  reference: Reference,
): Expected[] {
  return one.outputs.map((output) => {
    const places = at[output.name]!;
    const input = one.inputs.find(({ name }) => name === output.from);
    const before = input && fill(input);
    return {
      output,
      values: places.map((i) => reference[output.name]!(i)),
      from: places.map((i) => before?.[i] ?? 0),
    };
  });
}

/** ‖got − wanted‖₂ / ‖wanted − from‖₂; infinite when anything is missing or not finite. */
export function relativeError(
  got: readonly (number | null)[],
  wanted: readonly number[],
  from: readonly number[],
): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let [error, norm] = [0, 0];
  for (const [i, value] of wanted.entries()) {
    error += ((got[i] ?? Number.NaN) - value) ** 2;
    norm += (value - from[i]!) ** 2;
  }
  const ratio = Math.sqrt(error / norm);
  return Number.isFinite(ratio) ? ratio : Number.POSITIVE_INFINITY;
}

/** How far a program's values are off, at worst, and in words when that is too far. */
export interface Verdict {
  readonly error: number;
  readonly wrong?: string;
}

/** Holds a program's values against what they must be. */
export function judge(got: Values, expected: readonly Expected[]): Verdict {
  const errors = expected.map(({ output, values, from }) => ({
    output,
    error: relativeError(got[output.name] ?? [], values, from),
  }));
  const wrong = errors.filter(({ output, error }) => error > output.tolerance);
  return {
    error: Math.max(...errors.map(({ error }) => error)),
    ...(wrong.length > 0 && {
      wrong: wrong
        .map(({ output, error }) => `${output.name} is off by ${error.toPrecision(2)} (relative l2)`)
        .join(', '),
    }),
  };
}

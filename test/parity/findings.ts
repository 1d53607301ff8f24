import type { Tensor, TensorData } from '../../engine/tensor.js';
import type { GoldenValue } from './case.js';
import { compare, type Difference, TINY, type Tolerance } from './compare.js';
import type { GoldenModel } from './model-golden.js';

/** Of a whole gradient's length: what float32 leaves of terms that cancel. */
const ROUNDING = 1e-6;

export const noiseOf = (golden: GoldenValue): number => golden.noise ?? 0;

/** What is compared in a case, under names that say where: `eval feat`, `grad conv1.weight`. */
export class Findings {
  readonly differences: Record<string, Difference> = {};

  add(what: string, difference: Difference): void {
    this.differences[what] = difference;
  }

  async tensor(what: string, t: Tensor | undefined, golden: GoldenValue, tolerance: Tolerance): Promise<void> {
    if (t) this.data(what, await t.read(), t.shape, golden, tolerance);
    else this.fail(what, 'it is not there');
  }

  data(what: string, data: TensorData, shape: readonly number[], golden: GoldenValue, tolerance: Tolerance): void {
    this.add(what, { ...compare(data, shape, golden, tolerance), allowed: tolerance.l2 });
  }

  /** A number of which only the relative size is known to be right. */
  number(what: string, got: number, want: number, relative: number, absolute = 0): void {
    const off = Math.abs(got - want);
    const size = Math.abs(want) || 1;
    const l2 = off / size;
    const allowed = relative + absolute / size;
    const reason = l2 <= allowed ? undefined : `${got} instead of ${want}, which is above ${relative}`;
    this.add(what, { absolute: off, relative: l2, l2, allowed, reason });
  }

  /** A number that is zero in exact arithmetic. */
  small(what: string, got: number, most = TINY): void {
    const reason = Math.abs(got) <= most ? undefined : `${got} instead of 0`;
    this.add(what, { absolute: Math.abs(got), relative: 0, l2: 0, reason });
  }

  fail(what: string, reason: string): void {
    this.add(what, { absolute: Infinity, relative: Infinity, l2: Infinity, reason });
  }
}

export const l2Of = (data: ArrayLike<number>): number => {
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i]! * data[i]!;
  return Math.sqrt(squares);
};

export interface GradientRecords {
  readonly grads: GoldenModel['grads'];
  readonly lengths: GoldenModel['grad_l2'];
  readonly median: number;
  /** Parameters whose gradient is zero in exact arithmetic. */
  readonly zero?: readonly string[];
  /** How far PyTorch's own float32 was from float64, where it was farthest. */
  readonly worst?: readonly (readonly [string, number])[];
}

/** The gradients that a backward pass left, by name, against the file's: those that it has whole, and the lengths of all. */
export async function compareGradients(
  findings: Findings,
  parameters: ReadonlyMap<string, Tensor>,
  { grads, lengths, median, zero = [], worst = [] }: GradientRecords,
): Promise<void> {
  const noises = new Map(worst);
  for (const [name, want] of Object.entries(grads)) {
    const got = parameters.get(name)?.grad;
    if (want) await findings.tensor(`grad ${name}`, got, want, { l2: Math.max(1e-3, 10 * noiseOf(want)) });
    else if (got && l2Of(await got.read()) > 0) findings.fail(`grad ${name}`, 'there should be none');
  }
  const whole = Math.sqrt(Object.values(lengths).reduce<number>((sum, length) => sum + (length ?? 0) ** 2, 0));
  for (const [name, want] of Object.entries(lengths)) {
    const got = parameters.get(name)?.grad;
    const length = got ? l2Of(await got.read()) : 0;
    // What is smaller than the rounding of the whole gradient is zero in exact arithmetic: the file lists examples only.
    const rounding = want !== null && want <= ROUNDING * whole;
    if (want === null || rounding || zero.includes(name) || grads[name]?.zero) {
      findings.small(`grad l2 ${name}`, length, Math.max(TINY, 10 * ROUNDING * whole));
    }
    // A gradient that PyTorch itself does not know to 10 median noises is known to 10 of its own.
    else findings.number(`grad l2 ${name}`, length, want, Math.max(1e-2, 10 * median, 10 * (noises.get(name) ?? 0)));
  }
}

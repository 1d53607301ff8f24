/** Comparing a few elements of a large result with loops in double. */

/** One element as the loops give it, and the sum of the sizes of its terms, by which its error is judged. */
export interface Exact {
  readonly value: number;
  readonly scale: number;
}

/** Element `index` of a result. */
export type Reference = (index: number) => Exact;

/** What a result must be. */
export interface Expected {
  readonly at: Reference;
  /** Elements of the result. */
  readonly size: number;
  /** Multiply-adds that one element costs the CPU; they bound the number of samples. */
  readonly cost: number;
  /**
   * How far an element may be off, relative to its scale. Of sums of terms of either sign rounding leaves some 2e-7, however many
   * they are; a term that is missing among 10⁵ is 1e-5.
   */
  readonly tolerance: number;
  /** Which elements to look at, where any will not do. */
  readonly positions?: (count: number) => number[];
}

/** What came of a comparison. */
export interface Verdict {
  readonly samples: number;
  /** The largest error over its scale; Infinity where an element is no number. */
  readonly error: number;
  readonly status: 'ok' | 'wrong';
  readonly message?: string;
}

/** For sums of products of either sign. */
export const PRODUCTS = 1e-6;
/** For sums of terms of one sign, whose rounding grows with the root of their number. */
export const SUMS = 4e-6;
/** For what goes through exp, log, square roots and divisions, which WGSL gives with a few units less. */
export const FUNCTIONS = 3e-5;

const MOST = 2048;
const LEAST = 24;
/** Multiply-adds for the samples of one result: some tens of milliseconds. */
const BUDGET = 2e7;

/** How many elements to look at. */
export const sampleCount = ({ cost, size }: Pick<Expected, 'cost' | 'size'>): number =>
  Math.min(size, MOST, Math.max(LEAST, Math.floor(BUDGET / cost)));

/**
 * `count` different positions below `size`: the first and the last ones, those beside the middle and beside powers of two, where
 * tiles and sizes of types end, and others spread evenly but by no round step.
 */
export function samplePositions(size: number, count: number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, i) => i);
  const found = new Set<number>();
  const add = (i: number) => {
    if (i >= 0 && i < size && found.size < count) found.add(i);
  };
  for (const i of [0, size - 1, 1, size - 2, Math.floor(size / 2), size - 3, size - 4, size - 5]) add(i);
  for (let power = 4; power < size && found.size < count / 3; power *= 4) {
    add(power - 1);
    add(power);
  }
  for (let i = 1; found.size < count; i++) add(Math.floor(((i * 0.6180339887498949) % 1) * size));
  return [...found];
}

/** The positions at which a result is compared, and what it must be there. */
export function expectedAt(expected: Expected): { positions: number[]; exact: Exact[] } {
  const count = sampleCount(expected);
  const positions = expected.positions?.(count) ?? samplePositions(expected.size, count);
  return { positions, exact: positions.map(expected.at) };
}

/** Compares a result with its samples, and looks for what is no number in all of it. */
export function compare(
  got: ArrayLike<number>,
  { positions, exact }: ReturnType<typeof expectedAt>,
  { size, tolerance }: Pick<Expected, 'size' | 'tolerance'>,
): Verdict {
  const samples = positions.length;
  const wrong = (message: string, error = Infinity): Verdict => ({ samples, error, status: 'wrong', message });
  if (got.length !== size) return wrong(`it has ${got.length} elements, not ${size}`);
  for (let i = 0; i < size; i++) if (!Number.isFinite(got[i])) return wrong(`element ${i} is ${got[i]}`);
  let error = 0;
  let worst = 0;
  for (let i = 0; i < samples; i++) {
    const { value, scale } = exact[i]!;
    const off = Math.abs(got[positions[i]!]! - value);
    const relative = off === 0 ? 0 : off / Math.max(scale, 1e-30);
    if (relative > error) [error, worst] = [relative, i];
  }
  if (error <= tolerance) return { samples, error, status: 'ok' };
  const [found, wanted] = [got[positions[worst]!]!, exact[worst]!.value].map((value) => Number(value.toPrecision(8)));
  return wrong(`element ${positions[worst]} is ${found}, not ${wanted}`, error);
}

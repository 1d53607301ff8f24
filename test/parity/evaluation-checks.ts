import type { GoldenValue } from './case.js';
import { compare, type Difference } from './compare.js';
import type { CaseResult } from './ops.js';

/** What a case compared, by name. */
export type Checks = Record<string, Difference>;

/** Makes a case of its checks: it passes when none of them has a reason not to. */
export function caseOf(id: string, check: () => Checks | Promise<Checks>): { id: string; run(): Promise<CaseResult> } {
  return {
    id,
    run: async () => {
      const forward = await check();
      const wrong = Object.entries(forward).find(([, { reason }]) => reason);
      return {
        id,
        status: wrong ? 'fail' : 'pass',
        forward,
        gradients: {},
        reason: wrong && `${wrong[0]}: ${wrong[1].reason}`,
      };
    },
  };
}

/** Compares numbers by their absolute difference; 0 for what must be the same. `null` matches `null` alone. */
export function near(
  got: ArrayLike<number | null> | number,
  want: ArrayLike<number | null> | number,
  tolerance: number,
): Difference {
  const [a, b] = [listOf(got), listOf(want)];
  if (a.length !== b.length) return failed(`${a.length} numbers instead of ${b.length}`);
  let absolute = 0;
  let relative = 0;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === null && y === null) continue;
    const off = x === null || y === null ? Number.NaN : Math.abs(x - y);
    if (!(off <= tolerance)) return failed(`element ${i} is ${x}, not ${y}`);
    absolute = Math.max(absolute, off);
    if (y !== 0) relative = Math.max(relative, off / Math.abs(y!));
  }
  return { absolute, relative, l2: 0, reason: undefined };
}

const listOf = (value: ArrayLike<number | null> | number): ArrayLike<number | null> =>
  typeof value === 'number' ? [value] : value;

const failed = (reason: string): Difference => ({ absolute: Infinity, relative: Infinity, l2: Infinity, reason });

/** Compares with a stored record, each element within `absolute`, as a whole within 1e-5. */
export const nearRecord = (got: Float32Array, want: GoldenValue, absolute: number): Difference =>
  compare(got, want.shape, want, { l2: 1e-5, relative: 0, absolute });

/** Fails with a reason unless something holds. */
export const holds = (fact: boolean, reason: string): Difference =>
  fact ? { absolute: 0, relative: 0, l2: 0, reason: undefined } : failed(reason);

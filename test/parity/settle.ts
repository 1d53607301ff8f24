import { fill } from '../golden/fill.js';
import type { Difference } from './compare.js';
import type { CaseResult } from './ops.js';

/** How often a case is run again with its input moved, before a value that is off counts as wrong. */
const NUDGES = 12;

/** What was compared, by names; those that begin with `grad` are gradients. */
export type Differences = Readonly<Record<string, Difference>>;

/** Each number moved to a float32 beside it, or not, by chance; as it was for nudge 0. */
export function nudged(data: Float32Array, nudge: number): Float32Array {
  if (nudge === 0) return data;
  const move = fill(`nudge ${nudge}`, [data.length], { kind: 'quant', levels: 3, offset: -1 });
  return data.map((value, i) => value * (1 + move[i]! * 2 ** -23));
}

/** What was compared as a case's result. `met` were right in one of `runs` runs with a nudged input. */
export function resultOf(
  id: string,
  differences: Differences,
  met: ReadonlySet<string> = new Set(),
  runs = 0,
): CaseResult {
  const all = Object.entries(differences).map(([what, difference]): [string, Difference] => [
    what,
    met.has(what) ? { ...difference, reason: undefined } : difference,
  ]);
  const wrong = all.filter(([, { reason }]) => reason);
  const share = ({ l2, allowed }: Difference) => (allowed ? l2 / allowed : 0);
  const [what, worst] = all.reduce((a, b) => (share(b[1]) > share(a[1]) ? b : a), all[0]!);
  const shown = wrong.slice(0, 3).map(([name, { reason }]) => `${name}: ${reason}`);
  const limit = worst.allowed ? ` of ${worst.allowed.toExponential(1)} allowed` : '';
  const rounding =
    met.size > 0
      ? `; a matter of rounding, right in one of ${runs} runs with a nudged input: ${[...met].join(', ')}`
      : '';
  return {
    id,
    status: wrong.length > 0 ? 'fail' : 'pass',
    forward: Object.fromEntries(all.filter(([name]) => !name.startsWith('grad'))),
    gradients: Object.fromEntries(all.filter(([name]) => name.startsWith('grad'))),
    reason: wrong.length > 0 ? `${wrong.length} of ${all.length} differ: ${shown.join('; ')}` : undefined,
    note: `${all.length} compared; worst ${what}: ${worst.l2.toExponential(1)}${limit}${rounding}`,
  };
}

/** How far beyond its tolerance a value may be at first. What an error of a model causes is off by orders of magnitude. */
const NEAR = 4;

const isNear = ({ l2, allowed = 0 }: Difference): boolean => l2 <= NEAR * allowed;

/**
 * Runs a case. Values that are off are looked at again with the input moved by a rounding: where a ReLU's input is within rounding
 * of 0, or a gradient is what is left of terms that cancel, float32 gives one of several values, of which the reference's is one.
 * Such a value counts as right if it was off by little and one of these runs meets its tolerance, which stays what it is.
 */
export async function settle(id: string, run: (nudge: number) => Promise<Differences>): Promise<CaseResult> {
  const first = await run(0);
  const off = Object.entries(first).filter(([, { reason }]) => reason);
  // One value that can not be a matter of rounding, such as a wrong shape, makes looking at the others idle.
  const open = new Set(off.every(([, difference]) => isNear(difference)) ? off.map(([what]) => what) : []);
  const met = new Set<string>();
  let runs = 0;
  while (open.size > 0 && runs < NUDGES) {
    const again = await run(++runs);
    for (const what of open) {
      if (again[what]?.reason) continue;
      open.delete(what);
      met.add(what);
    }
  }
  return resultOf(id, first, met, runs);
}

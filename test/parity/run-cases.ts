import { openGpu } from '../../engine/gpu.js';
import { conformanceCases } from './conformance.js';
import type { CaseResult } from './ops.js';
import { overfitCases } from './overfit.js';
import { type GoldenText, plannedCases } from './plan.js';

/**
 * Runs the cases of some golden files, and those that need none, whose names match; `tell` hears of each result as it comes.
 *
 * @returns their number
 */
export async function runCases(
  files: readonly GoldenText[],
  only: RegExp,
  tell: (result: CaseResult) => void | Promise<void>,
): Promise<number> {
  const cases = [...plannedCases(files), ...(await conformanceCases()), ...overfitCases()];
  const wanted = cases.filter(({ id }) => only.test(id));
  if (wanted.length === 0) return 0;
  let gpu = await openGpu();
  for (const { id, run } of wanted) {
    if (!gpu.healthy) {
      gpu.close();
      gpu = await openGpu();
    }
    const result: CaseResult = await run().catch((error: Error) => ({
      id,
      status: 'fail',
      forward: {},
      gradients: {},
      reason: error.message,
    }));
    await tell(result);
  }
  gpu.close();
  return wanted.length;
}

/** What came of one test file. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What the failed tests said, ready to print. */
  readonly errors: readonly string[];
}

/** uvu's own shape of a finished suite: its errors as text (or true), how many passed, were skipped, and there were. */
type SuiteResult = [errors: string | true, passed: number, skipped: number, total: number];

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: (() => Promise<SuiteResult>)[][];
  UVU_INDEX?: number;
}

/**
 * Loads one uvu test file by `load` and runs its suites, in Node and in the browser alike. This is uvu's own runner except that
 * it hands back what happened: the command line of uvu only prints it, and does not exist in a browser.
 */
export async function runSuites(load: () => Promise<unknown>): Promise<Outcome> {
  const uvu = globalThis as UvuGlobals;
  // Seen by uvu when it is first imported: suites then wait in the queue instead of starting by themselves.
  uvu.UVU_DEFER = 1;
  uvu.UVU_QUEUE = [[]];
  uvu.UVU_INDEX = 0;
  await load();
  const outcome = { passed: 0, failed: 0, skipped: 0, errors: [] as string[] };
  for (const run of uvu.UVU_QUEUE[0]!) {
    const [errors, passed, skipped, total] = await run();
    outcome.passed += passed;
    outcome.skipped += skipped;
    outcome.failed += total - passed;
    if (errors !== true) outcome.errors.push(errors);
    // uvu swallows what a hook throws; only the tests that never ran show it.
    else if (passed < total) outcome.errors.push(`  ${total - passed} of ${total} tests did not run: a hook threw.`);
  }
  if (outcome.passed + outcome.failed + outcome.skipped === 0) {
    outcome.failed = 1;
    outcome.errors.push('  No test ran. Does the file end with "test.run()"?');
  }
  return outcome;
}

import { relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Outcome } from './suite.js';

export const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Prints outcomes as they come and adds them up. */
export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly #failures: string[] = [];

  /** Adds one file's or one check's outcome and prints a line; what went wrong follows at once and again at the end. */
  add(name: string, outcome: Outcome, since: number): void {
    this.passed += outcome.passed;
    this.failed += outcome.failed;
    this.skipped += outcome.skipped;
    const counts = [
      outcome.passed && `${outcome.passed} passed`,
      outcome.failed && `${outcome.failed} failed`,
      outcome.skipped && `${outcome.skipped} skipped`,
    ];
    console.log(
      `${outcome.failed ? 'FAIL' : '  ok'}  ${name}  ${counts.filter(Boolean).join(', ')}  (${seconds(since)})`,
    );
    // uvu writes colours in a browser, whoever reads them.
    for (const error of outcome.errors) console.log(stripVTControlCharacters(error).replace(/^(?=.)/gm, '      '));
    if (outcome.failed) this.#failures.push(name);
  }

  /** Counts `count` things as skipped, with the reason. */
  skip(name: string, reason: string, count = 1): void {
    this.skipped += count;
    console.log(`skip  ${name}  ${reason}`);
  }

  /** Prints the closing lines and sets the exit code. */
  close(): void {
    if (this.#failures.length) console.log(`\nFailed:\n${this.#failures.map((name) => `  ${name}`).join('\n')}`);
    console.log(`\n${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
    process.exitCode = this.failed ? 1 : 0;
  }
}

/** One failure that is not a test's. */
export const failure = (message: string): Outcome => ({ passed: 0, failed: 1, skipped: 0, errors: [message] });

/** A compiled file under the name of its source, from the project's root. */
export const sourceName = (root: string, file: string): string =>
  relative(root, file)
    .split(sep)
    .join('/')
    .replace(/^dist\//, '')
    .replace(/\.js$/, '.ts');

// All checks and tests, in order: types, lint and format; the Node suite, each file in a process of its own, so that a crash
// or a hang costs that file alone; beside it the browser suite. The last line is "N passed, N failed, N skipped".

import { spawnSync } from 'node:child_process';
import { runBrowserSuite } from './browser/browser-suite.js';
import { ROOT } from './files.js';
import { runNodeSuite } from './node-suite.js';
import { readOptions } from './options.js';
import { failure, Report } from './report.js';
import type { Outcome } from './suite.js';

const HELP = `Usage: npm test [-- OPTIONS]

Options:
  --only PATTERN   only the test files whose path matches this regular expression; no checks
  --jobs N         Node test files at a time (default 2)
  --limit SECONDS  time for one file (default 600)`;

/** Types, lint and format: what `npm run check` does. */
function runChecks(report: Report): void {
  console.log('Checks');
  const check = (name: string, args: readonly string[]) => {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    const passed: Outcome = { passed: 1, failed: 0, skipped: 0, errors: [] };
    report.add(name, status === 0 ? passed : failure(`${stdout}${stderr}`), start);
  };
  check('types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
  const biome = 'node_modules/@biomejs/biome/bin/biome';
  const { status } = spawnSync(process.execPath, [biome, '--version'], { cwd: ROOT });
  if (status === 0) check('lint and format', [biome, 'check']);
  else report.skip('lint and format', `Biome has no binary for ${process.platform}-${process.arch}`);
}

const options = readOptions(HELP);
const report = new Report();
if (options.only.source === '(?:)') runChecks(report);
// Side by side: either of them alone leaves much of two cores unused.
await Promise.all([runNodeSuite(report, options), runBrowserSuite(report, options)]);
report.close();

import { parseArgs } from 'node:util';
import { readGoldenFiles } from './golden-files.js';
import { runCasesInBrowser } from './in-browser.js';
import type { CaseResult } from './ops.js';
import { runCases } from './run-cases.js';

const HELP = `npm run parity -- DIR [--only PATTERN] [--browser] [--json]
npm run parity -- --only conformance

Runs every case of the golden files (*.json) in DIR and its folders and compares values and gradients. The cases conformance/*,
whole models against figures of float64 and small ones that learn a batch by heart, are always there and need no DIR. Whole
models take minutes on software Vulkan: choose by --only models/NAME, or leave them out by --only '^(?!models|conformance)'.

  --only PATTERN   a regular expression on file/case, such as ops/conv2d
  --browser        in headless Chromium instead of Node
  --json           one object: {passed, failed, cases: [{id, status, forward, gradients, reason}]}

Exit status: 0 when all passed, 1 when any failed, 2 for wrong usage. A case that can not be run counts as failed.`;

const worst = (parts: CaseResult['forward'], of: 'absolute' | 'relative'): string => {
  const values = Object.values(parts).map((d) => d[of]);
  return values.length === 0 ? '-' : Math.max(...values).toExponential(1);
};

function lineOf({ id, forward, gradients, status, reason, note }: CaseResult): string {
  const cell = (parts: CaseResult['forward']) => `${worst(parts, 'absolute')} / ${worst(parts, 'relative')}`.padEnd(20);
  return `${id.padEnd(44)} ${cell(forward)} ${cell(gradients)} ${[status, reason, note].filter(Boolean).join(' — ')}`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      browser: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || positionals.length > 1 || (positionals.length === 0 && !values.only)) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const dir = positionals[0];
  const only = new RegExp(values.only ?? '');
  const files = dir === undefined ? [] : readGoldenFiles(dir);
  const results: CaseResult[] = [];
  if (!values.json) console.log(`${'case'.padEnd(44)} forward abs/rel      gradients abs/rel    result`);
  const tell = (result: CaseResult) => {
    results.push(result);
    if (!values.json) console.log(lineOf(result));
  };
  const count = await (values.browser ? runCasesInBrowser : runCases)(files, only, tell);
  if (count === 0) throw new Error(`no case${dir ? ` in ${dir}` : ''} matches ${values.only ?? 'anything'}`);
  const failed = results.filter(({ status }) => status === 'fail').length;
  const summary = { passed: results.length - failed, failed };
  if (values.json) console.log(JSON.stringify({ ...summary, cases: results }));
  else console.log(`${summary.passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`parity: ${error.message}`);
  return 2;
});

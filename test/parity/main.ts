import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openGpu } from '../../engine/gpu.js';
import type { GoldenCase } from './case.js';
import { type CaseResult, runOpCase } from './ops.js';

const HELP = `npm run parity -- DIR [--only PATTERN] [--json]

Runs every case of the golden files (*.json) in DIR and its folders and compares values and gradients.

  --only PATTERN   a regular expression on file/case, such as ops/conv2d
  --json           one object: {passed, failed, cases: [{id, status, forward, gradients, reason}]}

Exit status: 0 when all passed, 1 when any failed, 2 for wrong usage. A case that can not be run counts as failed.`;

interface GoldenFile {
  readonly cases?: readonly GoldenCase[];
}

function goldenFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(dir, name));
}

/** The cases of one file by id; a file without a list of operator cases is one case that can not be run. */
function casesOf(dir: string, file: string): { id: string; golden: GoldenCase | undefined; reason: string }[] {
  const name = relative(dir, file)
    .replace(/\.json$/, '')
    .replaceAll('\\', '/');
  try {
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as GoldenFile;
    if (!cases) return [{ id: name, golden: undefined, reason: 'no runner for this kind of golden file yet' }];
    return cases.map((golden) => ({
      id: `${name}/${golden.id}`,
      golden: golden.op ? golden : undefined,
      reason: 'no runner for this kind of case yet',
    }));
  } catch (error) {
    return [{ id: name, golden: undefined, reason: `can not be read: ${(error as Error).message}` }];
  }
}

const worst = (parts: CaseResult['forward'], of: 'absolute' | 'relative'): string => {
  const values = Object.values(parts).map((d) => d[of]);
  return values.length === 0 ? '-' : Math.max(...values).toExponential(1);
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help || positionals.length !== 1) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const dir = positionals[0]!;
  const only = new RegExp(values.only ?? '');
  const wanted = goldenFiles(dir)
    .flatMap((file) => casesOf(dir, file))
    .filter(({ id }) => only.test(id));
  if (wanted.length === 0) throw new Error(`no golden case in ${dir} matches ${values.only ?? 'anything'}`);
  let gpu = await openGpu();
  const results: CaseResult[] = [];
  if (!values.json) console.log(`${'case'.padEnd(44)} forward abs/rel      gradients abs/rel    result`);
  for (const { id, golden, reason } of wanted) {
    if (!gpu.healthy) {
      gpu.close();
      gpu = await openGpu();
    }
    const result: CaseResult = golden
      ? await runOpCase(id, golden).catch((error: Error) => ({
          id,
          status: 'fail' as const,
          forward: {},
          gradients: {},
          reason: error.message,
        }))
      : { id, status: 'fail', forward: {}, gradients: {}, reason };
    results.push(result);
    if (values.json) continue;
    const cell = (parts: CaseResult['forward']) =>
      `${worst(parts, 'absolute')} / ${worst(parts, 'relative')}`.padEnd(20);
    console.log(
      `${id.padEnd(44)} ${cell(result.forward)} ${cell(result.gradients)} ${result.status}${result.reason ? ` — ${result.reason}` : ''}`,
    );
  }
  const failed = results.filter(({ status }) => status === 'fail').length;
  const summary = { passed: results.length - failed, failed };
  if (values.json) console.log(JSON.stringify({ ...summary, cases: results }));
  else console.log(`${summary.passed} passed, ${failed} failed`);
  gpu.close();
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`parity: ${error.message}`);
  return 2;
});

// One microbenchmark a shader: npm run bench

import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Gpu, openGpu } from '../engine/gpu.js';
import { cases } from './cases/index.js';
import { measure } from './measure.js';
import { jsonLine, tableHead, tableRow } from './report.js';

const HELP = `Usage: npm run bench [-- OPTIONS]

Times every kernel at sizes from a ResNet-50 on images of 256 × 128: wall time of a run until the GPU is done (the median),
process CPU time (on a software adapter that of the kernels), the GPU's own clock where it has timestamps, and by the
shaders' account of their work GFLOP/s and GB/s.

  --only PATTERN   only the cases whose name matches this regular expression
  --json FILE      a line of JSON for each case: {case, ms, cpu_ms, gflops, gbps, gpu_ms, adapter}
  --list           the names of the cases, and nothing else
  --help           this text

Exit status: 0 when all cases ran, 1 when any failed, 2 for wrong usage.`;

/** Wrong usage: told without a stack. */
class UsageError extends Error {}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        json: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
    return { ...values, only: new RegExp(values.only) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function openFile(name: string): number {
  try {
    return openSync(name, 'w');
  } catch (error) {
    throw new UsageError(`${name} can not be written: ${(error as Error).message}`);
  }
}

async function main(): Promise<number> {
  const { only, json, list, help } = readOptions();
  if (help) {
    console.log(HELP);
    return 0;
  }
  const wanted = cases.filter(({ name }) => only.test(name));
  if (wanted.length === 0) throw new UsageError(`No case matches ${only}. "npm run bench -- --list" names them all.`);
  if (list) {
    for (const { name } of wanted) console.log(name);
    return 0;
  }
  const file = json === undefined ? undefined : openFile(json);
  let gpu: Gpu = await openGpu();
  console.log(`${gpu.name} (${gpu.info.vendor || 'unknown vendor'}), Node ${process.versions.node}\n\n${tableHead()}`);
  const start = performance.now();
  let failed = 0;
  for (const one of wanted) {
    try {
      const result = await measure(gpu, one);
      console.log(tableRow(result));
      if (file !== undefined) writeSync(file, `${jsonLine(result)}\n`);
    } catch (error) {
      failed++;
      console.log(`${one.name.padEnd(26)} failed: ${(error as Error).message}`);
    }
    if (gpu.healthy) {
      await gpu.trim();
    } else {
      gpu.close();
      gpu = await openGpu();
    }
  }
  gpu.close();
  if (file !== undefined) closeSync(file);
  console.log(
    `\n${wanted.length - failed} cases in ${((performance.now() - start) / 1000).toFixed(0)} s, ${failed} failed`,
  );
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  return error instanceof UsageError ? 2 : 1;
});

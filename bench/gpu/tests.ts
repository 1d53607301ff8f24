import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT, testFiles } from '../../test/files.js';
import { runFile } from '../../test/node-suite.js';
import { sourceName } from '../../test/report.js';
import type { Part } from './part.js';

/** The engine's own tests; its golden cases are run by themselves, so that each has a name. */
const WANTED = /^test\/(engine|shaders)\/(?!parity\.test)/;

/** What the runner says of a file that it had to end. */
const LATE = /^It took longer/;

/** Files at a time: each has a GPU device and its compiling threads. */
const JOBS = Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2)));

/** Runs the engine's tests in Node, each file in a process of its own. */
async function runSuite(part: Part): Promise<void> {
  const queue = testFiles('test', WANTED);
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const name = sourceName(ROOT, file);
      if (!part.begins(name)) continue;
      const start = performance.now();
      const { errors, ...counts } = await runFile(file, 1000 * part.secondsLeft + 1000);
      const seconds = (performance.now() - start) / 1000;
      if (!part.hasTime && errors.some((text) => LATE.test(text))) {
        const message = `${name} did not end in the ${seconds.toFixed(0)} s that were left for it`;
        part.add({ part: 'note', of: part.name, failed: false, message });
        part.say(message);
        continue;
      }
      part.add({ part: 'tests', file: name, ...counts, seconds, errors: errors.map((text) => text.slice(0, 4000)) });
      if (errors.length > 0) appendFileSync(part.options.log, `${name}\n${errors.join('\n')}\n\n`);
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
      const outcome = counts.failed > 0 ? `FAIL  ${counts.failed} failed` : `ok  ${counts.passed} passed${skipped}`;
      part.say(`${name.padEnd(44)} ${outcome}, ${seconds.toFixed(1)} s`);
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
}

interface Parity {
  readonly passed: number;
  readonly failed: number;
  readonly cases: readonly { readonly id: string; readonly status: string; readonly reason?: string }[];
}

/** Runs the golden cases of operators that the repository has, in one process. */
async function runParity(part: Part): Promise<void> {
  const args = [join(ROOT, 'dist/test/parity/main.js'), join(ROOT, 'test/fixtures'), '--only', '^ops/', '--json'];
  const text = await new Promise<string>((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * part.secondsLeft + 1000);
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      told += piece;
    });
    child.on('close', () => {
      clearTimeout(timer);
      resolve(told);
    });
  });
  try {
    const { passed, failed, cases } = JSON.parse(text) as Parity;
    const wrong = cases
      .filter(({ status }) => status === 'fail')
      .map(({ id, reason }) => `${id}: ${reason ?? 'failed'}`);
    part.add({ part: 'parity', passed, failed, wrong });
    part.say(`golden cases: ${passed} passed, ${failed} failed${wrong.map((line) => `\n          ${line}`).join('')}`);
  } catch {
    part.add({ part: 'note', of: part.name, failed: part.hasTime, message: 'the golden cases did not come to an end' });
    part.say('the golden cases did not come to an end');
  }
}

/** The part `tests`: golden cases of PyTorch first, then the engine's own tests. */
export async function runTests(part: Part): Promise<void> {
  if (part.begins('golden cases')) await runParity(part);
  await runSuite(part);
  part.end();
}

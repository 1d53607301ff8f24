import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, testFiles } from './files.js';
import type { Options } from './options.js';
import { failure, type Report, seconds, sourceName } from './report.js';
import type { Outcome } from './suite.js';

const WORKER = join(ROOT, 'dist/test/run-file.js');

/** Time for a process to end by itself once its tests are done; Dawn keeps it alive while a device is open. */
const END_LIMIT = 30_000;

/** Runs `work` on every item, `jobs` at a time, in order. */
async function inParallel<T>(items: readonly T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/**
 * The environment of a test file's process. Files of the engine and the benchmarks compile hundreds of kernels, each of which runs once on a
 * few numbers: Mesa's software driver does so in three fifths of the time without LLVM's optimiser. Everything above, and the golden numbers,
 * runs as users run it; other drivers do not know the variable.
 */
const environmentOf = (file: string): NodeJS.ProcessEnv =>
  /[\\/]test[\\/](engine|bench)[\\/](?!parity)/.test(file) ? { ...process.env, GALLIVM_PERF: 'nopt' } : process.env;

/** Runs one compiled test file in a process of its own. */
export function runFile(file: string, limit: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = '';
    let outcome: Outcome | undefined;
    let late = '';
    const child: ChildProcess = fork(WORKER, [file], {
      cwd: ROOT,
      env: environmentOf(file),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const endAfter = (time: number, reason: string) =>
      setTimeout(() => {
        late = reason;
        child.kill('SIGKILL');
      }, time);
    let timer = endAfter(limit, `It took longer than ${limit / 1000} s.`);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('message', (message) => {
      outcome = message as Outcome;
      clearTimeout(timer);
      timer = endAfter(END_LIMIT, 'Its tests are done, but its process does not end. Is a GPU left open?');
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (outcome && code === 0) return resolve(outcome);
      const why =
        late || `Its process ended with ${signal ?? `exit code ${code}`}${outcome ? '' : ' before its tests did'}.`;
      const { passed, failed, skipped, errors } = outcome ?? failure('');
      const told = outcome ? errors : [output.trim()];
      resolve({ passed, failed: outcome ? failed + 1 : 1, skipped, errors: [...told.filter(Boolean), why] });
    });
  });
}

/** Runs the test files of Node, `jobs` at a time. */
export async function runNodeSuite(report: Report, { only, jobs, limit }: Options): Promise<void> {
  const start = performance.now();
  const files = testFiles('test', only);
  console.log(`\nNode ${process.versions.node}: ${files.length} test files`);
  await inParallel(files, jobs, async (file) => {
    const since = performance.now();
    report.add(sourceName(ROOT, file), await runFile(file, limit), since);
  });
  console.log(`Node suite: ${seconds(start)}`);
}

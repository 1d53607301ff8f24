import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../reid/training/checkpoint.node.js';
import type { StepReport } from '../../reid/training/trainer.js';
import { ROOT } from '../files.js';
import { differing } from '../reid/training/differing.js';

/** A command that has ended. */
export interface Ended {
  /** Exit status, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs, and what will have come of it. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Milliseconds after which a command hangs. */
const LIMIT = 240_000;

/** Starts `node cli/NAME.js ARGS` as a user would. */
export function start(name: string, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [join(ROOT, `cli/${name}.js`), ...args], {
    cwd: ROOT,
    env: { ...process.env, DEBUG: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (part: string) => {
      text[stream] += part;
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...text });
    });
  });
  return { child, ended };
}

/** Runs `node cli/NAME.js ARGS` to its end. */
export const run = (name: string, ...args: readonly string[]): Promise<Ended> => start(name, ...args).ended;

/** Runs it and expects exit status 0. */
export async function succeed(name: string, ...args: readonly string[]): Promise<Ended> {
  const ended = await run(name, ...args);
  assert.is(ended.code, 0, `${name} ${args.join(' ')} ended with ${ended.code ?? ended.signal}:\n${ended.stderr}`);
  return ended;
}

/**
 * Runs it and expects exit status `code` and one message that holds every part and no stack trace.
 *
 * @returns the message
 */
export async function fail(code: number, parts: readonly string[], name: string, ...args: string[]): Promise<string> {
  const ended = await run(name, ...args);
  const what = `${name} ${args.join(' ')} ended with ${ended.code ?? ended.signal}:\n${ended.stderr}`;
  assert.is(ended.code, code, what);
  const [, message] = ended.stderr.split(new RegExp(`^${name}: `, 'm'));
  assert.ok(message, `a line that begins with "${name}: "; ${what}`);
  for (const part of parts) assert.ok(message.includes(part), `"${part}" in: ${message}`);
  assert.not.match(ended.stderr, /^\s+at .*:\d+:\d+/m, 'a stack trace');
  assert.not.match(message, /fault of the program|undefined|\[object/);
  assert.is(ended.stdout, '', 'nothing on standard output');
  return message;
}

/** Waits for what another process does. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > LIMIT) throw new Error(`${what} did not come about.`);
    await sleep(4);
  }
}

/** A folder for a file's tests, removed after them. */
export function folderFor(suite: { after(hook: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'reid-cli-'));
  suite.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The steps in a run's log; a last line that is cut does not count. */
export function stepsOf(run: string): StepReport[] {
  const path = join(run, 'log.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as StepReport);
}

/** A JSON file of a run. */
export const jsonOf = (run: string, name: string): unknown => JSON.parse(readFileSync(join(run, name), 'utf8'));

/** Expects two checkpoints to hold the same bits of everything that a run goes on from. */
export function assertSameState(got: Checkpoint, want: Checkpoint): void {
  assert.ok(want.model.size > 50 && want.optimiser.arrays.size > 50, 'a whole checkpoint');
  assert.equal(differing(got.model, want.model), [], 'weights that differ');
  assert.equal(differing(got.optimiser.arrays, want.optimiser.arrays), [], 'optimiser state that differs');
  for (const part of ['position', 'random'] as const) assert.equal(got[part], want[part], part);
  assert.equal({ ...got.optimiser, arrays: 0 }, { ...want.optimiser, arrays: 0 }, 'optimiser');
}

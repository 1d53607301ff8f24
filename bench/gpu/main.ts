// All of bench/gpu.sh: runs the parts one after the other, each within its time, and writes the table.

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../test/files.js';
import { deadlines, HELP, readOptions, UsageError } from './options.js';
import { type PartOptions, shardName, stamped, TOLD } from './part.js';
import { append, linesOf, readLines } from './results.js';
import { faultsOf, report, summary } from './table.js';

const RUN_PART = fileURLToPath(new URL('run-part.js', import.meta.url));

/** Milliseconds that a part may take beyond its time, for the case in hand. */
const GRACE = 12_000;
/** Milliseconds without a word after which a part of a GPU hangs; a CPU takes its time. */
const SILENCE = { gpu: 75_000, software: 400_000 };
/** Processes that check at a time: most of their time goes to compilers and to loops on the CPU. */
const SHARDS = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 4)));
/** How often a part is taken up again behind a case that took its process with it. */
const MOST_STARTS = 5;

const running = new Set<ChildProcess>();

interface Ending {
  readonly code: number | NodeJS.Signals | null;
  /** Why it was ended, if it was. */
  readonly killed: string | undefined;
  /** The end of what it wrote beside its progress. */
  readonly words: string;
}

/** Runs a part in a process of its own until its end, or until it is late or silent. */
function runOnce(options: PartOptions, silence: number): Promise<Ending> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [RUN_PART, JSON.stringify(options)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let killed: string | undefined;
    let words = '';
    const end = (why: string) => () => {
      killed = why;
      child.kill('SIGKILL');
    };
    const late = setTimeout(end('its time was over'), Math.max(0, options.until - Date.now()) + GRACE);
    let silent = setTimeout(end('it was silent for too long'), silence);
    child.stdout.on('data', (piece: Buffer) => {
      process.stdout.write(piece);
      clearTimeout(silent);
      silent = setTimeout(end('it was silent for too long'), silence);
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      words = (words + piece).slice(-2000);
      appendFileSync(options.log, piece);
    });
    child.on('close', (code, signal) => {
      clearTimeout(late);
      clearTimeout(silent);
      running.delete(child);
      done({ code: code ?? signal, killed, words });
    });
  });
}

/** The line of an error's words that says what was wrong, if there is one. */
function tellingLine(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim());
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? '').trim();
}

/** Runs a part, and takes it up again behind a case that took the process with it. */
async function runPart(options: PartOptions): Promise<void> {
  const { file, began, until } = options;
  const part = shardName(options);
  const begun = () => linesOf(readLines(file), 'begin').filter(({ of }) => of === part);
  for (let start = 0; start < MOST_STARTS; start++) {
    const before = begun().length;
    const silence = linesOf(readLines(file), 'facts').at(-1)?.software ? SILENCE.software : SILENCE.gpu;
    const { code, killed, words } = await runOnce(options, silence);
    if (code === 0 || code === TOLD) return;
    const at = begun().at(-1)?.case ?? 'its beginning';
    const late = killed !== undefined && Date.now() >= until;
    const how = killed ?? `its process ended with ${code}. ${tellingLine(words)}`.trim();
    const message = `ended at ${at}: ${how}`;
    append(file, { part: 'note', of: part, failed: !late, message });
    console.log(stamped(began, `${part}: ${message}`));
    if (late || begun().length === before || Date.now() >= until) return;
  }
}

/** Writes the table and all numbers as far as they are known. */
function write(out: string, file: string): string {
  const lines = readLines(file);
  const text = report(lines);
  writeFileSync(join(out, 'gpu.txt'), `${text}\n`);
  writeFileSync(join(out, 'gpu.json'), `${JSON.stringify(summary(lines), undefined, 1)}\n`);
  return text;
}

async function main(): Promise<number> {
  const { help, parts, seconds, small } = readOptions(process.argv.slice(2));
  if (help) {
    console.log(HELP);
    return 0;
  }
  const began = Date.now();
  const out = resolve(ROOT, process.env.OUT || 'bench/results');
  const [file, log] = [join(out, 'gpu.jsonl'), join(out, 'gpu.log')];
  try {
    mkdirSync(out, { recursive: true });
    for (const name of [file, log]) writeFileSync(name, '');
  } catch (error) {
    throw new UsageError(`${out} can not be written: ${(error as Error).message}. Set OUT to a folder that can.`);
  }
  const stop = () => {
    for (const child of running) child.kill('SIGKILL');
    console.log(`\n${write(out, file)}`);
    process.exit(1);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const until = deadlines(parts, began, seconds);
  for (const part of parts) {
    const facts = linesOf(readLines(file), 'facts').at(-1);
    if (part !== 'facts' && !facts) break;
    const own = small ?? facts?.software ?? false;
    const of = part === 'check' ? SHARDS : 1;
    const all = { part, file, log, began, until: until.get(part)!, small: own };
    await Promise.all(Array.from({ length: of }, (_, index) => runPart({ ...all, shard: { index, of } })));
    write(out, file);
  }
  console.log(`\n${write(out, file)}\n`);
  console.log(stamped(began, `written: gpu.jsonl, gpu.txt, gpu.json, gpu.log in ${out}`));
  const lines = readLines(file);
  return linesOf(lines, 'facts').length === 0 || faultsOf(lines).length > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(error instanceof UsageError ? `gpu.sh: ${error.message}` : error);
  return error instanceof UsageError ? 2 : 1;
});

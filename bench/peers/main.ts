// This engine beside others: npm run bench:peers

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { peerCases } from './cases.js';
import type { Launch } from './program.js';
import { resultFile, type Setting, writeResults } from './result-file.js';
import { Competitor, type Result, runCase } from './rounds.js';
import { compareCase, meanLine, remarks, tableHead, tableRow } from './table.js';

const HELP = `Usage: npm run bench:peers [-- OPTIONS]

Times this engine, jax-js, TensorFlow.js and ONNX Runtime Web on the same GPU, through the same Dawn, in the same run: the median
wall time of a call until the GPU is done, for each case in rounds in which every program has its turn. Each result is compared
with plain loops; a wrong one gets no time. PyTorch on the CPU has a column where python3 (or what the variable PYTHON names) has it,
and counts as no peer.
The first run installs the peers into bench/peers/node_modules. Let nothing else run meanwhile.

  --only PATTERN    only the cases whose name matches this regular expression
  --peers PATTERN   only the peers whose name matches this regular expression
  --rounds N        rounds of each case (default 5)
  --deadline S      seconds that a program's rounds of a case take together, at least one round (default 20)
  --json FILE       also write everything to a file; of a folder, to peers-<adapter>-<date>.json in it
  --help            this text

Exit status: 0 when every program was right or had no operator for the case, 1 when any was wrong or failed, 2 for wrong usage.`;

/** Wrong usage: told without a stack. */
class UsageError extends Error {}

/** From dist/bench/peers/ to a file of the sources' bench/peers/. */
const source = (file: string): string => fileURLToPath(new URL(`../../../bench/peers/${file}`, import.meta.url));
const built = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const node = (name: string, file: string, role: Launch['role'] = 'peer'): Launch => ({
  name,
  command: process.execPath,
  args: [file],
  role,
});

const OURS = node('ours', built('ours.main.js'), 'ours');
const PEERS = [
  node('jax-js', source('jax.js')),
  node('TF.js', source('tfjs.js')),
  node('ONNX Runtime', source('onnxruntime.js')),
];
const PYTHON = process.env.PYTHON || 'python3';
const PYTORCH: Launch = { name: 'PyTorch CPU', command: PYTHON, args: [source('torch_cpu.py')], role: 'shown' };

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${name} is "${text}"; a number above 0 is needed.`);
  return value;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        peers: { type: 'string', default: '' },
        rounds: { type: 'string', default: '5' },
        deadline: { type: 'string', default: '20' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
    const rounds = positive('rounds', values.rounds);
    if (!Number.isInteger(rounds)) throw new UsageError(`--rounds is "${values.rounds}"; a whole number is needed.`);
    const deadlineMs = 1000 * positive('deadline', values.deadline);
    return { ...values, rounds, deadlineMs, only: new RegExp(values.only), peers: new RegExp(values.peers) };
  } catch (error) {
    throw new UsageError(error instanceof UsageError ? error.message : `${(error as Error).message}\n\n${HELP}`);
  }
}

/** Whether Python has PyTorch; says nothing where it has not. */
const hasPyTorch = (): boolean =>
  spawnSync(PYTHON, ['-c', 'import torch'], { stdio: 'ignore', timeout: 120_000 }).status === 0;

/** Told before an hour of measuring, not after. */
function refuseUnwritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new UsageError(`${file} can not be written: ${(error as Error).message}`);
  }
}

const dawnVersion = (): string => {
  const file = new URL('../../../node_modules/webgpu/package.json', import.meta.url);
  return `webgpu ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
};

/** The local date, `YYYY-MM-DD`. */
function today(): string {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/** Starts every program; one that does not start is told of, and fails in every case. */
async function start(competitors: readonly Competitor[], rounds: number): Promise<Setting> {
  for (const competitor of competitors) {
    await competitor
      .program()
      .catch((error: Error) => console.log(`${competitor.launch.name} does not start: ${error.message}`));
  }
  const programs = competitors.map(({ launch: { name, role }, hello }) => ({
    name,
    role,
    version: hello?.version ?? 'not started',
    adapter: hello?.adapter ?? 'none',
  }));
  const adapter = programs[0]!.adapter;
  const other = programs.find((one) => one.role === 'peer' && one.adapter !== adapter && one.adapter !== 'none');
  if (other)
    throw new Error(`${other.name} runs on ${other.adapter}, this engine on ${adapter}: nothing can be compared.`);
  return {
    date: today(),
    adapter,
    dawn: dawnVersion(),
    node: process.versions.node,
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`,
    load: loadavg()[0]!,
    rounds,
    programs,
  };
}

/** What is under way, on a terminal; the line goes away by itself. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const cases = peerCases.filter(({ name }) => options.only.test(name));
  const names = peerCases.map(({ name }) => name).join(', ');
  if (cases.length === 0) throw new UsageError(`No case matches ${options.only}. There are ${names}.`);
  const peers = PEERS.filter(({ name }) => options.peers.test(name));
  if (spawnSync(process.execPath, [source('install.js')], { stdio: 'inherit' }).status !== 0) return 1;

  const launches = [OURS, ...peers, ...(hasPyTorch() ? [PYTORCH] : [])];
  const competitors = launches.map((launch) => new Competitor(launch));
  const results: Result[] = [];
  const stop = () => {
    for (const competitor of competitors) competitor.stop();
  };
  // Programs that wait for their turn are stopped and would outlive us.
  process.on('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
  try {
    const setting = await start(competitors, options.rounds);
    const file = options.json === undefined ? undefined : resultFile(options.json, setting);
    if (file !== undefined) refuseUnwritable(file);
    console.log(`${setting.date}: ${setting.adapter}`);
    console.log(`Dawn (${setting.dawn}), Node ${setting.node}, ${setting.machine}`);
    console.log(setting.programs.map(({ name, version }) => `${name} ${version}`).join(', '));
    if (setting.load > 0.5)
      console.log(
        `The machine was busy (load ${setting.load.toFixed(1)}): let it come to rest for numbers that count.`,
      );
    console.log(`\n${tableHead(setting.programs)}`);
    for (const one of cases) {
      results.push(...(await runCase(one, competitors, options, progress)));
      console.log(tableRow(one.name, results, setting.programs));
      if (file !== undefined) writeResults(file, setting, cases, results);
    }
    console.log(`\n${meanLine(cases.map(({ name }) => compareCase(name, results, setting.programs)))}`);
    for (const line of remarks(results)) console.log(line);
    if (file !== undefined) console.log(`Written to ${file}`);
  } finally {
    stop();
  }
  return results.some(({ status }) => status === 'wrong' || status === 'failed') ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`bench:peers: ${error.message}`);
  return error instanceof UsageError ? 2 : 1;
});

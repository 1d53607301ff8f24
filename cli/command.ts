import { type ParseArgsConfig, parseArgs } from 'node:util';
import { problemsOf } from '../datasets/check.js';
import { checkDataset, compareCounts, DatasetError, type ReidDataset, SPLITS, type Split } from '../datasets/index.js';
import { nearestName } from '../datasets/nearest.js';
import { openDataset } from '../datasets/open.node.js';
import type { ProgressOutput } from '../reid/training/progress.js';
import { quoted } from './shell-word.js';

/** A wrong use of a command; the message says what would be right. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type OptionTypes = NonNullable<ParseArgsConfig['options']>;

type Parsed<T extends OptionTypes> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** Reads a command line; an unknown option is an error that names the nearest. */
export function readArguments<T extends OptionTypes>(
  options: T,
  args: readonly string[] = process.argv.slice(2),
): Parsed<T> {
  for (const arg of args) {
    if (arg === '--') break;
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (name && !(name in options)) {
      throw new UsageError(`There is no option --${name}. ${nearestName(name, Object.keys(options))} See --help.`);
    }
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true as const });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A whole number option, or its default. */
export function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new UsageError(`--${name} must be a whole number from 0 to 4294967295, not "${text}".`);
  }
  return value;
}

/**
 * Opens a data set.
 *
 * @throws DatasetError for what its reader found wrong and left out
 */
export async function openMended(spec: string): Promise<ReidDataset> {
  const dataset = await openDataset(spec);
  const problem = problemsOf(dataset).find(({ level }) => level === 'error');
  if (!problem) return dataset;
  throw new DatasetError(
    `${dataset.name}: ${problem.message}. ${problem.advice ?? ''}\nAll that is wrong with it: node cli/check.js --data ${quoted(spec)}`,
  );
}

/**
 * Opens a data set and tells what is doubtful about it.
 *
 * @param needed the splits that must hold something
 * @throws DatasetError where no figures can come of it: a needed split is empty, or no query could find anything
 */
export async function openUsable(spec: string, needed: readonly Split[] = SPLITS): Promise<ReidDataset> {
  const dataset = await openMended(spec);
  const findings = [...checkDataset(dataset), ...compareCounts(dataset)].filter(
    ({ message }) => needed.includes('train') || message !== 'train is empty',
  );
  const { query, gallery } = dataset;
  const findable = query.some((q) => gallery.some((g) => g.identity === q.identity && g.camera !== q.camera));
  if (!findable || needed.some((split) => dataset[split].length === 0)) {
    const errors = findings.filter(({ level }) => level === 'error').map(({ message }) => message);
    throw new DatasetError(`${dataset.name} cannot be used: ${errors.join('; ')}.`);
  }
  for (const { level, message } of findings) terminal.write(`${level === 'error' ? 'problem' : level}: ${message}\n`);
  return dataset;
}

/** Progress on standard error, where it is a terminal rewritten in place. */
export const terminal: ProgressOutput = {
  isTerminal: Boolean(process.stderr.isTTY),
  write: (text) => {
    process.stderr.write(text);
  },
};

/** Errors that a person can act on by their message alone. Anything else is a fault of the program and shows where. */
const FOR_PEOPLE = new Set([
  'UsageError',
  'DatasetError',
  'RecipeError',
  'CheckpointError',
  'FileError',
  'FormatError',
  'GpuError',
  'StateDictError',
  'DivergedError',
  'ShapeError',
  'OnnxError',
  'TraceError',
]);

/** Runs a command: its result is the exit status; an error becomes one message and status 1 (2 for wrong use). */
export async function runCommand(name: string, main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    process.stderr.write(`${name}: ${message}\n`);
    if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    else if (!FOR_PEOPLE.has(kind))
      process.stderr.write('This looks like a fault of the program. Set DEBUG=1 to see where.\n');
    process.exitCode = kind === 'UsageError' || kind === 'RecipeError' ? 2 : 1;
  }
}

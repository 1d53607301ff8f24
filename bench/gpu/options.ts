import { parseArgs } from 'node:util';

/** The parts of a run, in order, and by which part of the time each should be at its end. */
export const PARTS = {
  facts: 0.06,
  tests: 0.26,
  check: 0.44,
  speed: 0.62,
  train: 0.72,
  pytorch: 0.88,
  explore: 0.97,
} as const;

export type PartName = keyof typeof PARTS;

export const HELP = `Usage: bash bench/gpu.sh [OPTIONS]

Checks every kernel on this machine's GPU and measures it against PyTorch, in one call of at most 8 minutes. The parts, in order,
each with its share of the time; what one leaves over goes to those after it:

  facts    adapter, driver, limits, features, subgroups; the versions of Dawn and PyTorch
  tests    PyTorch's golden cases of every operator, and the engine's own tests, in Node
  check    every family of kernels at odd and at large sizes against plain loops, on samples, in every way of sharing rows
  speed    products, the convolutions of a ResNet-50 and their gradients, norms, attention, distances
  train    a step of the strong baseline on a ResNet-50: images a second, and where its time goes
  pytorch  the same cases in PyTorch, float32 without TF32
  explore  other tiles of products and convolutions

Needs Node.js, node_modules/ and dist/ (made by "npm run build"). Everything that is found is written at once to gpu.jsonl in
$OUT, or bench/results where that is not set; the table and all numbers to gpu.txt and gpu.json there, words of tests that
failed to gpu.log.

  --seconds N   time for all of it (default 480)
  --small       sizes for an adapter that computes on the CPU, which takes them by itself
  --large       sizes for a GPU, on any adapter
  --only PART   only this part (facts are always told); may be given several times
  --help        this text

Exit status: 0 when everything is right, 1 when a kernel is wrong or something failed, 2 for wrong usage.`;

/** Wrong usage: told without a stack. */
export class UsageError extends Error {}

export interface Options {
  readonly seconds: number;
  /** Undefined: by the adapter. */
  readonly small: boolean | undefined;
  readonly parts: readonly PartName[];
  readonly help: boolean;
}

const isPart = (name: string): name is PartName => name in PARTS;

/** Reads the command line. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new UsageError(`--seconds needs a number above 0, not "${values.seconds}".`);
  if (values.small && values.large) throw new UsageError('--small and --large do not go together.');
  const wanted = values.only.map((name) => {
    if (isPart(name)) return name;
    throw new UsageError(`--only: there is no part "${name}". The parts are ${Object.keys(PARTS).join(', ')}.`);
  });
  const all = Object.keys(PARTS) as PartName[];
  return {
    seconds,
    small: values.small ? true : values.large ? false : undefined,
    parts: wanted.length === 0 ? all : all.filter((name) => name === 'facts' || wanted.includes(name)),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '480' },
        small: { type: 'boolean', default: false },
        large: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

/**
 * When each part should be at its end, in milliseconds since 1970. Shares of parts that are left out go to the others.
 */
export function deadlines(parts: readonly PartName[], began: number, seconds: number): Map<PartName, number> {
  const all = Object.keys(PARTS) as PartName[];
  const shareOf = (name: PartName) => PARTS[name] - (PARTS[all[all.indexOf(name) - 1]!] ?? 0);
  const whole = parts.reduce((sum, name) => sum + shareOf(name), 0);
  let passed = 0;
  return new Map(
    parts.map((name) => {
      passed += shareOf(name) / whole;
      return [name, began + 1000 * seconds * PARTS.explore * passed];
    }),
  );
}

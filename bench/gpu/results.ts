import { appendFileSync, readFileSync } from 'node:fs';
import type { Work } from './cases.js';

/** What `bench/gpu.sh` finds, line by line: every part appends to one file, so that a kill loses no more than the case in hand. */

/** How the checked case was run: a way of sharing rows, or `-` where a kernel has only one. */
export type Way = string;

export interface FactsLine {
  readonly part: 'facts';
  readonly date: string;
  readonly adapter: string;
  readonly software: boolean;
  /** Everything else that was found out, for people. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface PythonLine {
  readonly part: 'python';
  /** The Python that has PyTorch, and PyTorch's version; null where there is none. */
  readonly command: string | null;
  readonly torch: string | null;
  /** Where it computes, or why it does not. */
  readonly device: string;
  readonly python: string;
}

export interface TestsLine {
  readonly part: 'tests';
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly errors: readonly string[];
}

export interface ParityLine {
  readonly part: 'parity';
  readonly passed: number;
  readonly failed: number;
  /** What failed: the case and why. */
  readonly wrong: readonly string[];
}

export interface CheckLine {
  readonly part: 'check';
  readonly case: string;
  readonly way: Way;
  readonly status: 'ok' | 'wrong' | 'failed';
  /** Largest difference of a sampled element, over the sum of the sizes of its terms. */
  readonly error: number | null;
  readonly tolerance: number;
  readonly samples: number;
  readonly kernels: readonly string[];
  readonly message?: string;
}

export interface SpeedLine {
  readonly part: 'speed';
  readonly case: string;
  readonly work: Work;
  /** Wall time of one run, in a long queue of them: median and least of the rounds. */
  readonly ms: number | null;
  readonly best: number | null;
  /** Sum of the dispatches' times by the GPU's clock. */
  readonly gpu_ms: number | null;
  readonly runs: number;
  readonly kernels: readonly string[];
  readonly message?: string;
}

export interface TrainLine {
  readonly part: 'train';
  readonly case: string;
  readonly batch: number;
  readonly ms: number | null;
  readonly gpu_ms: number | null;
  readonly dispatches: number;
  readonly peak_bytes: number;
  /** First and last loss of the steps on one batch: it must fall. */
  readonly losses: readonly [number, number] | null;
  readonly status: 'ok' | 'wrong' | 'failed';
  /** Where the time of a step goes. */
  readonly shares: readonly { readonly name: string; readonly calls: number; readonly ms: number }[];
  readonly message?: string;
}

export interface PytorchLine {
  readonly part: 'pytorch';
  readonly case: string;
  readonly ms: number | null;
  readonly batch?: number;
  readonly message?: string;
}

export interface ExploreLine {
  readonly part: 'explore';
  readonly case: string;
  readonly kernel: string;
  readonly sharing: string;
  readonly lanes: number;
  readonly rows: number;
  /** Whether this is what the engine takes by itself. */
  readonly own: boolean;
  readonly status: 'ok' | 'wrong' | 'failed';
  readonly ms: number | null;
  readonly gflops: number | null;
  readonly message?: string;
}

/** A case is about to begin: if nothing follows, it took its process with it. */
export interface BeginLine {
  readonly part: 'begin';
  readonly of: string;
  readonly case: string;
}

/** Something happened to a whole part. */
export interface NoteLine {
  readonly part: 'note';
  readonly of: string;
  readonly failed: boolean;
  readonly message: string;
}

export type Line =
  | FactsLine
  | PythonLine
  | TestsLine
  | ParityLine
  | CheckLine
  | SpeedLine
  | TrainLine
  | PytorchLine
  | ExploreLine
  | BeginLine
  | NoteLine;

/** Six figures are enough for any time, and keep the file small. */
const figures = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

/** Appends one line. */
export function append(file: string, line: Line): void {
  appendFileSync(file, `${JSON.stringify(line, figures)}\n`);
}

/** The lines of a file that some process may have been killed while writing: what is no JSON is left out. */
export function readLines(file: string): Line[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}

/** The lines of one part. */
export const linesOf = <P extends Line['part']>(lines: readonly Line[], part: P): Extract<Line, { part: P }>[] =>
  lines.filter((line): line is Extract<Line, { part: P }> => line.part === part);

// Side by side: one case, all programs, in rounds.

import type { PeerCase } from './cases.js';
import { comparedPositions, type Expected, expectedOf, judge, type Values } from './compare.js';
import { type Launch, Program, ProgramGone } from './program.js';
import type { Hello } from './protocol.js';
import { referenceOf } from './reference.js';
import { median } from './table.js';

/** What came of one case in one program. */
export interface Result {
  readonly case: string;
  readonly program: string;
  /** `timed`: right, and `ms` is there. */
  readonly status: 'timed' | 'missing' | 'wrong' | 'failed';
  /** Median over the rounds of each round's median: wall time of a call until the GPU is done. */
  readonly ms?: number;
  /** Time of all threads of the program's process for a call, on a software adapter the kernels' own included; over the rounds as `ms`. */
  readonly cpu_ms?: number;
  /** The medians of the rounds. */
  readonly round_ms?: readonly number[];
  /** Calls in a round. */
  readonly calls?: number;
  /** The first call with all that it compiles (less where the driver keeps compiled kernels on disk). */
  readonly first_ms?: number;
  /** The largest relative l2 error of an output against plain loops in float64. */
  readonly relative_error?: number;
  /** Why it is missing, wrong or failed. */
  readonly reason?: string;
  readonly note?: string;
}

/** How long and how often. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds that a program's rounds of a case take together; the first round is always run. */
  readonly deadlineMs: number;
}

/** Milliseconds of calls in a round, where a call is shorter. */
const ROUND_MS = 300;
const MOST_CALLS = 20;
const START_LIMIT_MS = 120_000;
/** On software Vulkan some kernels take most of a minute to compile. */
const PREPARE_LIMIT_MS = 300_000;
const ANSWER_LIMIT_MS = 120_000;

/** Calls in a round of a program whose call takes `ms`. */
export const callsOf = (ms: number): number => Math.max(1, Math.min(MOST_CALLS, Math.floor(ROUND_MS / ms)));

/** A program over all cases: started when it is needed, started again after it ended by itself. */
export class Competitor {
  readonly launch: Launch;
  hello: Hello | undefined;
  #program: Program | undefined;
  /** Why it does not start; it is not tried again. */
  #refused: string | undefined;

  constructor(launch: Launch) {
    this.launch = launch;
  }

  /** @throws ProgramGone when it does not start */
  async program(): Promise<Program> {
    if (this.#refused !== undefined) throw new ProgramGone(this.#refused);
    if (this.#program) return this.#program;
    this.#program = new Program(this.launch);
    try {
      this.hello = await this.#program.hello(START_LIMIT_MS);
    } catch (error) {
      this.#refused = (error as Error).message;
      this.stop();
      throw error;
    }
    return this.#program;
  }

  /** To be called when the program is of no more use. */
  stop(): void {
    this.#program?.stop();
    this.#program = undefined;
  }
}

/** One program's part in a case. */
class Entry {
  readonly competitor: Competitor;
  readonly #one: PeerCase;
  readonly #expected: readonly Expected[];
  #result: Omit<Result, 'case' | 'program' | 'status'> & { status?: Result['status'] } = {};
  readonly #rounds: number[] = [];
  readonly #cpu: number[] = [];
  #calls = 0;
  #spentMs = 0;
  #roundMs = 0;

  constructor(competitor: Competitor, one: PeerCase, expected: readonly Expected[]) {
    this.competitor = competitor;
    this.#one = one;
    this.#expected = expected;
  }

  get result(): Result {
    const { case: name, program } = { case: this.#one.name, program: this.competitor.launch.name };
    if (this.#result.status) return { case: name, program, ...this.#result, status: this.#result.status };
    const timed = {
      ms: median(this.#rounds),
      cpu_ms: median(this.#cpu),
      round_ms: this.#rounds,
      calls: this.#calls,
    };
    return { case: name, program, status: 'timed', ...timed, ...this.#result };
  }

  /** Compiles, compares, and finds out how long a call takes. */
  prepare(at: ReturnType<typeof comparedPositions>): Promise<void> {
    return this.#guarded(async (program) => {
      const { first_ms, values, note, missing } = await program.ask(
        { do: 'prepare', case: this.#one, at },
        PREPARE_LIMIT_MS,
      );
      if (missing !== undefined) {
        this.#result = { status: 'missing', reason: missing };
        return;
      }
      this.#result = { first_ms, ...(note !== undefined && { note }) };
      this.#compare(values);
      if (this.#result.status) return;
      const { ms } = await program.ask({ do: 'time', calls: 1 }, ANSWER_LIMIT_MS);
      this.#calls = callsOf(ms[0]!);
      this.#roundMs = this.#calls * ms[0]!;
    });
  }

  round({ deadlineMs }: Effort): Promise<void> {
    return this.#guarded(async (program) => {
      if (this.#rounds.length > 0 && this.#spentMs + this.#roundMs > deadlineMs) return;
      const { ms, cpu_ms } = await program.ask({ do: 'time', calls: this.#calls }, ANSWER_LIMIT_MS);
      this.#cpu.push(cpu_ms);
      this.#roundMs = ms.reduce((sum, one) => sum + one, 0);
      this.#spentMs += this.#roundMs;
      this.#rounds.push(median(ms));
    });
  }

  /** The last timed call must be right too, where calls do not change what the next one finds. */
  async end(): Promise<void> {
    const changes = this.#one.outputs.some(({ from }) => from !== undefined);
    await this.#guarded(async (program) => {
      if (!changes) this.#compare((await program.ask({ do: 'values' }, ANSWER_LIMIT_MS)).values);
    });
    await this.#guarded((program) => program.ask({ do: 'release' }, ANSWER_LIMIT_MS), true);
  }

  #compare(values: Values): void {
    const { error, wrong } = judge(values, this.#expected);
    this.#result = {
      ...this.#result,
      relative_error: Math.max(error, this.#result.relative_error ?? 0),
      ...(wrong !== undefined && { status: 'wrong', reason: wrong }),
    };
  }

  /** Does nothing once the program is out of this case; what it throws puts it out. */
  async #guarded(work: (program: Program) => Promise<unknown>, always = false): Promise<void> {
    if (this.#result.status && !(always && this.#result.status === 'wrong')) return;
    try {
      await work(await this.competitor.program());
    } catch (error) {
      if (error instanceof ProgramGone) this.competitor.stop();
      this.#result = { ...this.#result, status: 'failed', reason: (error as Error).message };
    }
  }
}

/**
 * Runs a case in all programs: each compiles, warms up and is compared first; then rounds in which each has its turn, so that
 * a drift of the machine meets them all alike. Never two at once.
 */
export async function runCase(
  one: PeerCase,
  competitors: readonly Competitor[],
  effort: Effort,
  progress: (what: string) => void,
): Promise<Result[]> {
  progress(`${one.name}: reference`);
  const at = comparedPositions(one);
  const expected = expectedOf(one, at, referenceOf(one));
  const entries = competitors.map((competitor) => new Entry(competitor, one, expected));
  for (const entry of entries) {
    progress(`${one.name}: ${entry.competitor.launch.name} compiles`);
    await entry.prepare(at);
  }
  for (let round = 1; round <= effort.rounds; round++) {
    progress(`${one.name}: round ${round} of ${effort.rounds}`);
    for (const entry of entries) await entry.round(effort);
  }
  for (const entry of entries) await entry.end();
  progress('');
  return entries.map(({ result }) => result);
}

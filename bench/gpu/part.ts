import { append, type Line, linesOf, readLines } from './results.js';

/** What a part of the run is told by the process that started it. */
export interface PartOptions {
  readonly part: string;
  /** The file of lines that everything is appended to. */
  readonly file: string;
  /** The file of PyTorch's own words and of tests that failed. */
  readonly log: string;
  /** When the whole run began, and when this part should be at its end: milliseconds since 1970. */
  readonly began: number;
  readonly until: number;
  readonly small: boolean;
  /** Which of several processes over one part this is: it takes every `of`-th case. */
  readonly shard?: { readonly index: number; readonly of: number };
}

/** The name under which a part's process notes what it began. */
export const shardName = ({ part, shard }: Pick<PartOptions, 'part' | 'shard'>): string =>
  shard && shard.of > 1 ? `${part} ${shard.index + 1}/${shard.of}` : part;

/** Exit code of a part that has told what went wrong itself. */
export const TOLD = 3;

/** A part at work: what it has found, what it may still do, and how it says so. */
export class Part {
  readonly options: PartOptions;
  readonly name: string;
  readonly #before: ReadonlySet<string>;
  #skipped = 0;

  constructor(options: PartOptions) {
    this.options = options;
    this.name = shardName(options);
    const lines = readLines(options.file);
    const begun = linesOf(lines, 'begin').filter(({ of }) => of === this.name);
    this.#before = new Set(begun.map((line) => line.case));
  }

  /** What this process has to do of a part's cases. */
  mine<T>(cases: readonly T[]): T[] {
    const { index, of } = this.options.shard ?? { index: 0, of: 1 };
    return cases.filter((_, i) => i % of === index);
  }

  /** Whether there is time for another case. */
  get hasTime(): boolean {
    return Date.now() < this.options.until;
  }

  /** Seconds until this part should be at its end. */
  get secondsLeft(): number {
    return Math.max(0, (this.options.until - Date.now()) / 1000);
  }

  /** Writes a line of the results. */
  add(line: Line): void {
    append(this.options.file, line);
  }

  /** Says something, with the time since the run began. */
  say(text: string): void {
    console.log(stamped(this.options.began, `${this.name}: ${text}`));
  }

  /**
   * Whether a case is to be done now: not when the time is over, nor when an earlier process of this part began it. It is noted as
   * begun, so that one that takes its process with it is named, and passed over by the process after.
   */
  begins(name: string): boolean {
    if (this.#before.has(name)) return false;
    if (!this.hasTime) {
      this.#skipped++;
      return false;
    }
    this.add({ part: 'begin', of: this.name, case: name });
    return true;
  }

  /** Notes how many cases there was no time for. */
  end(): void {
    if (this.#skipped === 0) return;
    const message = `no time for ${this.#skipped} cases`;
    this.say(message);
    this.add({ part: 'note', of: this.name, failed: false, message });
  }
}

/** A line of progress: seconds since `began`, and the text. */
export const stamped = (began: number, text: string): string =>
  `[${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s] ${text}`;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

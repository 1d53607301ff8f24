/** Where long work reports to: a line that is rewritten on a terminal, plain lines now and then elsewhere. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const QUIET_SECONDS = 10;

/** A duration for people: 42 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** Progress of counted work: how far, how fast, how long still. */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #name: string;
  readonly #unit: string;
  readonly #start = performance.now();
  readonly #from: number;
  #last = Number.NEGATIVE_INFINITY;
  #width = 0;

  /** @param from what was done before this process began, so that the speed is right after a resume */
  constructor(output: ProgressOutput, name: string, unit: string, from = 0) {
    this.#output = output;
    this.#name = name;
    this.#unit = unit;
    this.#from = from;
  }

  /** Tells how far the work is; `note` stands at the end of the line. */
  update(done: number, total: number, note = ''): void {
    const now = performance.now();
    const { isTerminal } = this.#output;
    const wait = isTerminal ? 100 : QUIET_SECONDS * 1000;
    if (now - this.#last < wait && done < total) return;
    this.#last = now;
    const seconds = (now - this.#start) / 1000;
    const speed = (done - this.#from) / Math.max(seconds, 1e-9);
    const left = done < total && speed > 0 ? `, ${duration((total - done) / speed)} left` : '';
    const line = `${this.#name} ${done}/${total} ${this.#unit}, ${speed.toFixed(1)}/s${left}${note && `, ${note}`}`;
    this.#output.write(isTerminal ? `\r${line.padEnd(this.#width)}` : `${line}\n`);
    this.#width = line.length;
  }

  /** Ends the line. */
  end(): void {
    if (this.#output.isTerminal && this.#width > 0) this.#output.write('\n');
    this.#width = 0;
  }

  /** A line of its own above the progress line. */
  say(text: string): void {
    if (this.#output.isTerminal) this.#output.write(`\r${' '.repeat(this.#width)}\r`);
    this.#output.write(`${text}\n`);
    this.#last = Number.NEGATIVE_INFINITY;
  }
}

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { type Answers, frame, type Hello, type Question, reader } from './protocol.js';

/** How a program is started. */
export interface Launch {
  /** As the table names it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Whether it counts as a peer: PyTorch on the CPU is only shown. */
  readonly role: 'ours' | 'peer' | 'shown';
}

/** A program that ended or did not answer in time; it has to be started again. */
export class ProgramGone extends Error {}

/** Lines that a program printed by itself, the last few of them. */
const KEPT_LINES = 12;
/** Dawn tells about the adapters that it looks at. */
const CHATTER = /^(Warning:|error: XDG_RUNTIME_DIR| - While | {4}at |$)/;

/**
 * A program that runs in a process of its own, and only while it is asked: some poll the GPU for ever, which costs the others
 * processor time, and where the GPU is the processor that is everything.
 */
export class Program {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #said: string[] = [];
  #waiting: { resolve: (answer: never) => void; reject: (error: Error) => void } | undefined;
  #ended: string | undefined;

  constructor({ name, command, args }: Launch) {
    this.name = name;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const note = (line: string) => {
      if (!CHATTER.test(line)) this.#said.splice(0, Math.max(0, this.#said.push(line.slice(0, 300)) - KEPT_LINES));
    };
    const take = reader((answer) => this.#answered(answer as { error?: string }), note);
    this.#child.stdout.setEncoding('utf8').on('data', take);
    this.#child.stderr.setEncoding('utf8').on(
      'data',
      reader(() => {}, note),
    );
    // What is still being written to a process that ended: `exit` tells about it.
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', (error) => this.#gone(`can not be started: ${error.message}`));
    this.#child.on('close', (code, signal) => this.#gone(`ended (${signal ?? `exit code ${code}`})`));
  }

  /** What the program says of itself once it has started. */
  hello(limitMs: number): Promise<Hello> {
    return this.#wait(limitMs);
  }

  /**
   * Asks and waits for the answer.
   *
   * @throws Error what the program itself reports; it can be asked on
   * @throws ProgramGone when it ended, or did not answer within `limitMs`: it is stopped then
   */
  ask<K extends keyof Answers>(question: Question & { do: K }, limitMs: number): Promise<Answers[K]> {
    const answer = this.#wait<Answers[K]>(limitMs);
    if (this.#ended === undefined) {
      this.#send('SIGCONT');
      this.#child.stdin.write(frame(question));
    }
    return answer;
  }

  /** Ends the process. */
  stop(): void {
    this.#ended ??= 'was stopped';
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
  }

  /** Windows has neither signal; its programs run on. */
  #send(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (process.platform !== 'win32') this.#child.kill(signal);
  }

  #wait<T>(limitMs: number): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(new ProgramGone(`${this.name} ${this.#ended}`));
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#gone(`did not answer within ${(limitMs / 1000).toFixed(0)} s`);
        this.stop();
      }, limitMs);
      const settled =
        <A>(settle: (value: A) => void) =>
        (value: A) => {
          clearTimeout(timer);
          this.#waiting = undefined;
          settle(value);
        };
      this.#waiting = { resolve: settled(resolve), reject: settled(reject) };
    });
  }

  #answered(answer: { error?: string }): void {
    this.#send('SIGSTOP');
    if (answer.error !== undefined) this.#waiting?.reject(new Error(answer.error));
    else this.#waiting?.resolve(answer as never);
  }

  #gone(how: string): void {
    this.#ended ??= how;
    const last = this.#said.length > 0 ? `: ${this.#said.join(' | ')}` : '';
    this.#waiting?.reject(new ProgramGone(`${this.name} ${this.#ended}${last}`));
  }
}

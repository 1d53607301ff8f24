// The side of a program: answers main.ts until stdin ends.

import { performance } from 'node:perf_hooks';
import type { Kind, PeerCase } from './cases.js';
import type { Values } from './compare.js';
import { fill } from './inputs.js';
import { type Answers, frame, type Hello, type Prepared, type Question, reader } from './protocol.js';

/** A case of which the inputs are in place. T is the program's tensor. */
export interface Work<T> {
  /** Queues one call and returns its outputs by name. */
  readonly run: () => Record<string, T> | Promise<Record<string, T>>;
  /** Outputs that live on from call to call: parameters. */
  readonly state?: () => Record<string, T>;
  /** Numbers of an output, row-major in the case's own order of dimensions. Default: the program's. */
  readonly read?: (output: T, name: string) => Promise<Float32Array>;
  /** Gives the inputs back. */
  readonly release: () => void | Promise<void>;
  /** What a reader of the table must know. */
  readonly note?: string;
}

/** A case with its inputs, made when they are asked for. */
export interface Given extends PeerCase {
  readonly input: (name: string) => Float32Array<ArrayBuffer>;
}

/** A program that is measured. */
export interface Served<T> extends Hello {
  /** What it can do. */
  readonly prepare: Partial<Record<Kind, (given: Given) => Work<T> | Promise<Work<T>>>>;
  /** Why it can not do the others. */
  readonly missing?: Partial<Record<Kind, string>>;
  /** Resolves when the GPU has computed these outputs. */
  readonly finish: (outputs: Record<string, T>) => Promise<unknown>;
  /** The numbers of a tensor, row-major. */
  readonly read: (tensor: T) => Promise<Float32Array>;
  /** Gives the memory of a tensor back. */
  readonly drop: (tensor: T) => void;
}

type At = Readonly<Record<string, readonly number[]>>;

const given = (one: PeerCase): Given => ({
  ...one,
  input: (name) => {
    const input = one.inputs.find((found) => found.name === name);
    if (!input) throw new Error(`${one.name} has no input "${name}".`);
    return fill(input);
  },
});

/** The case at hand. */
class Session<T> {
  readonly #program: Served<T>;
  #work: Work<T> | undefined;
  #outputs: Record<string, T> = {};
  #at: At = {};

  constructor(program: Served<T>) {
    this.#program = program;
  }

  async prepare(one: PeerCase, at: At): Promise<Prepared> {
    const make = this.#program.prepare[one.kind];
    if (!make) {
      return { first_ms: 0, values: {}, missing: this.#program.missing?.[one.kind] ?? 'it lacks an operator for it' };
    }
    this.#at = at;
    this.#work = await make(given(one));
    const { ms } = await this.time(1);
    const { note } = this.#work;
    return { first_ms: ms[0]!, values: await this.values(), ...(note !== undefined && { note }) };
  }

  /** Memory of a call goes back before the next, outside of the time. */
  async time(calls: number): Promise<Answers['time']> {
    const ms: number[] = [];
    let cpu_ms = 0;
    for (let i = 0; i < calls; i++) {
      this.#drop();
      const [start, cpu] = [performance.now(), process.cpuUsage()];
      const outputs = await this.#work!.run();
      await this.#program.finish(outputs);
      ms.push(performance.now() - start);
      const { user, system } = process.cpuUsage(cpu);
      cpu_ms += (user + system) / 1000 / calls;
      this.#outputs = outputs;
    }
    return { ms, cpu_ms };
  }

  async values(): Promise<Values> {
    const found: Record<string, number[]> = {};
    for (const [name, tensor] of Object.entries({ ...this.#outputs, ...this.#work!.state?.() })) {
      const numbers = await (this.#work!.read ?? this.#program.read)(tensor, name);
      found[name] = (this.#at[name] ?? []).map((i) => numbers[i]!);
    }
    return found;
  }

  async release(): Promise<void> {
    this.#drop();
    const work = this.#work;
    this.#work = undefined;
    await work?.release();
  }

  #drop(): void {
    for (const tensor of Object.values(this.#outputs)) this.#program.drop(tensor);
    this.#outputs = {};
  }
}

/** Answers questions on stdin with this program until stdin ends; then ends the process. */
export function serve<T>(program: Served<T>): void {
  const session = new Session(program);
  const answers: { [K in keyof Answers]: (question: Question & { do: K }) => Promise<Answers[K]> } = {
    prepare: ({ case: one, at }) => session.prepare(one, at),
    time: ({ calls }) => session.time(calls),
    values: async () => ({ values: await session.values() }),
    release: async () => {
      await session.release();
      return {};
    },
  };
  const say = (message: unknown) => process.stdout.write(frame(message));
  let before = Promise.resolve();
  const take = reader((message) => {
    const question = message as Question;
    before = before.then(async () => {
      try {
        say(await (answers[question.do] as (question: Question) => Promise<unknown>)(question));
      } catch (error) {
        await session.release().catch(() => {});
        say({ error: (error as Error).message || String(error) });
      }
    });
  });
  process.stdin.setEncoding('utf8').on('data', take);
  process.stdin.on('end', () => process.exit(0));
  say({ version: program.version, adapter: program.adapter } satisfies Hello);
}

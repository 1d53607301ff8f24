import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DatasetError } from './error.js';

/** What a worker is sent: a question about a file. */
export interface Asked<Question> {
  readonly id: number;
  readonly path: string;
  readonly question: Question;
}

/** What it sends back: an answer, or what went wrong. */
export type Answered<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: string; readonly aboutData: boolean };

/** Requests that a worker holds at once: one in work, one read ahead. */
const DEPTH = 2;

interface Task<Question, Answer> {
  readonly asked: Asked<Question>;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Lane<Question, Answer> {
  readonly worker: Worker;
  readonly tasks: Map<number, Task<Question, Answer>>;
}

/** One worker a core, leaving one for the main thread; at most 4. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(availableParallelism() - 1, 4));
}

/**
 * Worker threads that answer questions about files. They start with the first question, and while nothing is asked of them
 * they do not keep the process alive, closed or not.
 */
export class WorkerPool<Question, Answer> {
  readonly #count: number;
  readonly #body: URL;
  readonly #lanes: Lane<Question, Answer>[] = [];
  readonly #queue: Task<Question, Answer>[] = [];
  #nextId = 0;
  #closed = false;

  /**
   * @param count most threads at a time
   * @param body the module that each runs; it calls `answerQuestions`
   */
  constructor(count: number, body: URL) {
    this.#count = count;
    this.#body = body;
  }

  /** @throws DatasetError naming the file, when it is the file's fault */
  ask(path: string, question: Question): Promise<Answer> {
    if (this.#closed) return Promise.reject(new Error(`The loader is closed; ${path} was asked for afterwards`));
    return new Promise((resolve, reject) => {
      this.#queue.push({ asked: { id: this.#nextId++, path, question }, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the threads. Questions that still wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const waiting = [...this.#queue.splice(0), ...this.#lanes.flatMap(({ tasks }) => [...tasks.values()])];
    for (const { asked, reject } of waiting) {
      reject(new Error(`The loader was closed before ${asked.path} was decoded`));
    }
    await Promise.all(this.#lanes.splice(0).map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const lane = this.#freeLane();
      if (!lane) return;
      const task = this.#queue.shift()!;
      if (lane.tasks.size === 0) lane.worker.ref();
      lane.tasks.set(task.asked.id, task);
      lane.worker.postMessage(task.asked);
    }
  }

  /** The least busy worker, a new one while the pool is not full, or none when all have enough to do. */
  #freeLane(): Lane<Question, Answer> | undefined {
    const least = this.#lanes.reduce<Lane<Question, Answer> | undefined>(
      (a, b) => (a && a.tasks.size <= b.tasks.size ? a : b),
      undefined,
    );
    if (least?.tasks.size === 0) return least;
    if (this.#lanes.length < this.#count) return this.#startLane();
    return least && least.tasks.size < DEPTH ? least : undefined;
  }

  #startLane(): Lane<Question, Answer> {
    // Flags of the main program (--input-type, a debugger) are not for the workers.
    const worker = new Worker(this.#body, { execArgv: [] });
    const lane: Lane<Question, Answer> = { worker, tasks: new Map() };
    worker.on('message', (reply: Answered<Answer>) => this.#settle(lane, reply));
    worker.on('error', (error) => this.#dropLane(lane, error));
    worker.unref();
    this.#lanes.push(lane);
    return lane;
  }

  #settle({ worker, tasks }: Lane<Question, Answer>, reply: Answered<Answer>): void {
    const task = tasks.get(reply.id);
    if (!task) return;
    tasks.delete(reply.id);
    if (tasks.size === 0) worker.unref();
    if ('answer' in reply) task.resolve(reply.answer);
    else task.reject(reply.aboutData ? new DatasetError(reply.error) : new Error(`${task.asked.path}: ${reply.error}`));
    this.#dispatch();
  }

  /** A worker died (out of memory, most likely): its requests fail by name, the others go on. */
  #dropLane(lane: Lane<Question, Answer>, error: Error): void {
    const place = this.#lanes.indexOf(lane);
    if (place >= 0) this.#lanes.splice(place, 1);
    for (const { asked, reject } of lane.tasks.values()) {
      reject(new Error(`The worker that decoded ${asked.path} stopped: ${error.message}`, { cause: error }));
    }
    lane.tasks.clear();
    this.#dispatch();
  }
}

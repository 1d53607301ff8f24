import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { decodeFile } from './decode-file.node.js';
import type { DecodeReply, DecodeRequest, ImageDecoders } from './decoders.js';
import { DatasetError } from './error.js';
import { resizeBilinear } from './resize.js';

/** Requests that a worker holds at once: one in work, one read ahead. */
const DEPTH = 2;

interface Task {
  readonly request: DecodeRequest;
  readonly resolve: (pixels: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  readonly worker: Worker;
  readonly tasks: Map<number, Task>;
}

/** One worker a core, leaving one for the main thread; at most 4. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(availableParallelism() - 1, 4));
}

/**
 * A pool of worker threads. They start with the first picture, and while nothing is asked of them they do not keep the
 * process alive, closed or not.
 *
 * @param workers number of threads; 0 decodes in the calling thread
 */
export function createDecoders(workers = defaultWorkers()): ImageDecoders {
  if (!(Number.isInteger(workers) && workers >= 0)) {
    throw new RangeError(`The number of decoding workers must be a whole number, 0 or more; got ${workers}`);
  }
  return workers === 0 ? new InlineDecoders() : new WorkerDecoders(workers);
}

class InlineDecoders implements ImageDecoders {
  async decode(path: string, height: number, width: number): Promise<Uint8Array> {
    return resizeBilinear(await decodeFile(path), width, height).data;
  }

  async close(): Promise<void> {}
}

class WorkerDecoders implements ImageDecoders {
  readonly #count: number;
  readonly #lanes: Lane[] = [];
  readonly #queue: Task[] = [];
  #nextId = 0;
  #closed = false;

  constructor(count: number) {
    this.#count = count;
  }

  decode(path: string, height: number, width: number): Promise<Uint8Array> {
    if (this.#closed) return Promise.reject(new Error(`The loader is closed; ${path} was asked for afterwards`));
    return new Promise((resolve, reject) => {
      this.#queue.push({ request: { id: this.#nextId++, path, height, width }, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiting = [...this.#queue.splice(0), ...this.#lanes.flatMap(({ tasks }) => [...tasks.values()])];
    for (const task of waiting) task.reject(new Error(`The loader was closed before ${task.request.path} was decoded`));
    await Promise.all(this.#lanes.splice(0).map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const lane = this.#freeLane();
      if (!lane) return;
      const task = this.#queue.shift()!;
      if (lane.tasks.size === 0) lane.worker.ref();
      lane.tasks.set(task.request.id, task);
      lane.worker.postMessage(task.request);
    }
  }

  /** The least busy worker, a new one while the pool is not full, or none when all have enough to do. */
  #freeLane(): Lane | undefined {
    const least = this.#lanes.reduce<Lane | undefined>(
      (a, b) => (a && a.tasks.size <= b.tasks.size ? a : b),
      undefined,
    );
    if (least?.tasks.size === 0) return least;
    if (this.#lanes.length < this.#count) return this.#startLane();
    return least && least.tasks.size < DEPTH ? least : undefined;
  }

  #startLane(): Lane {
    // Flags of the main program (--input-type, a debugger) are not for the workers.
    const worker = new Worker(new URL('./decoder-worker.node.js', import.meta.url), { execArgv: [] });
    const lane: Lane = { worker, tasks: new Map() };
    worker.on('message', (reply: DecodeReply) => this.#settle(lane, reply));
    worker.on('error', (error) => this.#dropLane(lane, error));
    worker.unref();
    this.#lanes.push(lane);
    return lane;
  }

  #settle({ worker, tasks }: Lane, reply: DecodeReply): void {
    const task = tasks.get(reply.id);
    if (!task) return;
    tasks.delete(reply.id);
    if (tasks.size === 0) worker.unref();
    if ('pixels' in reply) task.resolve(reply.pixels);
    else
      task.reject(reply.aboutData ? new DatasetError(reply.error) : new Error(`${task.request.path}: ${reply.error}`));
    this.#dispatch();
  }

  /** A worker died (out of memory, most likely): its requests fail by name, the others go on. */
  #dropLane(lane: Lane, error: Error): void {
    const place = this.#lanes.indexOf(lane);
    if (place >= 0) this.#lanes.splice(place, 1);
    for (const { request, reject } of lane.tasks.values()) {
      reject(new Error(`The worker that decoded ${request.path} stopped: ${error.message}`, { cause: error }));
    }
    lane.tasks.clear();
    this.#dispatch();
  }
}

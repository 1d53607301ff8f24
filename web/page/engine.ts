import type { Asked, Told } from '../wire.js';
import type { Api } from '../worker/api.js';
import type { Job } from '../worker/job.js';

/** A call's input, events and result, as the worker declares them. */
export type InputOf<K extends keyof Api> = Parameters<Api[K]>[0];
export type ResultOf<K extends keyof Api> = Awaited<ReturnType<Api[K]>>;
export type EventOf<K extends keyof Api> = Parameters<Api[K]>[1] extends Job<infer Event> ? Event : never;

/** What went wrong in the worker. */
export class EngineError extends Error {
  override readonly name: string;

  constructor(name: string, message: string, stack?: string) {
    super(message);
    this.name = name;
    if (stack) this.stack = stack;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent?: (event: never) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
let next = 1;

function settle(told: Told): void {
  const call = waiting.get(told.id);
  if (!call) return;
  if ('event' in told) {
    call.onEvent?.(told.event as never);
    return;
  }
  waiting.delete(told.id);
  if ('result' in told) call.resolve(told.result);
  else call.reject(new EngineError(told.error.name, told.error.message, told.error.stack));
}

/** The worker died, of too little memory most likely: what was asked of it fails in words, and the next call starts another. */
function died(message: string): void {
  worker?.terminate();
  worker = undefined;
  const calls = [...waiting.values()];
  waiting.clear();
  for (const { reject } of calls) {
    reject(
      new EngineError(
        'WorkerDied',
        `The part of this page that computes has stopped (${message || 'no reason was given; most likely memory ran out'}). ` +
          'What was saved is still there: go on with the run below, with a smaller batch or smaller pictures if memory was short.',
      ),
    );
  }
}

function workerOf(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'engine' });
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => settle(data));
  worker.addEventListener('error', (event) => died(event.message));
  return worker;
}

const send = (asked: Asked): void => workerOf().postMessage(asked);

/**
 * Asks the worker for something.
 *
 * @throws EngineError with the worker's words
 *
 * @example
 *   const facts = await call('machine', undefined);
 *   await call('train', plan, { onEvent: show, signal });
 */
export function call<K extends keyof Api>(
  name: K,
  input: InputOf<K>,
  options: { readonly onEvent?: (event: EventOf<K>) => void; readonly signal?: AbortSignal } = {},
): Promise<ResultOf<K>> {
  const id = next++;
  return new Promise<ResultOf<K>>((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, onEvent: options.onEvent as never });
    options.signal?.addEventListener('abort', () => send({ cancel: id }), { once: true });
    send({ id, name, input });
  });
}

/** Whether somebody gave up what was asked for: no error for people. */
export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

/** Errors whose message is for people. */
const FOR_PEOPLE = new Set(
  'PageError StorageError WorkerDied DatasetError SpecError RecipeError CheckpointError FormatError GpuError StateDictError DivergedError ShapeError RangeError'.split(
    ' ',
  ),
);

/** An error in words for people. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return FOR_PEOPLE.has(error.name) ? error.message : `${error.message} (${error.name}: a fault of this page.)`;
}

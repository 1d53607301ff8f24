import { GpuError } from './errors.js';
import { currentGpu, type Gpu } from './gpu.js';
import type { Arena } from './memory.js';
import { randomPosition, restoreRandomPosition } from './random.js';
import { difference, Recording, type Transcript } from './recording.js';
import { scope } from './scope.js';
import { bytesOf, contiguousData, copyOf, Tensor } from './tensor.js';

/** What a static step gives: tensors, alone or in lists and plain objects. */
export type StepResult = Tensor | undefined | readonly StepResult[] | { readonly [name: string]: StepResult };

/** Runs of a step that may differ from the one before until it is run plainly for good. */
const ATTEMPTS = 4;
/** Shapes of arguments that are recorded; further ones run plainly. */
const MOST_SHAPES = 4;

interface Recorded<R> {
  readonly recording: Recording;
  /** Where arguments are copied to: held, so that their memory stays in use. */
  readonly inputs: readonly Tensor[];
  readonly result: R;
  /** Random draws made before the recorded step, and by it. */
  readonly draws: number;
  readonly drawn: number;
}

interface Course<R> {
  /** The work of the run before, until two agree. */
  last: Transcript | undefined;
  runs: number;
  recorded: Recorded<R> | undefined;
  why: string | undefined;
}

/**
 * A step that does the same work every time, such as a training step: recorded once and replayed, which spares all of its
 * JavaScript but a few microseconds a kernel, and submits it in one piece. The bits are those of the plain step.
 *
 * `fn` must do the same for the same shapes of its arguments: what differs from call to call (images, labels) comes in as
 * tensors, is copied to where the recorded step expects it, and never by way of numbers that `fn` looks up elsewhere. Known
 * to change and provided for are optimisers' rates and step counts, random draws and the counters of batch norms. It is
 * synchronous, reads nothing back, and leaves no gradients (end it with `optimiser.zeroGrad()`). The first call for a shape
 * runs plainly (optimisers make their state), so does the second; from the third on, once two runs were the same, work is replayed. A step whose
 * runs differ stays plain and `why` says what differed.
 *
 * The tensors it returns are overwritten by the next call; they carry no graph.
 *
 * @example
 *   const step = staticStep((images: Tensor, labels: Tensor) => {
 *     const loss = crossEntropy(model.forward(images), labels);
 *     backward(loss);
 *     optimiser.step();
 *     optimiser.zeroGrad();
 *     return loss;
 *   });
 *   for await (const { images, labels } of batches) console.log(await step(images, labels).item());
 */
export function staticStep<A extends readonly Tensor[], R extends StepResult>(
  fn: (...args: A) => R,
  gpu: Gpu = currentGpu(),
): StaticStep<A, R> {
  const courses = new Map<string, Course<R>>();
  let newest: Course<R> | undefined;
  const step = (...args: A): R => {
    const shapes = args.map(({ shape, dtype }) => `${dtype}[${shape.join(',')}]`).join(' ');
    let course = courses.get(shapes);
    if (!course) {
      if (courses.size >= MOST_SHAPES) return plain(gpu, fn, args);
      course = { last: undefined, runs: 0, recorded: undefined, why: undefined };
      courses.set(shapes, course);
    }
    newest = course;
    if (course.recorded && !course.recorded.recording.valid) {
      void release(gpu, course.recorded.recording);
      course.recorded = undefined;
      course.last = undefined;
      course.runs = 1;
    }
    return course.recorded ? replay(gpu, course.recorded, args) : run(gpu, course, fn, args);
  };
  const facts = {
    get recorded() {
      return newest?.recorded !== undefined;
    },
    get why() {
      return newest?.why;
    },
    release: async () => {
      const recordings = [...courses.values()].flatMap(({ recorded }) => (recorded ? [recorded.recording] : []));
      courses.clear();
      newest = undefined;
      await Promise.all(recordings.map((recording) => release(gpu, recording)));
    },
  };
  return Object.defineProperties(step, Object.getOwnPropertyDescriptors(facts)) as StaticStep<A, R>;
}

export interface StaticStep<A extends readonly Tensor[], R> {
  (...args: A): R;
  /** Whether the newest call was a replay, or made the recording for those to come. */
  readonly recorded: boolean;
  /** Why the newest call's work could not be recorded, if so. */
  readonly why: string | undefined;
  /** Gives the memory of the recordings back. The step may be called again; it is then recorded anew. */
  release(): Promise<void>;
}

async function release(gpu: Gpu, recording: Recording): Promise<void> {
  // What was queued still needs it.
  if (gpu.healthy) await gpu.flush();
  recording.release();
}

function plain<A extends readonly Tensor[], R extends StepResult>(gpu: Gpu, fn: (...args: A) => R, args: A): R {
  return scope(() => {
    const result = fn(...args);
    if ((result as unknown) instanceof Promise) {
      throw new GpuError(
        'staticStep: the step is asynchronous. It must only queue work; return tensors and read them outside.',
      );
    }
    return detached(result) as R;
  }, gpu);
}

/** Runs the step plainly and looks whether it did what it did before; if so, this run becomes the recording. */
function run<A extends readonly Tensor[], R extends StepResult>(
  gpu: Gpu,
  course: Course<R>,
  fn: (...args: A) => R,
  args: A,
): R {
  course.runs++;
  if (course.runs === 1 || course.runs > 2 + ATTEMPTS) return plain(gpu, fn, args);
  if (!course.last) {
    const { result, transcript } = gpu.queue.transcribe(() => plain(gpu, fn, args));
    course.last = transcript;
    return result;
  }
  const { last } = course;
  return gpu.pool.apart((arena) => {
    try {
      const inputs = args.map((t) => copyOf(t, t.dtype)) as unknown as A;
      const { draws } = randomPosition();
      const { result, transcript } = gpu.queue.transcribe(() => plain(gpu, fn, inputs));
      const tensors = tensorsOf(result);
      for (const t of [...tensors, ...inputs]) t.keep();
      course.why = difference(last.entries, transcript.entries) ?? leftOver(arena, [...tensors, ...inputs]);
      if (course.why !== undefined) {
        course.last = transcript;
        for (const t of [...tensors, ...inputs]) t.storage.kept = false;
        arena.release();
        return result;
      }
      const targets = inputs.map(({ storage, size, dtype }) => ({
        target: storage.buffer,
        bytes: 4 * Math.ceil(bytesOf(dtype, size) / 4),
      }));
      const recording = new Recording(transcript, targets, arena);
      course.recorded = { recording, inputs, result, draws, drawn: randomPosition().draws - draws };
      course.last = undefined;
      return result;
    } catch (error) {
      arena.release();
      throw error;
    }
  });
}

function replay<A extends readonly Tensor[], R>(gpu: Gpu, recorded: Recorded<R>, args: A): R {
  const { recording, result, draws, drawn } = recorded;
  const sources = args.map(contiguousData);
  const now = randomPosition();
  const scalars = recording.refresh(now.draws - draws);
  restoreRandomPosition({ ...now, draws: now.draws + drawn });
  gpu.queue.replay({ kind: 'replay', recording, scalars, inputs: sources.map(({ storage }) => storage.buffer) });
  for (const [i, source] of sources.entries()) if (source !== args[i]) source.storage.release();
  return result;
}

/** Memory that the step made and kept would be new in a plain step and the same in a replayed one. */
function leftOver(arena: Arena, known: readonly Tensor[]): string | undefined {
  const expected = new Set(known.map(({ storage }) => storage.buffer));
  const count = arena.inUse - expected.size;
  return count > 0
    ? `it keeps ${count} tensors that it made: end it with zeroGrad(), and write state into tensors that exist`
    : undefined;
}

function detached(value: StepResult): StepResult {
  if (value instanceof Tensor) return value.detach();
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(detached);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, detached(inner as StepResult)]));
}

function tensorsOf(value: StepResult): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === 'object' ? Object.values(value).flatMap((inner) => tensorsOf(inner as StepResult)) : [];
}

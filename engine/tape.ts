import type { Tensor } from './tensor.js';

/** What flows back: one gradient for each input, or undefined where none is needed. */
export type Backward = (gradient: Tensor, needs: readonly boolean[]) => readonly (Tensor | undefined)[];

/** One recorded operator: what it was called, what it read, and how to go back. */
export interface Node {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  /** Cleared once used, so that what it saved can go. */
  backward: Backward | undefined;
  /** Ascending in order of recording: the tape is walked from the highest down. */
  readonly order: number;
  /** Whether the way back is itself made of recorded operators, so that it can be differentiated again. */
  readonly twice: boolean;
}

/** What an operator did besides its tensors: strides, axes, numbers. */
export type Attributes = Readonly<Record<string, number | string | boolean | undefined | readonly number[]>>;

export interface RecordOptions {
  /** Whether `backward` consists of recorded operators alone. Default false. */
  readonly twice?: boolean;
  readonly attributes?: Attributes;
  /** Tensors that it read and that can have no gradient. */
  readonly reads?: readonly Tensor[];
}

/** Follows operators as they run; see trace.ts. */
export interface Tracer {
  /** Is told of every operator, also where nothing is recorded. `inputs` are all tensors that it read. */
  recorded(name: string, out: Tensor, inputs: readonly Tensor[], attributes: Attributes): void;
  /** Is asked before each kernel whether it can be left out. */
  leavesOut(inputs: readonly Tensor[], outputs: readonly Tensor[]): boolean;
}

/** Who follows at present. */
export let tracer: Tracer | undefined;

/** Whether a trace is being made: then operators that would be joined into one run one by one, under names of their own. */
export const isTracing = (): boolean => tracer !== undefined;

/** Runs `work`, which must not be asynchronous, with a tracer that follows it. */
export function withTracer<T>(follower: Tracer, work: () => T): T {
  const before = tracer;
  tracer = follower;
  try {
    return work();
  } finally {
    tracer = before;
  }
}

let order = 0;

/** A switch that pieces of work hold on or off for as long as they run, also asynchronously and ending in any order. */
class Switch {
  readonly #otherwise: boolean;
  readonly #held: { readonly on: boolean }[] = [];

  constructor(otherwise: boolean) {
    this.#otherwise = otherwise;
  }

  get on(): boolean {
    return this.#held.at(-1)?.on ?? this.#otherwise;
  }

  during<T>(on: boolean, work: () => T): T {
    const mine = { on };
    this.#held.push(mine);
    const release = () => {
      this.#held.splice(this.#held.lastIndexOf(mine), 1);
    };
    let pending = false;
    try {
      const result = work();
      if (result instanceof Promise) {
        pending = true;
        return result.finally(release) as T;
      }
      return result;
    } finally {
      if (!pending) release();
    }
  }
}

const recording = new Switch(true);
const recomputing = new Switch(false);

/** Whether operators are being recorded. */
export const isRecording = (): boolean => recording.on;

/** Whether a checkpoint is computing its forward pass again: running statistics must not move a second time. */
export const isRecomputing = (): boolean => recomputing.on;

/** Runs `work` (also asynchronous work) without recording: nothing in it wants a gradient. */
export const noGrad = <T>(work: () => T): T => recording.during(false, work);

/** Runs `work` with recording switched on or off. */
export const withGrad = <T>(enabled: boolean, work: () => T): T => recording.during(enabled, work);

/** Runs `work` as a checkpoint's second forward pass. */
export const recompute = <T>(work: () => T): T => recomputing.during(true, () => withGrad(true, work));

/**
 * Records how `out` was made from `inputs`, if recording is on and any input wants a gradient. `backward` gets the gradient
 * of `out` and which inputs need theirs.
 */
export function record(
  name: string,
  out: Tensor,
  inputs: readonly Tensor[],
  backward: Backward,
  { twice = false, attributes = {}, reads = [] }: RecordOptions = {},
): Tensor {
  tracer?.recorded(name, out, [...inputs, ...reads], attributes);
  if (!recording.on || !inputs.some((t) => t.requiresGrad)) return out;
  out.requiresGrad = true;
  out.node = { name, inputs, backward, order: order++, twice };
  return out;
}

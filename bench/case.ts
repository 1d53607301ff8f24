import type { Gpu } from '../engine/gpu.js';
import type { DeviceBuffer } from '../engine/memory.js';
import type { Shader } from '../shaders/shader.js';

/** A function of shaders/ that makes shaders. */
export type Factory = (...args: never[]) => Shader;

/** One benchmark. */
export interface Case {
  readonly name: string;
  /** The factories whose kernels it times. */
  readonly of: readonly Factory[];
  /** Makes the inputs; what it returns is the work. */
  readonly prepare: () => () => unknown;
  /**
   * Names of the kernels that are timed: the work runs once, and their dispatches are repeated alone. Left out, the work itself
   * is repeated as a user would run it, with its JavaScript and its memory.
   */
  readonly kernels?: readonly string[];
}

/** A benchmark of some kernels of an operator. */
export const kernels = (
  name: string,
  of: readonly Factory[],
  names: readonly string[],
  prepare: Case['prepare'],
): Case => ({ name, of, kernels: names, prepare });

/** A dispatch as the queue got it. */
export interface Dispatched {
  readonly shader: Shader;
  readonly buffers: readonly DeviceBuffer[];
}

/** The dispatches that `work` records. With `run` off they are only noted, and the GPU does nothing. */
export function dispatchesOf(gpu: Gpu, work: () => unknown, { run = true } = {}): Dispatched[] {
  const { queue } = gpu;
  const dispatch = queue.dispatch;
  const noted: Dispatched[] = [];
  queue.dispatch = (shader, buffers) => {
    noted.push({ shader, buffers });
    if (run) dispatch.call(queue, shader, buffers);
  };
  try {
    work();
  } finally {
    queue.dispatch = dispatch;
  }
  return noted;
}

/**
 * Those of `noted` that a benchmark times; all when it names no kernels.
 *
 * @throws when a kernel that it names is not among them
 */
export function timed({ name, kernels }: Case, noted: readonly Dispatched[]): readonly Dispatched[] {
  const missing = kernels?.find((kernel) => !noted.some(({ shader }) => shader.name === kernel));
  if (missing || noted.length === 0) {
    const found = [...new Set(noted.map(({ shader }) => shader.name))].join(', ') || 'nothing';
    throw new Error(`${name}: its work dispatches ${found}, not ${missing ?? 'a kernel'}.`);
  }
  return kernels ? noted.filter(({ shader }) => kernels.includes(shader.name)) : noted;
}

import { type Gpu, openGpu } from '../../engine/index.js';
import { type Handler, PageError } from './job.js';
import { type StorageUse, storageUse } from './storage.js';

let opening: Promise<Gpu> | undefined;
let busyWith: string | undefined;
/** Called when work that had the GPU has ended. */
let whenFree: (() => void)[] = [];

/** The GPU: opened when it is first needed, and again after it was lost. */
export async function gpuOf(): Promise<Gpu> {
  if (opening) {
    const gpu = await opening.catch(() => undefined);
    if (gpu?.healthy) return gpu;
    gpu?.close();
  }
  opening = openGpu();
  return opening;
}

/**
 * Work that has the GPU to itself: two of them would mix up their memory and their random numbers.
 *
 * @param what for the words of the refusal: `training`
 * @throws PageError while other work has it
 */
export async function alone<T>(what: string, work: () => Promise<T>): Promise<T> {
  if (busyWith !== undefined) {
    throw new PageError(`The GPU is busy with ${busyWith}. Let it end, or stop it, and try again.`);
  }
  busyWith = what;
  try {
    return await work();
  } finally {
    free();
  }
}

function free(): void {
  busyWith = undefined;
  const waiting = whenFree;
  whenFree = [];
  for (const go of waiting) go();
}

/** Lends the GPU out in a pause of `alone`; what borrowed it is waited for. */
export async function lend<T>(work: () => Promise<T>): Promise<T> {
  const held = busyWith;
  free();
  try {
    return await work();
  } finally {
    while (busyWith !== undefined) await new Promise<void>((go) => whenFree.push(go));
    busyWith = held;
  }
}

/** What there is to compute with. */
export interface Machine {
  readonly adapter: string;
  readonly software: boolean;
  readonly half: boolean;
  /** Bytes of the largest tensor. */
  readonly largest: number;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software/i;

const machine: Handler<void, Machine> = async () => {
  const gpu = await gpuOf();
  return {
    adapter: gpu.name,
    software: gpu.info.isFallbackAdapter || SOFTWARE.test(`${gpu.name} ${gpu.info.vendor} ${gpu.info.architecture}`),
    half: gpu.has('shader-f16'),
    largest: gpu.limits.maxStorageBufferBindingSize,
  };
};

/** What is in use now. */
export interface MachineUse {
  /** Bytes on the GPU; undefined while none is open. */
  readonly gpu?: number;
  readonly busyWith?: string;
  readonly storage: StorageUse;
}

const machineUse: Handler<void, MachineUse> = async () => {
  const gpu = await opening?.catch(() => undefined);
  return { gpu: gpu?.memory().live, busyWith, storage: await storageUse() };
};

export const machineCalls = { machine, machineUse };

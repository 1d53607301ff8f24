import type { Shader } from '../shaders/shader.js';
import { currentGpu, Gpu, withGpu } from './gpu.js';

/** What some work would take. */
export interface Plan {
  /** Most bytes in use at once, buffers' size classes included. */
  readonly peakBytes: number;
  /** Bytes still in use at the end: parameters, statistics, optimiser state. */
  readonly keptBytes: number;
  readonly dispatches: number;
  /** Different kernels: what has to be compiled. */
  readonly kernels: number;
  /** Floating point operations, and bytes that kernels read and write, by the shaders' own account. */
  readonly flops: number;
  readonly bytes: number;
}

/** A device that allocates and runs nothing. */
function emptyDevice({ limits, features }: GPUDevice): GPUDevice {
  const device = {
    limits,
    features,
    lost: new Promise(() => {}),
    addEventListener: () => {},
    createBuffer: () => ({ destroy: () => {} }),
    createBindGroupLayout: () => ({}),
    destroy: () => {},
    queue: { onSubmittedWorkDone: () => Promise.resolve() },
  };
  return device as unknown as GPUDevice;
}

/**
 * What `work` would take on a GPU like `like`, without allocating or computing anything: tells beforehand whether a model and a
 * batch fit. Tensors made inside have no contents and can not be read.
 *
 * @throws GpuError where a tensor is larger than the adapter binds, naming it
 *
 * @example
 *   const { peakBytes } = plan(() => trainingStep(buildModel(recipe, 751), empty(currentGpu(), [64, 3, 256, 128])));
 */
export function plan(work: () => void, like: Gpu = currentGpu()): Plan {
  const host = { adapter: { info: like.info } as GPUAdapter, host: like.host, release: () => {} };
  const gpu = new Gpu(host, emptyDevice(like.device), {});
  gpu.sharing = like.sharing;
  const kernels = new Set<string>();
  const sum = { dispatches: 0, flops: 0, bytes: 0 };
  gpu.queue.dispatch = ({ name, variant, flops, bytes }: Shader) => {
    kernels.add(`${name}|${variant}`);
    sum.dispatches++;
    sum.flops += flops;
    sum.bytes += bytes;
  };
  gpu.queue.upload = () => {};
  gpu.queue.copy = () => {};
  withGpu(gpu, work);
  const { peak, live } = gpu.memory();
  return { ...sum, kernels: kernels.size, peakBytes: peak, keptBytes: live };
}

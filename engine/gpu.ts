import { requestHostAdapter, waitFor } from '#gpu-host';
import type { Sharing } from '../shaders/rowtile.js';
import type { Shader } from '../shaders/shader.js';
import { GpuError } from './errors.js';
import type { HostAdapter } from './host.js';
import { KernelQueue } from './kernel.js';
import { BufferPool, type MemoryUse, type Storage } from './memory.js';
import { Profiler, type Timing } from './profiler.js';
import { compileOnSpares } from './spare-compiler.js';
import { type Tiles, tilesOf } from './tiles.js';

/** Features taken when the adapter has them; nothing needs them. */
const WANTED = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

const RAISED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export interface OpenOptions {
  /** `high-performance` (default) or `low-power`, where a machine has two GPUs. */
  readonly power?: GPUPowerPreference;
  /** `adapter` (default) takes what the adapter has; `default` stays at WebGPU's guaranteed limits and no features. */
  readonly limits?: 'adapter' | 'default';
}

const opened: Gpu[] = [];

/** The GPU that was opened last; throws when none is open. */
export function currentGpu(): Gpu {
  const gpu = opened.at(-1);
  if (!gpu) throw new GpuError('No GPU is open. Call "await openGpu()" first.');
  return gpu;
}

/** Runs `work` with `gpu` as the current one. */
export function withGpu<T>(gpu: Gpu, work: () => T): T {
  opened.push(gpu);
  try {
    return work();
  } finally {
    opened.splice(opened.lastIndexOf(gpu), 1);
  }
}

/**
 * Opens a GPU and makes it the current one: Dawn in Node, `navigator.gpu` in a browser.
 *
 * @example
 *   const gpu = await openGpu();
 *   const x = tensor([1, 2, 3]);
 *   console.log(await mul(x, x).read());
 *   gpu.close();
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const host = await requestHostAdapter({ powerPreference: options.power ?? 'high-performance' });
  const { adapter } = host;
  const own = options.limits !== 'default';
  const requiredLimits: Record<string, number> = {};
  for (const name of own ? RAISED : []) requiredLimits[name] = adapter.limits[name] as number;
  const requiredFeatures = own ? WANTED.filter((name) => adapter.features.has(name)) : [];
  const descriptor = { label: 'engine', requiredLimits, requiredFeatures };
  const device = await adapter.requestDevice(descriptor);
  const gpu = new Gpu(host, device, descriptor);
  opened.push(gpu);
  return gpu;
}

/** An open GPU: its device, its memory and its queue of kernels. */
export class Gpu {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly host: 'dawn' | 'browser';
  readonly queue: KernelQueue;
  readonly pool: BufferPool;
  /** How products and convolutions are cut up (see tiles.ts); of these, how rows are shared may be changed. */
  readonly tiles: Tiles;
  sharing: Sharing;
  readonly #release: () => void;
  #closed = false;

  constructor({ adapter, host, release, spare }: HostAdapter, device: GPUDevice, descriptor: GPUDeviceDescriptor) {
    this.device = device;
    this.host = host;
    this.info = adapter.info;
    this.#release = release;
    this.pool = new BufferPool(device);
    const warm = spare && ((shaders: readonly Shader[]) => compileOnSpares(() => spare(descriptor), shaders));
    this.queue = new KernelQueue(device, warm);
    this.tiles = tilesOf(device.features, this.info);
    this.sharing = this.tiles.sharing;
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      const last = this.queue.lastSubmitted;
      this.queue.fail(new GpuError(`The GPU reported an error: ${event.error.message} (the last work was: ${last})`));
    });
    void device.lost.then(({ reason, message }) => {
      const last = this.queue.lastSubmitted;
      const work = last ? ` The last work was: ${last}.` : '';
      this.queue.fail(
        new GpuError(`This GPU can not be used any more. The device was lost (${reason}): ${message}.${work}`),
      );
    });
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  /** Whether it still works: a lost device, a kernel that does not compile or a refused batch end its use. */
  get healthy(): boolean {
    return this.queue.failure === undefined;
  }

  has(feature: GPUFeatureName): boolean {
    return this.device.features.has(feature);
  }

  /** A short name of the adapter, for reports. */
  get name(): string {
    const { vendor, architecture, device, description } = this.info;
    return description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unknown adapter';
  }

  /** Bytes in use, bytes waiting in the pool, and the most in use at once. */
  memory(): MemoryUse {
    return this.pool.use;
  }

  /** Submits what was recorded. */
  flush(): Promise<void> {
    return this.queue.flush();
  }

  /** Submits what was recorded and waits until it has run. */
  finish(): Promise<void> {
    return this.queue.finish();
  }

  /** Gives pooled memory back to the system. */
  async trim(): Promise<void> {
    const buffers = this.pool.drain();
    await this.queue.flush();
    this.queue.forgetBuffers();
    for (const { gpu } of buffers) gpu.destroy();
  }

  /** Times every kernel that `work` runs, by GPU timestamps. */
  async profile(work: () => unknown): Promise<Timing[]> {
    await this.queue.flush();
    const profiler = new Profiler(this.device);
    this.queue.profiler = profiler;
    try {
      await work();
      await this.queue.finish();
      await profiler.settle();
    } finally {
      this.queue.profiler = undefined;
    }
    return profiler.timings;
  }

  /**
   * Ends everything; a Node process then ends by itself. Idempotent. What is compiling or running is waited for before the
   * device goes, which Dawn needs.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    opened.splice(opened.indexOf(this), 1);
    this.queue.fail(new GpuError('This GPU can not be used any more. It was closed.'));
    const busy = [this.queue.compiling(), waitFor(this.device.queue.onSubmittedWorkDone())];
    void Promise.allSettled(busy).then(() => {
      this.device.destroy();
      this.#release();
    });
  }

  /** Memory for a tensor; see BufferPool.allocate. */
  allocate(bytes: number, what: string): Storage {
    return this.pool.allocate(bytes, what);
  }
}

import type { Param, Shader } from '../shaders/shader.js';
import { GpuError } from './errors.js';
import { asGpuError, type Kernel, KernelCache } from './kernel-cache.js';
import type { DeviceBuffer } from './memory.js';
import type { Profiler } from './profiler.js';

interface Dispatch {
  readonly kind: 'dispatch';
  readonly kernel: Kernel;
  readonly shader: Shader;
  readonly buffers: readonly DeviceBuffer[];
}

interface Upload {
  readonly kind: 'upload';
  readonly target: DeviceBuffer;
  readonly offset: number;
  readonly data: Uint8Array;
}

interface Copy {
  readonly kind: 'copy';
  readonly source: GPUBuffer;
  readonly sourceOffset: number;
  readonly target: GPUBuffer;
  readonly targetOffset: number;
  readonly bytes: number;
}

type Entry = Dispatch | Upload | Copy;

/** Bytes between two dispatches' scalars in the ring; WebGPU's alignment of dynamic offsets. */
const SLOT = 256;
/** Recorded dispatches after which the queue starts to submit by itself. */
const BATCH = 256;
const MOST_BIND_GROUPS = 8192;

/** Numbers that tell how much the queue did. */
export interface QueueCounts {
  readonly dispatches: number;
  readonly submits: number;
  readonly kernels: number;
  /** Milliseconds spent waiting for kernels to compile. */
  readonly compileMs: number;
}

/**
 * Records work and submits it in order, many dispatches to a submit. A kernel starts to compile when it is first recorded,
 * in parallel with the others; nothing waits for it before the batch that needs it is submitted.
 */
export class KernelQueue {
  readonly #device: GPUDevice;
  readonly #kernels: KernelCache;
  readonly #groups = new Map<string, GPUBindGroup>();
  #uniforms: { buffer: GPUBuffer; group: GPUBindGroup; slots: number } | undefined;
  #scalars = new ArrayBuffer(0);
  #entries: Entry[] = [];
  #tail: Promise<void> | undefined;
  #failure: GpuError | undefined;
  #dispatches = 0;
  #submits = 0;
  #compileMs = 0;
  #last: readonly Entry[] = [];
  profiler: Profiler | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#kernels = new KernelCache(device, (error) => this.fail(error));
  }

  get counts(): QueueCounts {
    return {
      dispatches: this.#dispatches,
      submits: this.#submits,
      kernels: this.#kernels.size,
      compileMs: this.#compileMs,
    };
  }

  /** What ended the use of this queue, if anything did. */
  get failure(): GpuError | undefined {
    return this.#failure;
  }

  /** Names of the kernels of the newest batch, for errors that arrive without one. */
  get lastSubmitted(): string {
    return namesOf(this.#last);
  }

  /** Makes every later call throw: the device is lost, or refused something. The first failure stays. */
  fail(error: GpuError): void {
    this.#failure ??= error;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Records one dispatch. `buffers` are in the order of the shader's bindings. */
  dispatch(shader: Shader, buffers: readonly DeviceBuffer[]): void {
    this.#check();
    const most = this.#device.limits.maxComputeWorkgroupsPerDimension;
    if (shader.grid.some((n) => n > most)) {
      throw new GpuError(
        `${shader.name}: a grid of ${shader.grid.join(' × ')} workgroups is beyond ${most} a dimension.`,
      );
    }
    if ((shader.params?.length ?? 0) * 4 > SLOT) {
      throw new GpuError(`${shader.name}: ${shader.params?.length} scalars are more than ${SLOT / 4}.`);
    }
    this.#entries.push({ kind: 'dispatch', kernel: this.#kernels.get(shader), shader, buffers });
    this.#dispatches++;
    if (this.#entries.length >= BATCH) this.#start();
  }

  /** Records the writing of bytes into a buffer; the data is copied at once. */
  upload(target: DeviceBuffer, data: ArrayBufferView, offset = 0): void {
    this.#check();
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#entries.push({ kind: 'upload', target, offset, data: bytes });
  }

  /** Records a copy from one buffer to another; offsets and length in bytes, multiples of four. */
  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, targetOffset: number, bytes: number): void {
    this.#check();
    this.#entries.push({ kind: 'copy', source, sourceOffset, target, targetOffset, bytes });
  }

  /** Reads bytes back: submits what was recorded, waits for it, and gives a copy. */
  async read(source: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.#device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    try {
      this.copy(source.gpu, offset, staging, 0, Math.min(size, source.size - offset));
      await this.flush();
      await staging.mapAsync(GPUMapMode.READ).catch((cause: unknown) => {
        this.#check();
        throw new GpuError(`Reading from the GPU failed: ${cause}`);
      });
      this.#check();
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
    }
  }

  /** Submits everything recorded so far; resolves when it is submitted (not when it has run). */
  async flush(): Promise<void> {
    this.#start();
    await this.#tail;
    this.#check();
  }

  /** Submits everything recorded so far and waits until the GPU has done it. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#device.queue.onSubmittedWorkDone();
    this.#check();
  }

  /** Submits at once when no kernel is still compiling and nothing waits; otherwise queues up behind what does. */
  #start(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    const compiling = entries.some((entry) => entry.kind === 'dispatch' && !entry.kernel.pipeline);
    if (!this.#tail && !compiling) {
      this.#submit(entries);
      return;
    }
    const before = this.#tail;
    const mine = (async () => {
      await before;
      const start = performance.now();
      await Promise.all(entries.map((entry) => (entry.kind === 'dispatch' ? entry.kernel.ready : undefined)));
      this.#compileMs += performance.now() - start;
      if (!this.#failure) this.#submit(entries);
    })().catch((cause: unknown) => this.fail(asGpuError(cause)));
    this.#tail = mine.finally(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    const tail = this.#tail;
  }

  #submit(entries: readonly Entry[]): void {
    const device = this.#device;
    this.#last = entries;
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    const uniforms = this.#writeScalars(entries);
    let encoder: GPUCommandEncoder | undefined;
    let pass: GPUComputePassEncoder | undefined;
    const endPass = () => {
      pass?.end();
      pass = undefined;
    };
    const submit = () => {
      endPass();
      if (!encoder) return;
      this.profiler?.resolve(encoder);
      device.queue.submit([encoder.finish()]);
      this.#submits++;
      encoder = undefined;
    };
    let slot = 0;
    for (const entry of entries) {
      if (entry.kind === 'upload') {
        submit();
        device.queue.writeBuffer(entry.target.gpu, entry.offset, entry.data as Uint8Array<ArrayBuffer>);
        continue;
      }
      encoder ??= device.createCommandEncoder();
      if (entry.kind === 'copy') {
        endPass();
        encoder.copyBufferToBuffer(entry.source, entry.sourceOffset, entry.target, entry.targetOffset, entry.bytes);
        continue;
      }
      if (this.profiler) {
        endPass();
        if (this.profiler.full) {
          submit();
          encoder = device.createCommandEncoder();
        }
        pass = encoder.beginComputePass(this.profiler.pass(entry.shader));
      } else {
        pass ??= encoder.beginComputePass();
      }
      pass.setPipeline(entry.kernel.pipeline!);
      pass.setBindGroup(0, this.#bindGroup(entry));
      if (entry.shader.params?.length) pass.setBindGroup(1, uniforms!, [slot++ * SLOT]);
      pass.dispatchWorkgroups(...entry.shader.grid);
    }
    submit();
    for (const kind of ['memory', 'validation']) {
      void device.popErrorScope().then(
        (error) =>
          error &&
          this.fail(
            new GpuError(`The GPU refused (${kind}) a batch of kernels (${namesOf(entries)}): ${error.message}`),
          ),
        () => {},
      );
    }
  }

  /** Packs the scalars of all dispatches into the ring, a slot each. */
  #writeScalars(entries: readonly Entry[]): GPUBindGroup | undefined {
    const slots = entries.reduce((n, e) => n + (e.kind === 'dispatch' && e.shader.params?.length ? 1 : 0), 0);
    if (slots === 0) return undefined;
    if (!this.#uniforms || this.#uniforms.slots < slots) {
      const capacity = Math.max(BATCH, 2 ** Math.ceil(Math.log2(slots)));
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      const buffer = this.#device.createBuffer({ label: 'scalars', size: capacity * SLOT, usage });
      const group = this.#device.createBindGroup({
        layout: this.#kernels.scalars,
        entries: [{ binding: 0, resource: { buffer, size: SLOT } }],
      });
      this.#uniforms = { buffer, group, slots: capacity };
      this.#scalars = new ArrayBuffer(capacity * SLOT);
    }
    const view = new DataView(this.#scalars);
    let slot = 0;
    for (const entry of entries) {
      if (entry.kind !== 'dispatch' || !entry.shader.params?.length) continue;
      writeParams(view, slot++ * SLOT, entry.shader.params);
    }
    this.#device.queue.writeBuffer(this.#uniforms.buffer, 0, this.#scalars, 0, slots * SLOT);
    return this.#uniforms.group;
  }

  #bindGroup({ kernel, buffers }: Dispatch): GPUBindGroup {
    let key = kernel.layout.id;
    for (const buffer of buffers) key += `,${buffer.id}`;
    const found = this.#groups.get(key);
    if (found) return found;
    if (this.#groups.size >= MOST_BIND_GROUPS) this.#groups.clear();
    const group = this.#device.createBindGroup({
      label: kernel.name,
      layout: kernel.layout.bindings,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer: buffer.gpu } })),
    });
    this.#groups.set(key, group);
    return group;
  }

  /** Forgets the bind groups; needed after buffers were destroyed. */
  forgetBuffers(): void {
    this.#groups.clear();
  }

  /** Resolves when no kernel is compiling any more. */
  compiling(): Promise<void> {
    return this.#kernels.compiling();
  }

  /** Starts compiling kernels that will be needed; resolves when they are ready. */
  async compile(shaders: readonly Shader[]): Promise<void> {
    await Promise.all(shaders.map((shader) => this.#kernels.get(shader).ready));
    this.#check();
  }
}

const namesOf = (entries: readonly Entry[]): string =>
  [...new Set(entries.flatMap((e) => (e.kind === 'dispatch' ? [e.kernel.name] : [])))].join(', ');

function writeParams(view: DataView, at: number, params: readonly Param[]): void {
  for (let i = 0; i < params.length; i++) {
    const value = params[i]!;
    if (typeof value !== 'number') view.setFloat32(at + 4 * i, value.f32, true);
    else if (value < 0) view.setInt32(at + 4 * i, value, true);
    else view.setUint32(at + 4 * i, value, true);
  }
}

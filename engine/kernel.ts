import { waitFor } from '#gpu-host';
import type { Shader } from '../shaders/shader.js';
import { Encoder, type Replay } from './encoder.js';
import { type Entry, namesOf, type Refresh, SLOT } from './entry.js';
import { GpuError } from './errors.js';
import { asGpuError, type Kernel, KernelCache } from './kernel-cache.js';
import type { DeviceBuffer } from './memory.js';
import type { Profiler } from './profiler.js';
import type { Transcript } from './recording.js';

/** Dispatches after which the queue starts to submit by itself. */
const BATCH = 256;

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
  readonly #encoder: Encoder;
  readonly #warm: ((shaders: readonly Shader[]) => Promise<void>) | undefined;
  readonly #warmed = new Set<Kernel>();
  #entries: (Entry | Replay)[] = [];
  #transcript: Transcript | undefined;
  #tail: Promise<void> | undefined;
  #failure: GpuError | undefined;
  #dispatches = 0;
  #compileMs = 0;
  #last: readonly (Entry | Replay)[] = [];

  /** @param warm gets kernels that are needed for the first time, and may compile them elsewhere before they are */
  constructor(device: GPUDevice, warm?: (shaders: readonly Shader[]) => Promise<void>) {
    this.#device = device;
    this.#warm = warm;
    this.#kernels = new KernelCache(device, (error) => this.fail(error));
    this.#encoder = new Encoder(device);
  }

  /** Times every dispatch while it is set. */
  set profiler(profiler: Profiler | undefined) {
    this.#encoder.profiler = profiler;
  }

  get counts(): QueueCounts {
    return {
      dispatches: this.#dispatches,
      submits: this.#encoder.submits,
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
    return namesOf(this.#last.flatMap(plain));
  }

  /** Makes every later call throw: the device is lost, or refused something. The first failure stays. */
  fail(error: GpuError): void {
    this.#failure ??= error;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * Records one dispatch. `buffers` are in the order of the shader's bindings; `refresh` gives its scalars anew when a recorded
   * step is replayed.
   */
  dispatch(shader: Shader, buffers: readonly DeviceBuffer[], refresh?: Refresh): void {
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
    this.#push({ kind: 'dispatch', kernel: this.#kernels.get(shader), shader, buffers, refresh });
    this.#dispatches++;
    if (this.#entries.length >= BATCH) this.#start();
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#transcript?.entries.push(entry);
  }

  /** Records the writing of bytes into a buffer; the data is copied at once. */
  upload(target: DeviceBuffer, data: ArrayBufferView, offset = 0): void {
    this.#check();
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#push({ kind: 'upload', target, offset, data: bytes });
  }

  /** Records a copy from one buffer to another; offsets and length in bytes, multiples of four. */
  copy(source: DeviceBuffer, sourceOffset: number, target: DeviceBuffer, targetOffset: number, bytes: number): void {
    this.#check();
    this.#push({ kind: 'copy', source, sourceOffset, target, targetOffset, bytes });
  }

  /** Does something on the host now, and again whenever the step that is being recorded is replayed. */
  alongside(work: () => void): void {
    work();
    this.#transcript?.alongside.push(work);
  }

  /** Runs `work` and returns what it did beside what it gave. The work is done as ever; it must not wait for the GPU. */
  transcribe<T>(work: () => T): { readonly result: T; readonly transcript: Transcript } {
    if (this.#transcript) throw new GpuError('A static step can not be called inside of another.');
    const transcript: Transcript = { entries: [], alongside: [] };
    this.#transcript = transcript;
    try {
      return { result: work(), transcript };
    } finally {
      this.#transcript = undefined;
    }
  }

  /** Records a whole step to be done again. */
  replay(replay: Replay): void {
    this.#check();
    if (this.#transcript) throw new GpuError('A static step can not be called inside of another.');
    this.#entries.push(replay);
    this.#dispatches += replay.recording.dispatches;
  }

  /** Reads bytes back: submits what was recorded, waits for it, and gives a copy. */
  async read(source: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#transcript) {
      throw new GpuError('A static step can not read from the GPU: return the tensor from it and read it outside.');
    }
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.#device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    try {
      const target: DeviceBuffer = { id: -1, gpu: staging, size, uses: 0, arena: undefined };
      this.copy(source, offset, target, 0, Math.min(size, source.size - offset));
      await this.flush();
      await waitFor(staging.mapAsync(GPUMapMode.READ)).catch((cause: unknown) => {
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
    await waitFor(this.#device.queue.onSubmittedWorkDone());
    this.#check();
  }

  /** Submits at once when no kernel is still compiling and nothing waits; otherwise queues up behind what does. */
  #start(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    const compiling = !entries.every(isCompiled);
    if (!this.#tail && !compiling) {
      this.#submit(entries);
      return;
    }
    const before = this.#tail;
    const mine = (async () => {
      await before;
      const start = performance.now();
      await this.#warmUp(entries);
      await Promise.all(entries.flatMap(plain).map((e) => (e.kind === 'dispatch' ? e.kernel.ready : undefined)));
      this.#compileMs += performance.now() - start;
      if (!this.#failure) this.#submit(entries);
    })().catch((cause: unknown) => this.fail(asGpuError(cause)));
    this.#tail = mine.finally(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    const tail = this.#tail;
  }

  /** Gives what no batch needed before to be compiled elsewhere, if there is an elsewhere. */
  async #warmUp(entries: readonly (Entry | Replay)[]): Promise<void> {
    if (!this.#warm) return;
    const fresh: Shader[] = [];
    for (const entry of entries) {
      if (entry.kind !== 'dispatch' || this.#warmed.has(entry.kernel)) continue;
      this.#warmed.add(entry.kernel);
      fresh.push(entry.shader);
    }
    await this.#warm(fresh);
  }

  #submit(entries: readonly (Entry | Replay)[]): void {
    const device = this.#device;
    this.#last = entries;
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    this.#encoder.submit(entries);
    for (const kind of ['memory', 'validation']) {
      void device.popErrorScope().then(
        (error) => {
          if (!error) return;
          const names = namesOf(entries.flatMap(plain));
          this.fail(new GpuError(`The GPU refused (${kind}) a batch of kernels (${names}): ${error.message}`));
        },
        () => {},
      );
    }
  }

  /** Forgets the bind groups; needed after buffers were destroyed. */
  forgetBuffers(): void {
    this.#encoder.forgetBuffers();
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

const isCompiled = (entry: Entry | Replay): boolean =>
  entry.kind === 'dispatch' ? entry.kernel.pipeline !== undefined : entry.kind !== 'replay' || entry.recording.compiled;

/** The work that an entry stands for. */
const plain = (entry: Entry | Replay): readonly Entry[] =>
  entry.kind === 'replay' ? entry.recording.entries : [entry];
